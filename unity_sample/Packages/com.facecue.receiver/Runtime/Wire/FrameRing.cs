using System.Threading;

namespace Facecue.Wire
{
    /// <summary>
    /// A bounded queue of frames between one thread that pushes and one that takes. Neither ever waits: when it is full
    /// the oldest frame is written over, and counted. All memory is made at the start.
    /// </summary>
    public sealed class FrameRing
    {
        const long Writing = -1;

        readonly FaceFrame[] _frames;
        readonly long[] _numbers; // which push a slot holds; Writing while it changes
        long _pushed;
        long _next; // of the taker
        long _dropped;

        public FrameRing(int capacity)
        {
            _frames = new FaceFrame[capacity];
            _numbers = new long[capacity];
            for (var i = 0; i < capacity; i++)
            {
                _frames[i] = new FaceFrame();
                _numbers[i] = Writing;
            }
        }

        /// <summary>Frames written over before they were taken; grows when the taker notices.</summary>
        public long Dropped => Volatile.Read(ref _dropped);

        /// <summary>Copies a frame in. For the pushing thread.</summary>
        public void Push(FaceFrame frame)
        {
            var number = _pushed;
            var slot = (int)(number % _frames.Length);
            Interlocked.Exchange(ref _numbers[slot], Writing);
            _frames[slot].CopyFrom(frame);
            Interlocked.Exchange(ref _numbers[slot], number);
            Interlocked.Exchange(ref _pushed, number + 1);
        }

        /// <summary>Copies the oldest frame out; false where there is none. For the taking thread.</summary>
        public bool TryTake(FaceFrame into)
        {
            while (true)
            {
                var pushed = Interlocked.Read(ref _pushed);
                if (_next == pushed) return false;
                var oldest = pushed - _frames.Length;
                if (_next < oldest) Drop(oldest - _next);
                var slot = (int)(_next % _frames.Length);
                if (Interlocked.Read(ref _numbers[slot]) == _next)
                {
                    into.CopyFrom(_frames[slot]);
                    // a copy that was written over meanwhile is none
                    if (Interlocked.CompareExchange(ref _numbers[slot], _next, _next) == _next)
                    {
                        _next++;
                        return true;
                    }
                }
                Drop(1);
            }
        }

        void Drop(long count)
        {
            _next += count;
            Volatile.Write(ref _dropped, _dropped + count);
        }
    }
}
