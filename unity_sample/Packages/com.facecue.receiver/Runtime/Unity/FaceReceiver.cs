using System;
using Facecue.Wire;
using UnityEngine;
using UnityEngine.Events;

namespace Facecue
{
    /// <summary>What the bridge sends by.</summary>
    public enum FaceProtocol
    {
        /// <summary>zmq://: this side connects to the bridge.</summary>
        ZeroMQ,
        /// <summary>osc:// or vmc://: the bridge sends to a port of this side.</summary>
        Osc
    }

    /// <summary>
    /// Receives the face of one actor and holds the frame of now. It moves nothing itself: FaceRig and HeadAndEyes read
    /// its Frame. A thread of the source reads the network; Update takes what waits and plays it at audio time.
    /// </summary>
    [AddComponentMenu("facecue/Face Receiver"), DefaultExecutionOrder(-100), DisallowMultipleComponent]
    public sealed class FaceReceiver : MonoBehaviour
    {
        #region Editor attributes

        [SerializeField] FaceProtocol _protocol = FaceProtocol.ZeroMQ;
        [SerializeField, Tooltip("ZeroMQ: where facecue runs. OSC: the address to listen on here.")]
        string _host = "127.0.0.1";
        [SerializeField, Range(1, 65535)] int _port = 5556;
        [SerializeField, Tooltip("The actor's name, as in facecue --actor.")] string _actor = "face";
        [SerializeField, Tooltip("Public key of a bridge that encrypts (facecue keys); empty for none.")]
        string _serverKey = "";

        [SerializeField, Tooltip("Limits of the delay that evens out the network, ms.")] float _minDelayMs = 0;
        [SerializeField] float _maxDelayMs = 250;
        [SerializeField, Tooltip("Plays the same sound as the bridge hears: the face then follows its place, not the clock.")]
        AudioSource _voice = null;
        [SerializeField, Tooltip("Audio time of the bridge at the first sample of that clip, s.")] float _voiceStartS = 0;

        [SerializeField, Range(0, 1), Tooltip("Probability from which on an emotion takes over.")] float _emotionOn = 0.5f;
        [SerializeField, Range(0, 1), Tooltip("Probability below which it gives way.")] float _emotionOff = 0.35f;
        [SerializeField, Tooltip("So long another emotion must last, s.")] float _emotionHoldS = 0.2f;
        [SerializeField] EmotionEvent _emotionChanged = new EmotionEvent();
        [SerializeField, Tooltip("Frames have begun to come.")] UnityEvent _found = new UnityEvent();
        [SerializeField, Tooltip("Frames have stopped coming, and the face has gone to rest.")] UnityEvent _lost = new UnityEvent();

        #endregion

        #region Public members

        public FaceProtocol Protocol { get => _protocol; set => _protocol = value; }
        public string Host { get => _host; set => _host = value; }
        public int Port { get => _port; set => _port = value; }
        public string Actor { get => _actor; set => _actor = value; }

        /// <summary>Keys of an encrypted connection, for a script to set before enabling: a scene is no place for a secret.</summary>
        public CurveKeys Keys { get; set; }

        /// <summary>The sound that the face follows; null follows the clock.</summary>
        public AudioSource Voice { get => _voice; set => _voice = value; }

        /// <summary>Audio time at the first sample of the voice's clip, seconds.</summary>
        public float VoiceStartS { get => _voiceStartS; set => _voiceStartS = value; }

        /// <summary>The face of now, in the head frame of docs/wire.md. The same object always; at rest without a stream.</summary>
        public FaceFrame Frame { get; } = new FaceFrame();

        public LinkState State => _source == null ? LinkState.Closed : _source.State;
        public string Detail => _source == null ? _closedBecause : _source.Detail;

        /// <summary>Frames that came in the last second.</summary>
        public float FramesPerSecond { get; private set; }

        /// <summary>Seconds from the sound to the face as shown: what the bridge says, and the delay of the buffer.</summary>
        public double LatencyS => IsLive ? Frame.LatencyS + _buffer.DelayS : 0;

        public double DelayS => _buffer.DelayS;
        public double TargetDelayS => _buffer.TargetDelayS;

        public long Received => _source == null ? 0 : _source.Received;
        public long Rejected => _source == null ? 0 : _source.Rejected;
        public long Dropped => _source == null ? 0 : _source.Dropped;
        public long Late => _buffer.Late;
        public long Lost => _buffer.Lost;
        public long Restarts => _buffer.Restarts;

