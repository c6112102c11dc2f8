using System;
using Facecue.Wire;

namespace Facecue.Voice
{
    /// <summary>
    /// What comes between the network and the face: smoothing, the gate on the mouth, blinks, and limits of eyes and head,
    /// as bridge/direction.py has them with its gains at 1. Its gains, targets of gaze, sensitivity and an actor's own
    /// neutral are left out: FaceRig and HeadAndEyes have gains and targets of their own.
    /// </summary>
    public sealed class FaceShaper
    {
        const double ReleaseS = 0.16, MaxHeadRad = 0.8, HeadSmoothing = 3, PeriodMs = 20;
        const float MaxGazeRad = 0.6f;

        /// <summary>Time constant of the filter; 8 delays the face by 2 ms.</summary>
        public float SmoothingMs { get; set; } = 8;

        /// <summary>Keep the mouth at rest while there is no speech.</summary>
        public bool Gate { get; set; } = true;

        /// <summary>How often the eyes blink, against what is usual; 0 never.</summary>
        public float BlinkRate { get; set; } = 1;

        public FaceShaper(float[] neutral)
        {
            _neutral = neutral;
            _blinks = new Blinks(neutral);
            for (var point = 0; point < _speech.Length; point++) _speech[point] = SpeechShare(point);
            Reset(0);
        }

        /// <summary>Starts a stream.</summary>
        public void Reset(uint seed)
        {
            _blinks.Reset(seed);
            _openness = 0;
            _begun = false;
            Array.Clear(_shift, 0, 3);
            Array.Clear(_rotation, 0, 3);
            _rotation[3] = 1;
        }

        /// <summary>The face of a frame: all but its weights. `openness` and `speaking` are the gate's.</summary>
        public void Apply(CueStream cues, double openness, bool speaking, string style, float intensity, FaceFrame into)
        {
            into.Number = cues.Number;
            into.TimeS = cues.TimeS;
            into.HasLandmarks = true;
            Array.Copy(cues.Emotion, into.Emotion, FaceFrame.EmotionCount);
            var face = (float)(SmoothingMs > 0 ? 1 - Math.Exp(-PeriodMs / SmoothingMs) : 1);
            var head = (float)(SmoothingMs > 0 ? 1 - Math.Exp(-PeriodMs / (HeadSmoothing * SmoothingMs)) : 1);
            Move(cues.Landmarks, _begun ? face : 1, (float)Opened(Gate ? openness : 1), into.Landmarks);
            _blinks.RatePerMinute = BlinkRate * Blinks.UsualRate(style, cues.Emotion, Math.Min(1, intensity));
            _blinks.Step(cues.TimeS, speaking);
            _blinks.Close(into.Landmarks);
            Turn(cues, _begun ? face : 1, _begun ? head : 1, into);
            _begun = true;
        }

        readonly float[] _neutral, _speech = new float[FaceFrame.LandmarkNumbers / 3];
        readonly float[] _moved = new float[FaceFrame.LandmarkNumbers];
        readonly float[] _gaze = new float[4], _shift = new float[3], _rotation = new float[4];
        readonly Blinks _blinks;
        double _openness;
        bool _begun;

        // how far a point belongs to speech: lips and chin all, fading up the jaw line and nose
        static float SpeechShare(int point)
        {
            if (point >= 48) return 1;
            if (point < 17) return Math.Min(Math.Max((7 - Math.Abs(point - 8)) / 4f, 0), 1);
            return point >= 31 && point < 36 ? 0.25f : 0;
        }

        // followed at once as it opens, and over ReleaseS as it closes, with a soft start and end
        double Opened(double gate)
        {
            _openness = Math.Max(gate, _openness - 1 / (CueStream.FramesPerSecond * ReleaseS));
            var x = Math.Min(_openness, 1);
            return x * x * (3 - 2 * x);
        }

        void Move(float[] landmarks, float share, float openness, float[] into)
        {
            for (var i = 0; i < into.Length; i++)
            {
                var target = landmarks[i] - _neutral[i];
                _moved[i] = share >= 1 ? target : _moved[i] + (target - _moved[i]) * share;
                var speech = _speech[i / 3];
                into[i] = _neutral[i] + _moved[i] * (speech * openness + (1 - speech));
            }
        }

        void Turn(CueStream cues, float face, float head, FaceFrame into)
        {
            for (var i = 0; i < 4; i++)
            {
                _gaze[i] += face * (cues.Gaze[i] - _gaze[i]);
                if (face >= 1) _gaze[i] = cues.Gaze[i];
                into.Gaze[i] = Math.Min(Math.Max(_gaze[i], -MaxGazeRad), MaxGazeRad);
            }
            for (var i = 0; i < 3; i++)
            {
                _shift[i] = head >= 1 ? cues.HeadTranslation[i] : _shift[i] + head * (cues.HeadTranslation[i] - _shift[i]);
                into.HeadTranslation[i] = _shift[i];
            }
            float along = 0;
            for (var i = 0; i < 4; i++) along += cues.HeadRotation[i] * _rotation[i];
            var sign = along < 0 && head < 1 ? -1f : 1f; // q and −q are one rotation: take the nearer
            for (var i = 0; i < 4; i++)
            {
                var target = sign * cues.HeadRotation[i];
                _rotation[i] = head >= 1 ? target : _rotation[i] + head * (target - _rotation[i]);
            }
            Limit(_rotation, into.HeadRotation);
        }

        // the unit quaternion of a rotation that need not have unit length, cut at MaxHeadRad
        static void Limit(float[] rotation, float[] into)
        {
            var sign = rotation[3] < 0 ? -1 : 1;
            double x = sign * rotation[0], y = sign * rotation[1], z = sign * rotation[2], w = sign * rotation[3];
            var sine = Math.Sqrt(x * x + y * y + z * z);
            var half = sine < 1e-9 ? 0 : Math.Min(Math.Atan2(sine, w), MaxHeadRad / 2);
            var k = sine < 1e-9 ? 0 : Math.Sin(half) / sine;
            into[0] = (float)(x * k);
            into[1] = (float)(y * k);
            into[2] = (float)(z * k);
            into[3] = (float)Math.Cos(half);
        }
    }
}
