using System;
using System.Diagnostics;
using System.IO;
using System.Text;
using Facecue.Voice;
using Facecue.Wire;

/// <summary>
/// Runs Facecue.Voice on a sound, with networks that another process runs at the other end of stdin and stdout:
/// a byte says which graph, then all inputs go out and all outputs come back as float32.
/// Arguments: folder of the networks, their name, sound (float32), its rate, samples a block, emotion (-1: auto), file for
/// the frames (per frame: 52 weights, 4 gaze, 4 head rotation, 3 head translation, 8 emotion, 204 landmarks).
/// </summary>
static class Pipe
{
    sealed class Remote : INetwork
    {
        readonly Stream _out, _in;
        readonly byte _which;
        byte[] _bytes = new byte[0];

        public Remote(byte which, Stream to, Stream from)
        {
            _which = which;
            _out = to;
            _in = from;
        }

        public void Run(float[][] given, float[][] made)
        {
            _out.WriteByte(_which);
            foreach (var values in given)
            {
                Fit(values.Length * 4);
                Buffer.BlockCopy(values, 0, _bytes, 0, values.Length * 4);
                _out.Write(_bytes, 0, values.Length * 4);
            }
            _out.Flush();
            foreach (var values in made)
            {
                Fit(values.Length * 4);
                for (var at = 0; at < values.Length * 4;)
                {
                    var n = _in.Read(_bytes, at, values.Length * 4 - at);
                    if (n <= 0) throw new EndOfStreamException("the other end has gone");
                    at += n;
                }
                Buffer.BlockCopy(_bytes, 0, values, 0, values.Length * 4);
            }
        }

        public void Dispose() { }

        void Fit(int size)
        {
            if (_bytes.Length < size) _bytes = new byte[size];
        }
    }

    static int Main(string[] args)
    {
        var contract = VoiceContract.Read(File.ReadAllText(Path.Combine(args[0], args[1] + ".json"), Encoding.UTF8));
        var bytes = File.ReadAllBytes(args[2]);
        var sound = new float[bytes.Length / 4];
        Buffer.BlockCopy(bytes, 0, sound, 0, bytes.Length);
        int rate = int.Parse(args[3]), block = int.Parse(args[4]);
        Stream to = new BufferedStream(Console.OpenStandardOutput(), 1 << 20), from = Console.OpenStandardInput();
        var map = File.ReadAllBytes(Path.Combine(args[0], "retarget.bytes"));
        using (var face = new VoiceFace(contract, map, new Remote(0, to, from), new Remote(1, to, from), rate))
        using (var frames = new BinaryWriter(File.Create(args[6])))
        {
            face.Direction.Emotion = int.Parse(args[5]);
            face.Direction.Seed = 3;
            face.Shaper.BlinkRate = 0;
            face.Reset();
            var frame = new FaceFrame();
            var memory = 0L;
            for (var at = 0; at < sound.Length; at += block)
            {
                if (at >= sound.Length / 2 && memory == 0) memory = GC.GetTotalMemory(true);
                face.Feed(sound, at, Math.Min(block, sound.Length - at));
                while (face.TryTake(frame))
                    foreach (var values in new[] { frame.Arkit, frame.Gaze, frame.HeadRotation, frame.HeadTranslation, frame.Emotion, frame.Landmarks })
                        foreach (var value in values) frames.Write(value);
            }
            to.WriteByte(255);
            to.Flush();
        }
        return 0;
    }
}
