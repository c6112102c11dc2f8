using System;

namespace Facecue.Wire
{
    /// <summary>
    /// How long to wait before the next try: twice as long each time, within limits, and never the same for two
    /// receivers, so that they do not all come back at once.
    /// </summary>
    sealed class BackOff
    {
        public const double FirstS = 0.1, LongestS = 1.0;

        readonly Random _chance;
        double _nextS = FirstS;

        public BackOff(int seed) => _chance = new Random(seed);

        /// <summary>Seconds until the next try: three to five quarters of what is due.</summary>
        public double Next()
        {
            var due = _nextS;
            _nextS = Math.Min(2 * _nextS, LongestS);
            return due * (0.75 + 0.5 * _chance.NextDouble());
        }

        /// <summary>It went well.</summary>
        public void Reset() => _nextS = FirstS;
    }
}
