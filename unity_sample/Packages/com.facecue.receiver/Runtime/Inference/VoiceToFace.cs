using System;
using System.Text;
using Facecue.Voice;
using Facecue.Wire;
using Unity.InferenceEngine;
using UnityEngine;

namespace Facecue.Inference
{
    /// <summary>Where VoiceToFace hears a voice.</summary>
    public enum VoiceInput
    {
        /// <summary>Whatever the AudioSource (or the listener) on this object plays, as it is heard: the face comes late.</summary>
        AudioSource,
        /// <summary>The clip that an AudioSource plays, read ahead: the face is in time with it, whatever the look-ahead.</summary>
        Clip,
        /// <summary>A microphone.</summary>
        Microphone
    }

    /// <summary>
    /// A voice moves a face inside the game: no bridge, no Python. It gives its frames to a FaceReceiver, which plays them as
    /// those of a bridge. The networks come from `python -m export --profile unity`; mind the terms of their weights.
    /// </summary>
    // before FaceReceiver, which would open a connection where nothing was given to it
    [AddComponentMenu("facecue/Voice To Face"), DefaultExecutionOrder(-200), DisallowMultipleComponent]
    public sealed class VoiceToFace : MonoBehaviour
    {
        #region Editor attributes

        [SerializeField, Tooltip("Who plays the frames; empty: the one on this object.")] FaceReceiver _receiver = null;

        [SerializeField, Tooltip("live.onnx")] ModelAsset _network = null;
        [SerializeField, Tooltip("live_feeling.onnx")] ModelAsset _feeling = null;
        [SerializeField, Tooltip("live.json")] TextAsset _contract = null;
        [SerializeField, Tooltip("retarget.bytes")] TextAsset _map = null;

        [SerializeField] VoiceInput _input = VoiceInput.AudioSource;
        [SerializeField, Tooltip("Whose clip is read ahead; empty: the one on this object.")] AudioSource _source = null;
        [SerializeField, Tooltip("Name of a microphone; empty for the usual one.")] string _device = "";

        [SerializeField, Tooltip("auto (the voice decides), or one of the eight emotions.")] string _emotion = "auto";
        [SerializeField, Range(0, 1), Tooltip("How much of an emotion asked for is blended in.")] float _mix = 1;
        [SerializeField, Range(0, 2), Tooltip("Strength of the emotion.")] float _intensity = 1;
        [SerializeField, Tooltip("Whose manner eyes, head and mouth have: actor, reader or speaker.")] string _style = "actor";
        [SerializeField, Range(0, 2), Tooltip("Chance in eyes and head.")] float _temperature = 1;
        [SerializeField, Tooltip("Which blinks and glances out of all the likely ones.")] int _seed = 0;
        [SerializeField, Range(0, 3), Tooltip("How often the eyes blink, against what is usual.")] float _blinks = 1;
        [SerializeField, Tooltip("Keep the mouth at rest while there is no speech.")] bool _gate = true;
        [SerializeField, Range(0, 100), Tooltip("Time constant of the face's filter, ms.")] float _smoothingMs = 8;

        #endregion

        #region Public members

        public FaceReceiver Receiver { get => _receiver; set => _receiver = value; }
        public VoiceInput Input { get => _input; set => _input = value; }

        /// <summary>Whose clip is read ahead. Its clips must be decompressed on load, for they are read.</summary>
        public AudioSource Source { get => _source; set => _source = value; }
        public string Device { get => _device; set => _device = value; }

        /// <summary>"auto", or one of FaceNames.Emotions.</summary>
        public string Emotion { get => _emotion; set => _emotion = value; }
        public float Mix { get => _mix; set => _mix = value; }
        public float Intensity { get => _intensity; set => _intensity = value; }
        public string Style { get => _style; set => _style = value; }
        public float Temperature { get => _temperature; set => _temperature = value; }

        /// <summary>Counts from the next time it is switched on.</summary>
        public int Seed { get => _seed; set => _seed = value; }
        public float Blinks { get => _blinks; set => _blinks = value; }

        /// <summary>The chain behind it; null while it is off or could not begin.</summary>
        public VoiceFace Face { get; private set; }

        /// <summary>One line for people: the network and its terms, or what is wrong.</summary>
        public string Detail { get; private set; } = "not enabled";

        /// <summary>Samples that the game was too slow to hear.</summary>
        public long DroppedSamples => _ring == null ? 0 : _ring.Dropped;

        /// <summary>Sets the four files by script.</summary>
        public void Use(ModelAsset network, ModelAsset feeling, TextAsset contract, TextAsset map)
        {
            _network = network;
            _feeling = feeling;
            _contract = contract;
            _map = map;
            if (!isActiveAndEnabled) return;
            Close();
            Open();
        }

        /// <summary>Gives it mono sound of the rate it was begun with, instead of what it hears by itself.</summary>
        public void Hear(float[] samples, int count)
        {
            if (Face == null) return;
            Direct();
            Face.Feed(samples, 0, count);
        }

        #endregion

        #region Private members

        const int MostPerUpdateS = 5; // of a second: a game that hung catches up over some pictures
        const int MicrophoneS = 1;

        const double AheadS = 0.1; // of a clip, beyond what the network waits for

        FaceReceiver _plays;
        SampleRing _ring;
        float[] _samples, _block;
        AudioClip _line;
        int _lineFrom, _lineAt, _lineSeen;
        AudioClip _heard;
        int _rateHz, _micAt;

