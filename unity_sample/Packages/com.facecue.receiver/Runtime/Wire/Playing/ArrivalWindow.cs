using System;

namespace Facecue.Wire
{
    /// <summary>The last so many numbers, kept in order of size, so that any quantile is at hand. Allocates nothing.</summary>
    sealed class ArrivalWindow
    {
        readonly double[] _inTime;
        readonly double[] _inSize;
        int _next;

        public ArrivalWindow(int capacity)
        {
            _inTime = new double[capacity];
            _inSize = new double[capacity];
        }

        public int Count { get; private set; }

        public void Clear() => Count = _next = 0;

        public void Add(double value)
        {
            if (Count == _inTime.Length)
            {
                var gone = Place(_inTime[_next]);
                Array.Copy(_inSize, gone + 1, _inSize, gone, Count - gone - 1);
                Count--;
            }
            _inTime[_next] = value;
            _next = (_next + 1) % _inTime.Length;
            var place = Place(value);
            Array.Copy(_inSize, place, _inSize, place + 1, Count - place);
            _inSize[place] = value;
            Count++;
        }

        /// <summary>The number that this share of all (0..1) does not exceed; 0 where there is none.</summary>
        public double Quantile(double share) => Count == 0 ? 0 : _inSize[(int)(share * (Count - 1) + 0.5)];

        /// <summary>Place of the first that is not smaller.</summary>
        int Place(double value)
        {
            int low = 0, high = Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_inSize[middle] < value) low = middle + 1;
                else high = middle;
            }
            return low;
        }
    }
}
