using System.Threading;

namespace Facecue.Wire
{
    /// <summary>
    /// What a source says of itself, written by its thread and read by any: state, one line, counters, and the ring of
    /// frames. Reading it allocates nothing.
    /// </summary>
    sealed class SourceState
    {
        /// <summary>Frames that wait for the engine: more than a second; what is older would be let go anyway.</summary>
        const int Waiting = 128;

        /// <summary>Without a frame for so long a source no longer counts as receiving.</summary>
        const double QuietS = 1.0;

        public readonly FrameRing Ring = new FrameRing(Waiting);
        volatile int _state;
        volatile string _detail = "";
        long _received, _rejected, _lastTicks = long.MinValue;

        public string Detail => _detail;
        public long Received => Interlocked.Read(ref _received);
        public long Rejected => Interlocked.Read(ref _rejected);

        public LinkState State
        {
            get
            {
                var state = (LinkState)_state;
                if (state != LinkState.Connected) return state;
                var last = Interlocked.Read(ref _lastTicks);
                return last != long.MinValue && FaceClock.NowS - 1e-6 * last < QuietS ? LinkState.Receiving : state;
            }
        }

        public void Say(LinkState state, string detail)
        {
            _detail = detail;
            _state = (int)state;
        }

        public void Reject() => Interlocked.Increment(ref _rejected);

        /// <summary>The ring has a frame more.</summary>
        public void Receive(double nowS)
        {
            Interlocked.Increment(ref _received);
            Interlocked.Exchange(ref _lastTicks, (long)(1e6 * nowS));
        }

        /// <summary>Counters that another room keeps.</summary>
        public void Count(long received, long rejected, double nowS)
        {
            if (received != Interlocked.Exchange(ref _received, received))
                Interlocked.Exchange(ref _lastTicks, (long)(1e6 * nowS));
            Interlocked.Exchange(ref _rejected, rejected);
        }
    }
}
