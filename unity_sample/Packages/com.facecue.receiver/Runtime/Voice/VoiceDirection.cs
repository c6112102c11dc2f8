using System;
using Facecue.Wire;

namespace Facecue.Voice
{
    /// <summary>What is asked of a face: which emotion, how strongly, in whose manner. A change of emotion takes 0.4 s.</summary>
    public sealed class VoiceDirection
    {
        const double EaseS = 0.4;

        /// <summary>Place of the emotion in FaceNames.Emotions; -1: the voice decides.</summary>
        public int Emotion { get; set; } = -1;

        /// <summary>How much of the emotion asked for is blended in, 0..1.</summary>
        public float Mix { get; set; } = 1;

        /// <summary>0 none, 1 as people do, 2 twice that.</summary>
        public float Intensity { get; set; } = 1;

        /// <summary>Place of the manner in VoiceContract.Styles.</summary>
        public int Style { get; set; }

        /// <summary>Chance in eyes and head: 0 none, 1 as people have.</summary>
        public float Temperature { get; set; } = 1;

        /// <summary>Which blinks, glances and head movements out of all the likely ones. Heard from the next Reset on.</summary>
        public uint Seed { get; set; }

        /// <summary>What to ask of the network now; Step sets them.</summary>
        public readonly float[] NowShares = new float[FaceFrame.EmotionCount];
        public float NowMix { get; private set; }
        public float NowIntensity { get; private set; } = 1;

        /// <summary>Starts a stream with what is asked for fully eased in.</summary>
        public void Reset()
        {
            Array.Clear(NowShares, 0, NowShares.Length);
            NowShares[FaceNames.Neutral] = 1;
            _sinceS = _thenS = double.NegativeInfinity;
            _soft = true;
            Take();
            Settle();
        }

        /// <summary>The steering of the sound at `timeS`; call it for every frame of 20 ms, in order.</summary>
        public void Step(double timeS)
        {
            if (Emotion != _emotion || Clamped(Mix, 1) != _mix || Clamped(Intensity, 2) != _intensity)
            {
                var leaves = NowMix > 0;
                Array.Copy(NowShares, _from, _from.Length);
                _fromMix = NowMix;
                _fromIntensity = NowIntensity;
                Take();
                // coming from the voice's own there is nothing to leave: only the share grows
                if (!leaves) Array.Copy(_to, _from, _to.Length);
                _soft = timeS - _sinceS >= EaseS;
                _sinceS = _soft ? timeS : _thenS;
            }
            _thenS = timeS;
            var x = Math.Min(Math.Max((timeS - _sinceS) / EaseS, 0), 1);
            if (x >= 1)
            {
                Settle();
                return;
            }
            if (_soft) x = x * x * (3 - 2 * x);
            for (var i = 0; i < _to.Length; i++) NowShares[i] = _from[i] + (_to[i] - _from[i]) * (float)x;
            NowMix = (float)(_fromMix + (_toMix - _fromMix) * x);
            NowIntensity = (float)(_fromIntensity + (_intensity - _fromIntensity) * x);
        }

        readonly float[] _from = new float[FaceFrame.EmotionCount], _to = new float[FaceFrame.EmotionCount];
        int _emotion = -1;
        float _mix, _intensity, _toMix, _fromMix, _fromIntensity;
        double _sinceS = double.NegativeInfinity, _thenS = double.NegativeInfinity;
        bool _soft = true;

        // what is asked for now is where the easing goes; the voice keeps the emotion while its share fades to nothing
        void Take()
        {
            _emotion = Emotion;
            _mix = Clamped(Mix, 1);
            _intensity = Clamped(Intensity, 2);
            _toMix = _emotion < 0 ? 0 : _mix;
            for (var i = 0; i < _to.Length; i++) _to[i] = _emotion < 0 ? NowShares[i] : i == _emotion ? 1 : 0;
        }

        void Settle()
        {
            Array.Copy(_to, NowShares, _to.Length);
            NowMix = _toMix;
            NowIntensity = _intensity;
        }

        static float Clamped(float x, float most) => x > 0 ? Math.Min(x, most) : 0; // a NaN asks for nothing
    }
}