        /// <summary>1 while frames play, on the way to 0 when they stop.</summary>
        public float Presence => _buffer.Presence;

        /// <summary>Whether frames play.</summary>
        public bool IsLive { get; private set; }

        /// <summary>The emotion that is on, by name.</summary>
        public string Emotion => FaceNames.Emotions[_emotion.Current];

        public EmotionEvent EmotionChanged => _emotionChanged;
        public UnityEvent StreamFound => _found;
        public UnityEvent StreamLost => _lost;

        /// <summary>Closes the source and opens it as the settings are now.</summary>
        public void Reopen() => Open(MakeSource());

        /// <summary>Takes frames from a source of one's own; it is disposed with this component.</summary>
        public void Open(IFaceSource source)
        {
            Close();
            _source = source;
            _countedFrom = Received;
            _countedAtS = FaceClock.NowS;
        }

        /// <summary>Takes what waits and makes Frame the face at `nowS` (FaceClock). Update calls it.</summary>
        public void Step(double nowS)
        {
            _buffer.MinDelayS = _minDelayMs / 1000;
            _buffer.MaxDelayS = Math.Max(_minDelayMs, _maxDelayMs) / 1000;
            while (_source != null && _source.TryTake(_incoming)) _buffer.Push(_incoming, _incoming.ArrivalS);
            var live = _voice != null && _voice.isPlaying && _voice.clip != null
                ? _buffer.SampleAt(_voiceStartS + VoiceTimeS(), nowS, Frame)
                : _buffer.Sample(nowS, Frame);
            Count(nowS);
            if (live != IsLive)
            {
                IsLive = live;
                (live ? _found : _lost).Invoke();
            }
            _emotion.OnAt = _emotionOn;
            _emotion.OffAt = Math.Min(_emotionOff, _emotionOn);
            _emotion.HoldS = _emotionHoldS;
            if (_emotion.Step(Frame.Emotion, nowS)) _emotionChanged.Invoke(Emotion);
        }

        #endregion

        #region Private members

        readonly JitterBuffer _buffer = new JitterBuffer();
        readonly FaceFrame _incoming = new FaceFrame();
        readonly EmotionSwitch _emotion = new EmotionSwitch(Array.IndexOf(FaceNames.Emotions, "neutral"));
        IFaceSource _source;
        string _closedBecause = "not enabled";
        string _openedAs;
        long _countedFrom;
        double _countedAtS;

        // exact to the sample; AudioSource.time moves in steps of a buffer
        double VoiceTimeS() => (double)_voice.timeSamples / _voice.clip.frequency;

        string Settings => _protocol + " " + _host + " " + _port + " " + _actor + " " + _serverKey;

        IFaceSource MakeSource()
        {
            _openedAs = Settings;
#if UNITY_WEBGL && !UNITY_EDITOR
            _closedBecause = "a browser has no sockets for ZeroMQ and OSC; let the networks run in the engine (VoiceToFace)";
            return null;
#else
            _closedBecause = "not enabled";
            try
            {
                if (_protocol == FaceProtocol.Osc) return new OscFaceSource(_host, _port, _actor);
                var keys = Keys ?? (_serverKey.Trim().Length == 0 ? null : new CurveKeys(_serverKey.Trim()));
                return new ZmqFaceSource(_host, _port, _actor, keys);
            }
            catch (ArgumentException error)
            {
                _closedBecause = error.Message;
                Debug.LogError("facecue: " + error.Message, this);
                return null;
            }
#endif
        }

        void Close()
        {
            if (_source != null) _source.Dispose();
            _source = null;
            _buffer.Reset();
            Frame.SetRest();
            FramesPerSecond = 0;
        }

        void Count(double nowS)
        {
            var spanS = nowS - _countedAtS;
            if (spanS < 1) return;
            FramesPerSecond = (float)((Received - _countedFrom) / spanS);
            _countedFrom = Received;
            _countedAtS = nowS;
        }

        #endregion

        #region MonoBehaviour

        void OnEnable() { if (_source == null) Reopen(); }

        void OnDisable()
        {
            Close();
            if (!IsLive) return;
            IsLive = false;
            _lost.Invoke();
        }

        void Update() => Step(FaceClock.NowS);

        // a setting that was changed in the inspector while playing
        void OnValidate()
        {
            if (Application.isPlaying && _openedAs != null && isActiveAndEnabled && _openedAs != Settings) Reopen();
        }

        #endregion
    }
}
