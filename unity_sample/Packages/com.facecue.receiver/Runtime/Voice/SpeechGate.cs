using System;

namespace Facecue.Voice
{
    /// <summary>
    /// How open the mouth may be, 0..1, frame by frame: breath, hum and room noise leave it shut. The rules of bridge/gate.py.
    /// </summary>
    public sealed class SpeechGate
    {
        const double On = 0.5, Off = 0.3, QuietDb = 20, UsualDbfs = -36, FadeDb = 0.1, Rise = 0.5;
        const int HangOver = 30, Earned = 3, Quiet = 40; // frames

        /// <summary>Whether somebody speaks, pauses up to 0.6 s included.</summary>
        public bool Speaking { get; private set; }

        public SpeechGate() => Reset();

        /// <summary>Forgets the stream; open until sound that is no speech shuts it.</summary>
        public void Reset()
        {
            Speaking = _on = false;
            _sinceSpeech = _patience = HangOver;
            _run = _quiet = 0;
            _voiceDbfs = double.NaN;
            _openness = 1;
        }

        /// <summary>Probability that somebody speaks in the next frame, and its loudness → openness of the mouth in it.</summary>
        public double Next(double voice, double levelDbfs)
        {
            _on = voice >= (_on ? Off : On);
            if (_on)
            {
                _run++;
                _quiet = _sinceSpeech = 0;
                _patience = Math.Max(_patience, Math.Min(HangOver, Earned * _run));
                if (voice > 0.5) _voiceDbfs = Math.Max(levelDbfs, double.IsNaN(_voiceDbfs) ? levelDbfs : _voiceDbfs - FadeDb);
            }
            else
            {
                _run = 0;
                _sinceSpeech = Math.Min(_sinceSpeech + 1, HangOver);
                if (levelDbfs > (double.IsNaN(_voiceDbfs) ? UsualDbfs : _voiceDbfs) - QuietDb)
                {
                    _patience = Math.Max(0, _patience - 1);
                    _quiet = 0;
                }
                else _quiet = Math.Min(_quiet + 1, Quiet);
            }
            Speaking = _sinceSpeech < HangOver;
            var open = _on || (_patience > 0 && _quiet < Quiet);
            _openness = open ? Math.Min(1, _openness + Rise) : 0;
            return _openness;
        }

        bool _on;
        int _sinceSpeech, _patience, _run, _quiet;
        double _voiceDbfs, _openness;
    }
}
