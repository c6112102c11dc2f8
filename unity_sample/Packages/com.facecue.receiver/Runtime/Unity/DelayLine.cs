using System;

namespace Facecue
{
    /// <summary>Sound that comes out later: a ring of samples whose delay may glide while it plays.</summary>
    // Not thread safe, but for DelayS: a script sets it, the sound's thread reads it.
    public sealed class DelayLine
    {
        readonly int _channels, _rateHz;
        readonly float[] _ring;
        readonly int _length; // in frames
        long _written, _quiet; // frames; quiet ones at the end
        double _delay; // in frames, as it is now
        volatile float _asked;

        /// <summary>So much faster or slower the sound may run while the delay changes: 2 % is not heard in a voice.</summary>
        public const double Glide = 0.02;

        /// <summary>A change of more than this is a jump, seconds.</summary>
        public const double JumpS = 0.5;

        /// <summary>Below this (-50 dB) nothing is said: a change within a pause is made at once.</summary>
        public const float Quiet = 0.003f;

        public DelayLine(int rateHz, int channels, double longestS)
        {
            _rateHz = rateHz;
            _channels = channels;
            _length = (int)(rateHz * longestS) + 2;
            _ring = new float[_length * channels];
        }

        /// <summary>Longest delay, seconds.</summary>
        public double LongestS => (double)(_length - 2) / _rateHz;

        /// <summary>The delay asked for, seconds; held within 0 and LongestS.</summary>
        public double DelayS { get => _asked; set => _asked = (float)Math.Min(Math.Max(value, 0), LongestS); }

        /// <summary>The delay as it is now, seconds.</summary>
        public double CurrentS => _delay / _rateHz;

        /// <summary>Replaces interleaved samples by those of `DelayS` ago.</summary>
        public void Process(float[] samples)
        {
            var frames = samples.Length / _channels;
            var asked = (double)_asked * _rateHz;
            if (Math.Abs(asked - _delay) > JumpS * _rateHz) _delay = asked;
            for (var i = 0; i < frames; i++)
            {
                var at = (int)(_written % _length) * _channels;
                _quiet++;
                for (var c = 0; c < _channels; c++)
                {
                    _ring[at + c] = samples[i * _channels + c];
                    if (Math.Abs(_ring[at + c]) > Quiet) _quiet = 0;
                }
                if (_quiet > Math.Max(asked, _delay) + 1) _delay = asked;
                var change = asked - _delay;
                _delay += Math.Min(Math.Max(change, -Glide), Glide);
                var whole = (long)Math.Floor(_delay);
                var share = (float)(_delay - whole);
                for (var c = 0; c < _channels; c++)
                {
                    var near = Read(_written - whole, c);
                    samples[i * _channels + c] = near + share * (Read(_written - whole - 1, c) - near);
                }
                _written++;
            }
        }

        float Read(long frame, int channel) => frame < 0 ? 0 : _ring[(int)(frame % _length) * _channels + channel];
    }
}
