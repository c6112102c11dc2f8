using System;
using System.IO;
using Facecue.Wire;

namespace Facecue.Voice
{
    /// <summary>
    /// Landmarks and gaze → the 52 ARKit weights, as bridge/retarget.py: a small learned map, and closed formulas for lips,
    /// lids and eyes. The map is retarget.bytes of `python -m export --profile unity`. Keeps nothing between frames.
    /// </summary>
    public sealed class Retarget
    {
        const int Format = 1, MaxValues = 1000000;
        const double YawFull = 35 * Math.PI / 180, UpFull = 25 * Math.PI / 180, DownFull = 30 * Math.PI / 180;
        const double LidClosed = 0.2, WideFrom = 1.06, WideTo = 1.5, SquintFrom = 0.015, SquintTo = 0.22, SquintLeft = 0.3;
        const double Touch = 1e-4; // cm: where lips meet, rounding must not say whether they do

        // right eye, left eye: two points of the upper lid, those of the lower lid that face them, the corners
        static readonly int[][] Eyes = { new[] { 37, 38, 41, 40, 36, 39 }, new[] { 43, 44, 47, 46, 42, 45 } };
        static readonly int[] GapUpper = { 61, 62, 63 }, GapLower = { 67, 66, 65 };
        static readonly int Jaw = FaceNames.IndexOfArkit("jawOpen"), Close = FaceNames.IndexOfArkit("mouthClose");
        static readonly int[][] Lids =
        {
            Places("Right", "eyeBlink", "eyeWide", "eyeSquint", "cheekSquint", "mouthSmile"),
            Places("Left", "eyeBlink", "eyeWide", "eyeSquint", "cheekSquint", "mouthSmile")
        };
        static readonly int[][] Looks =
        {
            Places("Right", "eyeLookIn", "eyeLookOut", "eyeLookDown", "eyeLookUp"),
            Places("Left", "eyeLookIn", "eyeLookOut", "eyeLookDown", "eyeLookUp")
        };

        /// <summary>Reads the map; FormatException with one line where it is none.</summary>
        public Retarget(byte[] data)
        {
            using (var reader = new BinaryReader(new MemoryStream(data, false)))
            {
                try
                {
                    if (reader.ReadUInt32() != 0x54524346) throw new FormatException("retarget.bytes is no map of facecue; export it again");
                    var format = reader.ReadInt32();
                    if (format != Format)
                        throw new FormatException("retarget.bytes is of format " + format + ", this package reads " + Format +
                                                  "; export it with the facecue that this package came with");
                    _half = Indices(reader, FaceFrame.LandmarkNumbers / 3);
                    _across = Indices(reader, FaceFrame.LandmarkNumbers / 3);
                    _left = Indices(reader, FaceFrame.ArkitCount);
                    _right = Indices(reader, FaceFrame.ArkitCount);
                    _centre = Indices(reader, FaceFrame.ArkitCount);
                    _parters = Indices(reader, FaceFrame.ArkitCount);
                    _even = Numbers(reader);
                    _odd = Numbers(reader);
                    _bias = Numbers(reader);
                    _side = Numbers(reader);
                    _middle = Numbers(reader);
                    _parting = Numbers(reader);
                    _neutral = Numbers(reader);
                }
                catch (EndOfStreamException)
                {
                    throw new FormatException("retarget.bytes ends too soon (" + data.Length + " bytes); copy or export it again");
                }
            }
            _features = 3 * _half.Length;
            var hidden = _bias.Length;
            if (_across.Length != _half.Length || _right.Length != _left.Length || _even.Length != hidden * _features ||
                _odd.Length != _even.Length || _side.Length != _left.Length * hidden ||
                _middle.Length != _centre.Length * hidden || _parting.Length != FaceFrame.ArkitCount ||
                _neutral.Length != FaceFrame.LandmarkNumbers)
                throw new FormatException("retarget.bytes is for another set of weights; export it again");
            _sum = new float[_features];
            _difference = new float[_features];
            _toLeft = new float[hidden];
            _toRight = new float[hidden];
            _parts = new bool[FaceFrame.ArkitCount];
            foreach (var shape in _parters) _parts[shape] = true;
            for (var eye = 0; eye < 2; eye++) Measure(_neutral, eye, out _gapAtRest[eye], out _lowerAtRest[eye]);
        }

