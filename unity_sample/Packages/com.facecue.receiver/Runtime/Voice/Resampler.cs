using System;

namespace Facecue.Voice
{
    /// <summary>
    /// Mono sound of an engine's rate → 16 kHz: the windowed sinc of bridge/resample.py, 24 zero crossings and a Kaiser
    /// window, 80 dB down. Output m is the sound at m/16000 s. Holds back 24 zero crossings (1.5 ms from 44.1 or 48 kHz).
    /// Chunked equals whole; allocates nothing once it is made.
    /// </summary>
    public sealed class Resampler
    {
        public const int MinRateHz = 1000, MaxRateHz = 768000;
        const int ZeroCrossings = 24, MaxPhases = 512, Slice = 1024;
        const double Beta = 8;

        public int RateHz { get; }

        /// <summary>Seconds of input that must follow a sample before it comes out.</summary>
        public double DelayS => RateHz == LogMel.RateHz ? 0 : (double)_half / RateHz;

        public Resampler(int rateHz)
        {
            if (rateHz < MinRateHz || rateHz > MaxRateHz)
                throw new ArgumentException("sample rate " + rateHz + " Hz is outside " + MinRateHz + ".." + MaxRateHz + " Hz");
            RateHz = rateHz;
            var cutoff = Math.Min(1.0, (double)LogMel.RateHz / rateHz);
            _half = (int)Math.Ceiling(ZeroCrossings / cutoff);
            _phases = Math.Min(LogMel.RateHz / Divisor(rateHz, LogMel.RateHz), MaxPhases);
            _table = new float[_phases + 1][];
            for (var p = 0; p <= _phases; p++) _table[p] = Kernel(cutoff, (double)p / _phases);
            _held = new float[2 * _half + Slice];
            Reset();
        }

        /// <summary>Most samples that `count` of input can make.</summary>
        public int Room(int count) => (int)((long)count * LogMel.RateHz / RateHz) + 2;

        /// <summary>Forgets all sound: the next sample is the first of a stream.</summary>
        public void Reset()
        {
            Array.Clear(_held, 0, _held.Length);
            _count = _half - 1;
            _first = 1 - _half;
            _made = 0;
        }

        /// <summary>Takes samples and writes those they complete into `made`; how many. `made` must have Room(count).</summary>
        public int Feed(float[] samples, int start, int count, float[] made)
        {
            if (RateHz == LogMel.RateHz)
            {
                Array.Copy(samples, start, made, 0, count);
                return count;
            }
            var total = 0;
            while (count > 0)
            {
                var piece = Math.Min(count, _held.Length - _count);
                Array.Copy(samples, start, _held, _count, piece);
                _count += piece;
                start += piece;
                count -= piece;
                total = Convert(made, total);
            }
            return total;
        }

        readonly int _half, _phases;
        readonly float[][] _table;
        readonly float[] _held;
        int _count;
        long _first, _made; // input index of the first sample held; samples made

        int Convert(float[] made, int total)
        {
            for (;;)
            {
                var whole = _made * RateHz / LogMel.RateHz;
                var rest = _made * RateHz % LogMel.RateHz;
                if (whole + _half > _first + _count - 1) break;
                var row = _table[(int)((rest * _phases + LogMel.RateHz / 2) / LogMel.RateHz)];
                var from = (int)(whole - _half + 1 - _first);
                double sum = 0;
                for (var i = 0; i < row.Length; i++) sum += _held[from + i] * row[i];
                made[total++] = (float)sum;
                _made++;
            }
            var done = (int)Math.Min(Math.Max(0, _made * RateHz / LogMel.RateHz - _half + 1 - _first), _count);
            Array.Copy(_held, done, _held, 0, _count - done);
            _count -= done;
            _first += done;
            return total;
        }

        float[] Kernel(double cutoff, double phase)
        {
            var values = new double[2 * _half];
            double sum = 0;
            for (var i = 0; i < values.Length; i++)
            {
                var offset = 1 - _half + i - phase;
                var edge = offset / _half;
                values[i] = Sinc(cutoff * offset) * Bessel(Beta * Math.Sqrt(Math.Max(0, 1 - edge * edge)));
                sum += values[i];
            }
            var row = new float[values.Length];
            for (var i = 0; i < row.Length; i++) row[i] = (float)(values[i] / sum); // a constant stays what it is
            return row;
        }

        static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);

        // modified Bessel function of the first kind, order 0
        static double Bessel(double x)
        {
            double sum = 1, term = 1;
            for (var k = 1; term > sum * 1e-17; k++)
            {
                term *= x / (2 * k) * (x / (2 * k));
                sum += term;
            }
            return sum;
        }

        static int Divisor(int a, int b) => b == 0 ? a : Divisor(b, a % b);
    }
}