        void Open()
        {
            _plays = _receiver != null ? _receiver : GetComponent<FaceReceiver>();
            if (_plays == null || _network == null || _feeling == null || _contract == null || _map == null)
            {
                Fail("Voice To Face wants a Face Receiver, the two networks, their JSON and retarget.bytes");
                return;
            }
            INetwork main = null, feeling = null;
            try
            {
                var contract = VoiceContract.Read(Encoding.UTF8.GetString(_contract.bytes));
                _rateHz = _input == VoiceInput.Microphone ? Listen() : AudioSettings.outputSampleRate;
                main = new InferenceNetwork(_network, contract.Main);
                feeling = new InferenceNetwork(_feeling, contract.Feeling);
                Face = new VoiceFace(contract, _map.bytes, main, feeling, _rateHz);
            }
            catch (Exception error) when (error is FormatException || error is ArgumentException)
            {
                if (main != null) main.Dispose();
                if (feeling != null) feeling.Dispose();
                Silence();
                Fail(error.Message);
                return;
            }
            Direct();
            Face.Direction.Seed = (uint)_seed;
            Face.Reset();
            _samples = new float[_rateHz / MostPerUpdateS];
            _ring = new SampleRing(_rateHz);
            Detail = Face.Contract.Name + " in this game; weights: " + Face.Contract.Licence;
            _plays.Open(new VoiceSource(Face, Detail));
        }

        void Close()
        {
            _ring = null; // first: the sound's thread looks at it
            _line = null;
            Silence();
            if (Face != null) Face.Dispose();
            Face = null;
            Detail = "not enabled";
        }

        void Fail(string because)
        {
            Detail = because;
            Debug.LogError("facecue: " + because, this);
        }

        int Listen()
        {
            int low, high;
            var device = string.IsNullOrEmpty(_device) ? null : _device;
            if (Microphone.devices.Length == 0) throw new ArgumentException("there is no microphone, or the system does not let this game hear it");
            Microphone.GetDeviceCaps(device, out low, out high);
            var rate = high == 0 ? 48000 : Math.Min(Math.Max(48000, low), high); // 0 and 0: any
            _heard = Microphone.Start(device, true, MicrophoneS, rate);
            if (_heard == null) throw new ArgumentException("the microphone '" + _device + "' cannot be opened");
            _block = new float[_heard.frequency / 100 * _heard.channels];
            _micAt = 0;
            return _heard.frequency;
        }

        void Silence()
        {
            if (_heard != null) Microphone.End(string.IsNullOrEmpty(_device) ? null : _device);
            _heard = null;
        }

        void ReadMicrophone()
        {
            var block = _block.Length / _heard.channels;
            var there = Microphone.GetPosition(string.IsNullOrEmpty(_device) ? null : _device);
            while ((there - _micAt + _heard.samples) % _heard.samples >= block)
            {
                _heard.GetData(_block, _micAt); // goes on at the beginning where the clip ends
                _micAt = (_micAt + block) % _heard.samples;
                _ring.Write(_block, _heard.channels);
            }
        }

        // the line that is spoken, as far ahead as its face wants; from anew where another begins or it jumps
        void ReadLine()
        {
            var source = _source != null ? _source : GetComponent<AudioSource>();
            if (source == null || source.clip == null || !source.isPlaying) return;
            int rate = source.clip.frequency, at = source.timeSamples;
            if (source.clip != _line || at < _lineSeen || at > _lineAt) BeginLine(source, at);
            _lineSeen = at;
            var until = at + (int)((Face.DelayS + AheadS) * rate);
            for (var left = rate / MostPerUpdateS; _lineAt < until && left > 0; left -= rate / 100) ReadBlock(rate / 100);
        }

        void BeginLine(AudioSource source, int at)
        {
            _line = source.clip;
            _lineFrom = _lineAt = at;
            _block = new float[_line.frequency / 100 * _line.channels];
            _samples = new float[_line.frequency / 100];
            Face.Direction.Seed = (uint)_seed;
            Face.Restart(_line.frequency);
            _plays.Voice = source;
            _plays.VoiceStartS = -(float)_lineFrom / _line.frequency;
        }

        // silence follows the end of a clip
        void ReadBlock(int count)
        {
            var there = Math.Min(Math.Max(_line.samples - _lineAt, 0), count);
            if (there > 0) _line.GetData(_block, _lineAt);
            for (var i = 0; i < count; i++)
            {
                float sum = 0;
                for (var c = 0; i < there && c < _line.channels; c++) sum += _block[i * _line.channels + c];
                _samples[i] = sum / _line.channels;
            }
            Face.Feed(_samples, 0, count);
            _lineAt += count;
        }

        void Direct()
        {
            var direction = Face.Direction;
            direction.Emotion = Array.IndexOf(FaceNames.Emotions, _emotion); // -1, auto, where it is none
            direction.Mix = _mix;
            direction.Intensity = _intensity;
            direction.Style = Math.Max(0, Array.IndexOf(Face.Contract.Styles, _style));
            direction.Temperature = _temperature;
            Face.Shaper.BlinkRate = _blinks;
            Face.Shaper.Gate = _gate;
            Face.Shaper.SmoothingMs = _smoothingMs;
        }

        #endregion

        #region MonoBehaviour

        void OnEnable() => Open();

        void OnDisable() => Close();

        void Update()
        {
            if (Face == null) return;
            Direct();
            if (_input == VoiceInput.Clip)
            {
                ReadLine();
                return;
            }
            if (_heard != null) ReadMicrophone();
            Face.Feed(_samples, 0, _ring.Read(_samples));
        }

        // on the sound's thread; the sound goes on as it is
        void OnAudioFilterRead(float[] data, int channels)
        {
            var ring = _ring;
            if (ring != null && _input == VoiceInput.AudioSource) ring.Write(data, channels);
        }

        #endregion
    }
}