        /// <summary>The resting face that displacements are counted from: 204 values, cm.</summary>
        public float[] Neutral => _neutral;

        /// <summary>Weights (52) of landmarks (204, cm) and gaze (4, rad), as FaceFrame has them.</summary>
        public void Apply(float[] landmarks, float[] gaze, float[] weights)
        {
            Array.Clear(weights, 0, FaceFrame.ArkitCount);
            Map(landmarks, weights);
            JoinLips(weights, LipOpening(landmarks));
            for (var eye = 0; eye < 2; eye++) SetLids(weights, landmarks, eye);
            // the right eye looks inward to the subject's left
            Look(weights, Looks[0], gaze[0], gaze[1]);
            Look(weights, Looks[1], -gaze[2], gaze[3]);
        }

        readonly int[] _half, _across, _left, _right, _centre, _parters;
        readonly float[] _even, _odd, _bias, _side, _middle, _parting, _neutral, _sum, _difference, _toLeft, _toRight;
        readonly bool[] _parts;
        readonly int _features;
        readonly double[] _gapAtRest = new double[2], _lowerAtRest = new double[2];

        void Map(float[] landmarks, float[] weights)
        {
            for (var p = 0; p < _half.Length; p++)
                for (var axis = 0; axis < 3; axis++)
                {
                    int a = 3 * _half[p] + axis, b = 3 * _across[p] + axis;
                    var near = landmarks[a] - _neutral[a];
                    var far = (landmarks[b] - _neutral[b]) * (axis == 0 ? -1 : 1);
                    _sum[3 * p + axis] = 0.5f * (near + far);
                    _difference[3 * p + axis] = 0.5f * (near - far);
                }
            for (var h = 0; h < _bias.Length; h++)
            {
                double even = _bias[h], odd = 0;
                for (int f = 0, at = h * _features; f < _features; f++, at++)
                {
                    even += _even[at] * (double)_sum[f];
                    odd += _odd[at] * (double)_difference[f];
                }
                var rest = Math.Max(_bias[h], 0);
                _toLeft[h] = (float)(Math.Max(even + odd, 0) - rest);
                _toRight[h] = (float)(Math.Max(even - odd, 0) - rest);
            }
            for (var i = 0; i < _left.Length; i++)
            {
                double left = 0, right = 0;
                for (int h = 0, at = i * _bias.Length; h < _bias.Length; h++, at++)
                {
                    left += _side[at] * (double)_toLeft[h];
                    right += _side[at] * (double)_toRight[h];
                }
                weights[_left[i]] = Share(left);
                weights[_right[i]] = Share(right);
            }
            for (var i = 0; i < _centre.Length; i++)
            {
                double sum = 0;
                for (int h = 0, at = i * _bias.Length; h < _bias.Length; h++, at++)
                    sum += _middle[at] * ((double)_toLeft[h] + _toRight[h]);
                weights[_centre[i]] = Share(sum);
            }
        }

        // inner-lip gap that the parting shapes make, and that all shapes but these and the jaw make; cm
        void Parts(float[] weights, out double parted, out double rest)
        {
            parted = rest = 0;
            for (var i = 0; i < _left.Length; i++)
            {
                double gap = _parting[_left[i]] * ((double)weights[_left[i]] + weights[_right[i]]);
                if (_parts[_left[i]]) parted += gap;
                else rest += gap;
            }
            foreach (var shape in _centre)
            {
                if (shape == Jaw || shape == Close) continue;
                double gap = _parting[shape] * (double)weights[shape];
                if (_parts[shape]) parted += gap;
                else rest += gap;
            }
        }

