using System;

namespace Facecue.Voice
{
    /// <summary>
    /// What the networks hear: 80 log-mel values of every 10 ms of sound at 16 kHz, as bridge/features.py makes them. A
    /// row ends with the sample that completes it and waits for nothing. Allocates nothing once it is made.
    /// </summary>
    public sealed class LogMel
    {
        public const int RateHz = 16000, Bins = 80, Hop = 160, Window = 400, FftSize = 512;
        public const double LowHz = 60, HighHz = 7600, Floor = 1e-8, Mean = -9, Scale = 4;

        /// <summary>Every value of digital silence.</summary>
        public static readonly float Silence = (float)((Math.Log(Floor) - Mean) / Scale);

        /// <summary>The row that Push completed last: 80 values.</summary>
        public readonly float[] Row = new float[Bins];

        public LogMel()
        {
            for (var i = 0; i < Window; i++) _hann[i] = (float)(0.5 - 0.5 * Math.Cos(2 * Math.PI * i / Window));
            MakeFilters();
        }

        /// <summary>Forgets all sound: the next sample is the first of a stream.</summary>
        public void Reset()
        {
            Array.Clear(_heard, 0, Window);
            _at = _fresh = 0;
        }

        /// <summary>Takes the next sample; true where it completed a Row.</summary>
        public bool Push(float sample)
        {
            _heard[_at] = sample;
            _at = _at + 1 == Window ? 0 : _at + 1;
            if (++_fresh < Hop) return false;
            _fresh = 0;
            for (var i = 0; i < Window; i++)
            {
                var from = _at + i < Window ? _at + i : _at + i - Window;
                _frame[i] = _heard[from] * _hann[i];
            }
            _fourier.Power(_frame, Window, _power);
            for (var i = 0; i < Bins; i++)
            {
                double sum = 0;
                for (var k = _first[i]; k < _last[i]; k++) sum += _power[k] / (double)Window * _filters[i][k - _first[i]];
                Row[i] = (float)((Math.Log(sum + Floor) - Mean) / Scale);
            }
            return true;
        }

        readonly Fourier _fourier = new Fourier(FftSize);
        readonly float[] _heard = new float[Window], _frame = new float[Window], _hann = new float[Window];
        readonly float[] _power = new float[FftSize / 2 + 1];
        readonly float[][] _filters = new float[Bins][];
        readonly int[] _first = new int[Bins], _last = new int[Bins];
        int _at, _fresh;

        // triangles on the mel scale of O'Shaughnessy
        void MakeFilters()
        {
            double low = ToMel(LowHz), step = (ToMel(HighHz) - low) / (Bins + 1);
            for (var i = 0; i < Bins; i++)
            {
                double left = ToHz(low + step * i), middle = ToHz(low + step * (i + 1)), right = ToHz(low + step * (i + 2));
                var values = new float[_power.Length];
                _first[i] = values.Length;
                for (var k = 0; k < values.Length; k++)
                {
                    var hz = (double)k * RateHz / FftSize;
                    values[k] = (float)Math.Max(0, Math.Min((hz - left) / (middle - left), (right - hz) / (right - middle)));
                    if (values[k] <= 0) continue;
                    _first[i] = Math.Min(_first[i], k);
                    _last[i] = k + 1;
                }
                _first[i] = Math.Min(_first[i], _last[i]);
                _filters[i] = new float[_last[i] - _first[i]];
                Array.Copy(values, _first[i], _filters[i], 0, _filters[i].Length);
            }
        }

        static double ToMel(double hz) => 2595 * Math.Log10(1 + hz / 700);

        static double ToHz(double mel) => 700 * (Math.Pow(10, mel / 2595) - 1);
    }
}
