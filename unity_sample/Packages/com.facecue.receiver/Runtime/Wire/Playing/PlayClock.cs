using System;

namespace Facecue.Wire
{
    /// <summary>
    /// Which audio time is played when. The way of a frame is its arrival less its audio time; the shortest ways of the
    /// last seconds give the offset of the two clocks (and follow their drift), and how much longer the others were
    /// gives the delay that has to be added so that nearly every frame is there when it is needed. The clock is moved
    /// by running a little fast or slow, so that a face never jumps for it.
    /// </summary>
    sealed class PlayClock
    {
        /// <summary>Arrivals that are looked at: ten seconds at 50 a second.</summary>
        const int Window = 512;

        /// <summary>Share of the ways that count as the shortest: not the one, which may be a mistake.</summary>
        const double Shortest = 0.01;

        /// <summary>Share of the frames that are there in time; extrapolation bridges what the others miss.</summary>
        const double InTime = 0.99;

        /// <summary>What is added to that: a picture is taken a little after it was asked for.</summary>
        const double MarginS = 0.002;

        /// <summary>Delay for jitter while too little is known of it.</summary>
        const double FirstJitterS = 0.02;
        const int Known = 50;

        /// <summary>Seconds a second by which the clock runs slow to gain delay, and fast to lose it.</summary>
        const double Slower = 0.1, Faster = 0.02;

        /// <summary>What is further off is jumped.</summary>
        const double JumpS = 0.3;

        readonly ArrivalWindow _ways = new ArrivalWindow(Window);
        double _lagS, _nowS;
        bool _runs;

        public double MinDelayS = 0.0;
        public double MaxDelayS = 0.3;

        /// <summary>Arrival less audio time of the fastest frames.</summary>
        public double OffsetS { get; private set; }

        /// <summary>Delay aimed at, behind the fastest frames.</summary>
        public double TargetS { get; private set; }

        /// <summary>Delay as it is.</summary>
        public double DelayS => _runs ? _lagS - OffsetS : 0;

        public bool Knows => _ways.Count > 0;

        public void Reset()
        {
            _ways.Clear();
            _runs = false;
            TargetS = 0;
        }

        /// <summary>A frame of this audio time came.</summary>
        public void Hear(double audioS, double nowS, double intervalS)
        {
            _ways.Add(nowS - audioS);
            OffsetS = _ways.Quantile(Shortest);
            var jitter = _ways.Quantile(InTime) - OffsetS;
            if (_ways.Count < Known) jitter = Math.Max(jitter, FirstJitterS);
            // the frame after the one that is played must be there, too
            TargetS = Math.Min(Math.Max(intervalS + jitter + MarginS, MinDelayS), Math.Max(MinDelayS, MaxDelayS));
        }

        /// <summary>Moves on to `nowS`; the audio time to play. True in `jumped` where it is not next to the last one.</summary>
        public double Advance(double nowS, out bool jumped)
        {
            var due = OffsetS + TargetS;
            jumped = !_runs || Math.Abs(due - _lagS) > JumpS;
            if (jumped)
            {
                _lagS = due;
                _runs = true;
            }
            else
            {
                var passed = Math.Max(0.0, nowS - _nowS);
                _lagS += Math.Min(Math.Max(due - _lagS, -Faster * passed), Slower * passed);
            }
            _nowS = nowS;
            return nowS - _lagS;
        }

        /// <summary>The audio time that would be played then.</summary>
        public double At(double nowS) => nowS - (_runs ? _lagS : OffsetS + TargetS);
    }
}
