using System;
using System.Collections.Generic;
using Facecue.Wire;

namespace Facecue.Voice
{
    /// <summary>An input or an output of a graph.</summary>
    public sealed class Port
    {
        public readonly string Name;
        public readonly int[] Shape;

        /// <summary>Values in it.</summary>
        public readonly int Count;

        /// <summary>What each value of a state is before anything was heard.</summary>
        public readonly float First;

        public Port(string name, int[] shape, float first = 0)
        {
            Name = name;
            Shape = shape;
            First = first;
            Count = 1;
            foreach (var size in shape) Count = checked(Count * size);
        }
    }

    /// <summary>One graph: what goes in and what comes out, states behind the rest and in the same order.</summary>
    public sealed class GraphContract
    {
        /// <summary>Name of its file.</summary>
        public string File { get; internal set; }

        /// <summary>Inputs that are no states, then states.</summary>
        public Port[] Inputs { get; internal set; }

        /// <summary>Outputs that are no states, then states, each where its input is among theirs.</summary>
        public Port[] Outputs { get; internal set; }

        /// <summary>How many of both are states.</summary>
        public int States { get; internal set; }

        /// <summary>Place of an input; ArgumentException where there is none.</summary>
        public int Input(string name) => Find(Inputs, name);

        /// <summary>Place of an output.</summary>
        public int Output(string name) => Find(Outputs, name);

        static int Find(Port[] ports, string name)
        {
            for (var i = 0; i < ports.Length; i++)
                if (ports[i].Name == name) return i;
            throw new ArgumentException("the network has no " + name + "; export it again with this version");
        }
    }

    /// <summary>What `python -m export --profile unity` says of a network in its JSON: all that must be known to run it.</summary>
    public sealed class VoiceContract
    {
        public const int Format = 1;
        const int MaxValues = 4000000;

        public string Name { get; private set; }

        /// <summary>Terms of the weights. Show them to those who ship a game with them.</summary>
        public string Licence { get; private set; }

        /// <summary>Hops of 10 ms that must be heard past a frame's time before it comes out.</summary>
        public int LookaheadHops { get; private set; }

        /// <summary>Frames that the emotion branch hears at once.</summary>
        public int FeelingEvery { get; private set; }

        public GraphContract Main { get; private set; }
        public GraphContract Feeling { get; private set; }

        /// <summary>What the emotion branch says before it has heard anything.</summary>
        public float[] Answers { get; private set; }

        /// <summary>The resting face: x y z of 68 points, cm.</summary>
        public float[] Neutral { get; private set; }

        /// <summary>Manners: readers are still, speakers lively, actors between.</summary>
        public string[] Styles { get; private set; }

        /// <summary>Reads the JSON; FormatException with one line where it is none of ours or of another version.</summary>
        public static VoiceContract Read(string json)
        {
            var map = Json.Read(json) as Dictionary<string, object>;
            if (map == null) throw new FormatException("the network's JSON is no map; export it again");
            try
            {
                if ((int)Number(map, "format") != Format)
                    throw new FormatException("the network is of format " + map["format"] + ", this package reads " + Format +
                                              "; export it with the facecue that this package came with");
                CheckFeatures((Dictionary<string, object>)map["features"]);
                Same(map, "emotions", FaceNames.Emotions);
                Same(map, "arkit", FaceNames.Arkit);
                var contract = new VoiceContract
                {
                    Name = (string)map["name"],
                    Licence = (string)map["licence"],
                    LookaheadHops = (int)Number(map, "lookahead_hops"),
                    Main = Graph((Dictionary<string, object>)map["main"]),
                    Feeling = Graph((Dictionary<string, object>)map["feeling"]),
                    FeelingEvery = (int)Number((Dictionary<string, object>)map["feeling"], "every"),
                    Answers = Floats(map["answers"]),
                    Neutral = Floats(map["neutral"]),
                    Styles = Texts(map["styles"])
                };
                if (contract.LookaheadHops < 0 || contract.FeelingEvery < 1 || contract.Neutral.Length != FaceFrame.LandmarkNumbers)
                    throw new FormatException("the network's look-ahead, block or resting face cannot be; export it again");
                return contract;
            }
            catch (Exception error) when (error is KeyNotFoundException || error is InvalidCastException || error is OverflowException)
            {
                throw new FormatException("the network's JSON lacks something (" + error.Message + "); export it again");
            }
        }

        static void CheckFeatures(Dictionary<string, object> map)
        {
            var same = Number(map, "bins") == LogMel.Bins && Number(map, "hop") == LogMel.Hop &&
                       Number(map, "window") == LogMel.Window && Number(map, "fft") == LogMel.FftSize &&
                       Number(map, "low_hz") == LogMel.LowHz && Number(map, "high_hz") == LogMel.HighHz &&
                       Number(map, "floor") == LogMel.Floor && Number(map, "mean") == LogMel.Mean &&
                       Number(map, "scale") == LogMel.Scale;
            if (!same) throw new FormatException("the network hears other features than this package makes; update the package");
        }

        static void Same(Dictionary<string, object> map, string key, string[] ours)
        {
            var theirs = Texts(map[key]);
            var same = theirs.Length == ours.Length;
            for (var i = 0; same && i < ours.Length; i++) same = theirs[i] == ours[i];
            if (!same) throw new FormatException("the network has other " + key + " than this package; update the package");
        }

        static GraphContract Graph(Dictionary<string, object> map)
        {
            List<Port> inputs = Ports(map["inputs"]), outputs = Ports(map["outputs"]);
            var states = (List<object>)map["states"];
            var values = 0L;
            foreach (Dictionary<string, object> state in states)
            {
                var shape = Shape(state["shape"]);
                inputs.Add(new Port((string)state["in"], shape, (float)Number(state, "first")));
                outputs.Add(new Port((string)state["out"], shape));
                values += inputs[inputs.Count - 1].Count;
            }
            if (values > MaxValues) throw new FormatException("the network keeps " + values + " values; at most " + MaxValues);
            return new GraphContract
            {
                File = (string)map["file"],
                Inputs = inputs.ToArray(),
                Outputs = outputs.ToArray(),
                States = states.Count
            };
        }

        static List<Port> Ports(object list)
        {
            var ports = new List<Port>();
            foreach (Dictionary<string, object> port in (List<object>)list)
                ports.Add(new Port((string)port["name"], Shape(port["shape"])));
            return ports;
        }

        static int[] Shape(object list)
        {
            var values = Floats(list);
            var shape = new int[values.Length];
            for (var i = 0; i < shape.Length; i++)
            {
                shape[i] = (int)values[i];
                if (shape[i] < 1) throw new FormatException("the network has an axis of " + values[i] + "; export it again");
            }
            return shape;
        }

        static double Number(Dictionary<string, object> map, string key) => (double)map[key];

        static float[] Floats(object list) => ((List<object>)list).ConvertAll(value => (float)(double)value).ToArray();

        static string[] Texts(object list) => ((List<object>)list).ConvertAll(value => (string)value).ToArray();
    }
}
