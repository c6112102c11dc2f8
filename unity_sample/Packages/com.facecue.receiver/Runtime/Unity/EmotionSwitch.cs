using System;

namespace Facecue
{
    /// <summary>Eight probabilities to one emotion that does not flicker: thresholds that differ, and a wait.</summary>
    public sealed class EmotionSwitch
    {
        /// <summary>A probability from which on an emotion takes over.</summary>
        public float OnAt = 0.5f;

        /// <summary>The emotion that is on gives way below this, to the strongest one above it.</summary>
        public float OffAt = 0.35f;

        /// <summary>So long another must last before it takes over, seconds.</summary>
        public double HoldS = 0.2;

        readonly int _rest;
        int _candidate;
        double _sinceS;

        /// <summary>Index of the emotion that is on.</summary>
        public int Current { get; private set; }

        /// <summary>Starts with the emotion of index `rest`.</summary>
        public EmotionSwitch(int rest) { _rest = _candidate = Current = rest; }

        /// <summary>Takes the probabilities of now; true where the emotion has just changed.</summary>
        public bool Step(float[] probabilities, double nowS)
        {
            var strongest = 0;
            for (var i = 1; i < probabilities.Length; i++)
                if (probabilities[i] > probabilities[strongest]) strongest = i;
            var takesOver = strongest != Current && (probabilities[strongest] >= OnAt
                || probabilities[Current] < OffAt && probabilities[strongest] >= OffAt);
            if (takesOver && strongest != _candidate) { _candidate = strongest; _sinceS = nowS; }
            // one that waits may waver, but not fade
            if (_candidate == Current) return false;
            if (probabilities[_candidate] < OffAt) { _candidate = Current; return false; }
            if (!takesOver || nowS - _sinceS < HoldS) return false;
            Current = strongest;
            return true;
        }

        /// <summary>Back to the emotion of rest.</summary>
        public void Reset() { _candidate = Current = _rest; }
    }
}