        void JoinLips(float[] weights, double gap)
        {
            double parted, rest;
            Parts(weights, out parted, out rest);
            if (parted > gap)
            {
                foreach (var shape in _parters) weights[shape] *= (float)(gap / parted);
                parted = gap;
            }
            var need = (gap - parted - Math.Max(0, rest)) / _parting[Jaw]; // of jawOpen − mouthClose
            var jaw = Math.Max(weights[Jaw], need);
            weights[Jaw] = (float)Math.Min(jaw, 1);
            weights[Close] = Share(jaw - need);
        }

        void SetLids(float[] weights, float[] landmarks, int eye)
        {
            double gap, lower;
            Measure(landmarks, eye, out gap, out lower);
            double opening = gap / _gapAtRest[eye], raised = lower - _lowerAtRest[eye];
            var blink = Share((1 - opening) / (1 - LidClosed));
            var squint = Share((raised - SquintFrom) / (SquintTo - SquintFrom)) * (1 - blink * (1 - SquintLeft));
            weights[Lids[eye][0]] = blink;
            weights[Lids[eye][1]] = Share((opening - WideFrom) / (WideTo - WideFrom));
            weights[Lids[eye][2]] = (float)squint;
            weights[Lids[eye][3]] = (float)(squint * weights[Lids[eye][4]]);
        }

        static void Look(float[] weights, int[] shapes, double inward, double pitch)
        {
            weights[shapes[0]] = Share(inward / YawFull);
            weights[shapes[1]] = Share(-inward / YawFull);
            weights[shapes[2]] = Share(-pitch / DownFull);
            weights[shapes[3]] = Share(pitch / UpFull);
        }

        static double LipOpening(float[] landmarks)
        {
            double rise = 0, gap = 0;
            for (var i = 0; i < 3; i++)
            {
                rise += landmarks[3 * GapUpper[i] + 1] - (double)landmarks[3 * GapLower[i] + 1];
                gap += Distance(landmarks, GapUpper[i], GapLower[i]);
            }
            return rise <= Touch ? 0 : gap / 3;
        }

        // an eye's lid gap, and the height of its lower lid over its corners; cm
        static void Measure(float[] landmarks, int eye, out double gap, out double lower)
        {
            var points = Eyes[eye];
            gap = (Distance(landmarks, points[0], points[2]) + Distance(landmarks, points[1], points[3])) / 2;
            lower = ((double)landmarks[3 * points[2] + 1] + landmarks[3 * points[3] + 1] -
                     landmarks[3 * points[4] + 1] - landmarks[3 * points[5] + 1]) / 2;
        }

        static double Distance(float[] landmarks, int a, int b)
        {
            double sum = 0;
            for (var axis = 0; axis < 3; axis++)
            {
                double d = (double)landmarks[3 * a + axis] - landmarks[3 * b + axis];
                sum += d * d;
            }
            return Math.Sqrt(sum);
        }

        static float Share(double x) => (float)Math.Min(Math.Max(x, 0), 1);

        static int[] Places(string side, params string[] names) =>
            Array.ConvertAll(names, name => FaceNames.IndexOfArkit(name + side));

        static int Count(BinaryReader reader)
        {
            var count = reader.ReadInt32();
            if (count < 0 || count > MaxValues) throw new FormatException("retarget.bytes is damaged; copy or export it again");
            return count;
        }

        static int[] Indices(BinaryReader reader, int below)
        {
            var values = new int[Count(reader)];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = reader.ReadInt32();
                if (values[i] < 0 || values[i] >= below) throw new FormatException("retarget.bytes is damaged; copy or export it again");
            }
            return values;
        }

        static float[] Numbers(BinaryReader reader)
        {
            var values = new float[Count(reader)];
            for (var i = 0; i < values.Length; i++) values[i] = reader.ReadSingle();
            return values;
        }
    }
}
