namespace Facecue.Wire
{
    /// <summary>Frames in the order of their audio time, at most so many; the oldest makes room. Allocates nothing.</summary>
    sealed class FrameShelf
    {
        /// <summary>Frames that are nearer to each other are the same one.</summary>
        public const double SameS = 1e-5;

        readonly FaceFrame[] _frames;
        int _first;

        public FrameShelf(int capacity)
        {
            _frames = new FaceFrame[capacity];
            for (var i = 0; i < capacity; i++) _frames[i] = new FaceFrame();
        }

        public int Count { get; private set; }

        /// <summary>The frame at a place; 0 is the oldest.</summary>
        public FaceFrame this[int place] => _frames[(_first + place) % _frames.Length];

        public FaceFrame Newest => this[Count - 1];

        public void Clear() => Count = 0;

        /// <summary>Place of the last frame at or before an audio time; -1 where all are after it.</summary>
        public int Find(double audioS)
        {
            int low = 0, high = Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (this[middle].TimeS <= audioS) low = middle + 1;
                else high = middle;
            }
            return low - 1;
        }

        public bool Has(double audioS)
        {
            var place = Find(audioS + SameS);
            return place >= 0 && this[place].TimeS >= audioS - SameS;
        }

        /// <summary>Copies a frame in where it belongs.</summary>
        public void Add(FaceFrame frame)
        {
            if (Count == _frames.Length)
            {
                if (frame.TimeS < this[0].TimeS) return;
                _first = (_first + 1) % _frames.Length;
                Count--;
            }
            var place = Count++;
            var free = this[place];
            for (; place > 0 && this[place - 1].TimeS > frame.TimeS; place--)
                _frames[(_first + place) % _frames.Length] = this[place - 1];
            _frames[(_first + place) % _frames.Length] = free;
            free.CopyFrom(frame);
        }
    }
}
