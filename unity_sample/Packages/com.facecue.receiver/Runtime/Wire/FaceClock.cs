using System.Diagnostics;

namespace Facecue.Wire
{
    /// <summary>The one clock of arrivals and of playing: monotonic, the same in every thread.</summary>
    public static class FaceClock
    {
        static readonly double Period = 1.0 / Stopwatch.Frequency;

        /// <summary>Seconds; 0 is somewhere in the past.</summary>
        public static double NowS => Stopwatch.GetTimestamp() * Period;
    }
}
