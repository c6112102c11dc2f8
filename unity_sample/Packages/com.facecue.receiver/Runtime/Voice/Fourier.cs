using System;

namespace Facecue.Voice
{
    /// <summary>Power spectrum of a real frame: radix 2, in double precision, everything made once.</summary>
    public sealed class Fourier
    {
        /// <summary>Values of a frame; a power of two.</summary>
        public int Size { get; }

        public Fourier(int size)
        {
            if (size < 2 || (size & (size - 1)) != 0)
                throw new ArgumentException("a frame has " + size + " values; it must be a power of two");
            Size = size;
            _real = new double[size];
            _imaginary = new double[size];
            _place = new int[size];
            _cosine = new double[size / 2];
            _sine = new double[size / 2];
            for (var i = 1; i < size; i++) _place[i] = (_place[i >> 1] >> 1) | ((i & 1) == 0 ? 0 : size >> 1);
            for (var i = 0; i < size / 2; i++)
            {
                _cosine[i] = Math.Cos(2 * Math.PI * i / size);
                _sine[i] = -Math.Sin(2 * Math.PI * i / size);
            }
        }

        /// <summary>|X|² of `frame`, padded with noughts, at 0 … Size/2: Size/2 + 1 values of `power`.</summary>
        public void Power(float[] frame, int count, float[] power)
        {
            for (var i = 0; i < Size; i++)
            {
                _real[_place[i]] = i < count ? frame[i] : 0;
                _imaginary[i] = 0;
            }
            for (var half = 1; half < Size; half *= 2)
            {
                var step = Size / (2 * half);
                for (var start = 0; start < Size; start += 2 * half)
                    for (var i = 0; i < half; i++) Butterfly(start + i, start + i + half, i * step);
            }
            for (var i = 0; i <= Size / 2; i++)
                power[i] = (float)(_real[i] * _real[i] + _imaginary[i] * _imaginary[i]);
        }

        readonly double[] _real, _imaginary, _cosine, _sine;
        readonly int[] _place;

        void Butterfly(int a, int b, int turn)
        {
            var real = _real[b] * _cosine[turn] - _imaginary[b] * _sine[turn];
            var imaginary = _real[b] * _sine[turn] + _imaginary[b] * _cosine[turn];
            _real[b] = _real[a] - real;
            _imaginary[b] = _imaginary[a] - imaginary;
            _real[a] += real;
            _imaginary[a] += imaginary;
        }
    }
}
