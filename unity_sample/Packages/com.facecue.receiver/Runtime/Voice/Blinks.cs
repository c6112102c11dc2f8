using System;
using Facecue.Wire;

namespace Facecue.Voice
{
    /// <summary>
    /// When the eyes blink and how the lids move then: the human statistics of bridge/blink.py, in audio time. One seed
    /// blinks alike on every platform, but not as it does in the bridge.
    /// </summary>
    public sealed class Blinks
    {
        const double Closing = 0.08, Closed = 0.04, Opening = 0.15, MaxLag = 0.015, MinPause = 0.5, Spread = 0.7;
        const double PauseChance = 0.4, PauseReach = 0.6, MaxRate = 60;
        const double Length = Closing + Closed + Opening + MaxLag;
        const float BrowDipCm = 0.06f;

        // blinks a minute of a reader, a speaker, an actor, by name; and how much more often under each emotion
        static readonly double[] Moods = { 0.56, 1.37, 0.97, 0.63, 0.98, 0.99, 1.75, 0.75 };

        // points of the upper lids, and those of the lower lids that face them: right eye twice, left eye twice
        static readonly int[] Upper = { 37, 38, 43, 44 }, Lower = { 41, 40, 47, 46 };

        /// <summary>Mean blinks a minute; 0 for none.</summary>
        public double RatePerMinute { get; set; }

        /// <summary>How far each eye is closed, 0..1.</summary>
        public float Right { get; private set; }
        public float Left { get; private set; }

        public Blinks(float[] neutral)
        {
            for (var i = 0; i < 4; i++) _open[i] = neutral[3 * Upper[i] + 1] - neutral[3 * Lower[i] + 1];
            Reset(0);
        }

        /// <summary>Starts a stream; one seed, one series.</summary>
        public void Reset(uint seed)
        {
            _chance.Reset(seed);
            _start = double.NaN;
            _lagRight = _lagLeft = _earliest = _owed = 0;
            _moved = _spoke = false;
            Right = Left = 0;
        }

        /// <summary>Mean blinks a minute in the manner of a style, `share` (0..1) of them as often as under an emotion.</summary>
        public static double UsualRate(string style, float[] emotion, double share)
        {
            double mood = 0;
            for (var i = 0; i < Moods.Length; i++) mood += emotion[i] * Moods[i];
            var usual = style == "reader" ? 48 : style == "speaker" ? 21 : 8;
            return usual * (1 + share * (mood - 1));
        }

        /// <summary>The eyes at audio time `timeS`; call it for every frame, in order.</summary>
        public void Step(double timeS, bool speaking)
        {
            var fell = _spoke && !speaking;
            _spoke = speaking;
            Right = Left = 0;
            if (RatePerMinute <= 0)
            {
                _start = double.NaN;
                return;
            }
            if (double.IsNaN(_start)) Schedule(timeS);
            else if (timeS >= _start + Length) Schedule(Math.Max(_start, timeS - 2 * Length));
            else if (fell && !_moved && timeS < _start && _chance.Uniform() < PauseChance) BringForward(timeS);
            Right = Closure(timeS - _start - _lagRight);
            Left = Closure(timeS - _start - _lagLeft);
        }

        /// <summary>Closes the lids of landmarks, and no further: upper lids never pass lower ones.</summary>
        public void Close(float[] landmarks)
        {
            for (var i = 0; i < 4; i++)
            {
                int up = 3 * Upper[i], low = 3 * Lower[i];
                var height = landmarks[up + 1] - landmarks[low + 1];
                var allowed = (1 - (i < 2 ? Right : Left)) * Math.Max(height, _open[i]);
                var share = height > 0 ? Math.Min(1, Math.Max(0, allowed) / height) : 0;
                if (share == 1) continue;
                for (var axis = 0; axis < 3; axis++)
                    landmarks[up + axis] = landmarks[low + axis] + (landmarks[up + axis] - landmarks[low + axis]) * share;
            }
            for (var point = 17; point < 27; point++) landmarks[3 * point + 1] -= BrowDipCm * (point < 22 ? Right : Left);
        }

        readonly Chance _chance = new Chance(0);
        readonly float[] _open = new float[4];
        double _start, _lagRight, _lagLeft, _earliest, _owed;
        bool _moved, _spoke;

        static float Closure(double age)
        {
            if (age <= 0 || age >= Closing + Closed + Opening) return 0;
            var x = age < Closing ? age / Closing : age <= Closing + Closed ? 1 : 1 - (age - Closing - Closed) / Opening;
            return (float)(x * x * (3 - 2 * x));
        }

        void Schedule(double last)
        {
            const double shortest = Length + MinPause;
            var mean = 60 / Math.Min(RatePerMinute, MaxRate) - shortest;
            var more = Math.Exp(Math.Log(mean) - Spread * Spread / 2 + Spread * _chance.Normal());
            var lag = _chance.Between(-MaxLag, MaxLag);
            _lagRight = Math.Max(0, lag);
            _lagLeft = Math.Max(0, -lag);
            _start = last + shortest + more + _owed;
            _earliest = last + shortest;
            _owed = 0;
            _moved = false;
        }

        void BringForward(double timeS)
        {
            var sooner = Math.Max(timeS + _chance.Between(0.04, 0.25), _earliest);
            if (sooner >= _start || _start - timeS > PauseReach * 60 / RatePerMinute) return;
            _owed = _start - sooner;
            _moved = true;
            _start = sooner;
        }
    }
}
