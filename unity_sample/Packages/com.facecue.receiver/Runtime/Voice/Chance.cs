using System;

namespace Facecue.Voice
{
    /// <summary>Chance that a seed says all of, on every platform alike: SplitMix64 and Box–Muller. Not the bridge's series.</summary>
    public sealed class Chance
    {
        public Chance(uint seed) => Reset(seed);

        public void Reset(uint seed)
        {
            _state = seed;
            _spare = double.NaN;
        }

        /// <summary>0 ≤ x &lt; 1.</summary>
        public double Uniform()
        {
            unchecked
            {
                _state += 0x9E3779B97F4A7C15UL;
                var z = _state;
                z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
                z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
                return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
            }
        }

        public double Between(double low, double high) => low + (high - low) * Uniform();

        /// <summary>Standard normal.</summary>
        public double Normal()
        {
            if (!double.IsNaN(_spare))
            {
                var kept = _spare;
                _spare = double.NaN;
                return kept;
            }
            var radius = Math.Sqrt(-2 * Math.Log(1 - Uniform()));
            var angle = 2 * Math.PI * Uniform();
            _spare = radius * Math.Sin(angle);
            return radius * Math.Cos(angle);
        }

        ulong _state;
        double _spare;
    }
}
