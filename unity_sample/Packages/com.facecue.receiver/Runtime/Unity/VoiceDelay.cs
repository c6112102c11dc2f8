using UnityEngine;

namespace Facecue
{
    /// <summary>
    /// Delays an AudioSource by as much as the face is late, so that a voice that the game plays (a microphone, a voice
    /// chat) meets the lips. Put it beside the AudioSource.
    /// </summary>
    [AddComponentMenu("facecue/Voice Delay"), RequireComponent(typeof(AudioSource))]
    public sealed class VoiceDelay : MonoBehaviour
    {
        [SerializeField] FaceReceiver _receiver = null;
        [SerializeField, Tooltip("Added to the measured latency, ms: what your sound card and screen differ by.")]
        float _trimMs = 0;

        public FaceReceiver Receiver { get => _receiver; set => _receiver = value; }
        public float TrimMs { get => _trimMs; set => _trimMs = value; }

        /// <summary>The delay as it is now, seconds.</summary>
        public double CurrentS => _line == null ? 0 : _line.CurrentS;

        const double LongestS = 2;

        DelayLine _line;
        int _channels, _rateHz;
        volatile float _askedS;

        void OnEnable() => _rateHz = AudioSettings.outputSampleRate;

        void Update()
        {
            if (_receiver == null || !_receiver.IsLive) return; // keeps the last one through a pause
            _askedS = (float)_receiver.LatencyS + _trimMs / 1000;
        }

        // on the sound's thread
        void OnAudioFilterRead(float[] data, int channels)
        {
            if (_rateHz == 0) return;
            if (_line == null || channels != _channels)
            {
                _channels = channels;
                _line = new DelayLine(_rateHz, channels, LongestS);
            }
            _line.DelayS = _askedS;
            _line.Process(data);
        }
    }
}
