using System.Collections.Generic;
using Facecue.Wire;
using UnityEngine;

namespace Facecue
{
    /// <summary>
    /// Asks the bridge for another face: emotion, intensity, where the eyes look, and any control of docs/controls.md. It
    /// sends OSC to the port that facecue --control names; nobody answers, so what was asked is told again when a stream
    /// begins anew.
    /// </summary>
    [AddComponentMenu("facecue/Face Director")]
    public sealed class FaceDirector : MonoBehaviour
    {
        #region Editor attributes

        [SerializeField, Tooltip("Where facecue --control osc://… listens.")] string _address = "127.0.0.1";
        [SerializeField, Range(1, 65535)] int _port = 39550;
        [SerializeField, Tooltip("Empty: whatever face listens there. Else the actor's name.")] string _actor = "";
        [SerializeField, Tooltip("Asked anew when its stream begins again; may be empty.")] FaceReceiver _receiver = null;

        [SerializeField, Tooltip("The eyes look there; empty: as the voice has it.")] Transform _gazeTarget = null;
        [SerializeField, Tooltip("Tells where the resting eyes are. Empty: this object stands between them.")]
        HeadAndEyes _head = null;

        #endregion

        #region Public members

        public const float MostIntensity = 2;

        public string Address { get => _address; set { _address = value; Reopen(); } }
        public int Port { get => _port; set { _port = value; Reopen(); } }
        public string Actor { get => _actor; set { _actor = value; Reopen(); } }

        /// <summary>What a locked control port asks for; a scene is no place for a secret.</summary>
        public string Token { get => _token; set { _token = value; Reopen(); } }

        public FaceReceiver Receiver { get => _receiver; set => _receiver = value; }
        public HeadAndEyes Head { get => _head; set => _head = value; }
        public Transform GazeTarget { get => _gazeTarget; set => _gazeTarget = value; }

        /// <summary>What kept the last message from leaving; null where nothing did.</summary>
        public string Problem => _sender == null ? _problem : _sender.Problem;

        /// <summary>Messages that left.</summary>
        public long Sent => _sender == null ? 0 : _sender.Sent;

        /// <summary>"auto" lets the voice decide; else one of FaceNames.Emotions.</summary>
        public void SetEmotion(string emotion) => Set("emotion", emotion);

        /// <summary>0 none, 1 as people do, 2 twice that.</summary>
        public void SetIntensity(float intensity) => Set("intensity", Mathf.Clamp(intensity, 0, MostIntensity));

        /// <summary>Sets a control by name, in its own unit.</summary>
        public void Set(string control, float value)
        {
            _words.Remove(control);
            _numbers[control] = value;
            if (_sender != null) _sender.Send(control, value);
        }

        public void Set(string control, string value)
        {
            _numbers.Remove(control);
            _words[control] = value;
            if (_sender != null) _sender.Send(control, value);
        }

        public void Set(string control, bool value) => Set(control, value ? 1f : 0f);

        /// <summary>Presses a button: neutral/capture, preset/load/calm, mute/toggle.</summary>
        public void Press(string path) { if (_sender != null) _sender.Press(path); }

        /// <summary>All controls back to what the bridge was started with; nothing is told again.</summary>
        public void ResetControls()
        {
            _numbers.Clear();
            _words.Clear();
            _looking = false;
            Press("reset");
        }

        /// <summary>Tells everything that was asked for once more.</summary>
        public void Repeat()
        {
            if (_sender == null) return;
            foreach (var pair in _numbers) _sender.Send(pair.Key, pair.Value);
            foreach (var pair in _words) _sender.Send(pair.Key, pair.Value);
            _looking = false; // the target's place goes out with the next step
        }

        /// <summary>Sends where the gaze target is, where it has moved. Update calls it.</summary>
        public void Step(float nowS)
        {
            if (_sender == null) return;
            var live = _receiver != null && _receiver.IsLive;
            if (live && !_wasLive) Repeat();
            _wasLive = live;
            if (nowS - _lookedAtS < LookEveryS) return;
            if (_gazeTarget == null || !Place(_gazeTarget.position, out var place))
            {
                if (_looking) _sender.Send("target", "none");
                _looking = false;
                return;
            }
            if (_looking && (place - _looksAt).sqrMagnitude < MovedCm * MovedCm) return;
            _sender.LookAt(place.x, place.y, place.z);
            _looking = true;
            _looksAt = place;
            _lookedAtS = nowS;
        }

        #endregion

        #region Private members

        const float LookEveryS = 0.05f;
        const float MovedCm = 0.5f;

        // between the eyes of the canonical face, cm in the head frame
        static readonly Vector3 EyesCm = new Vector3(0, 2.9f, 2.4f);

        // the ranges of target_x, target_y and target_z
        const float FarthestCm = 500, NearestCm = 10, DeepestCm = 1000;

        readonly Dictionary<string, float> _numbers = new Dictionary<string, float>();
        readonly Dictionary<string, string> _words = new Dictionary<string, string>();
        ControlSender _sender;
        string _token, _problem, _openedAs;
        bool _looking, _wasLive;
        Vector3 _looksAt;
        float _lookedAtS = float.NegativeInfinity;

        // false where the place is beside or behind the head: eyes do not turn there
        bool Place(Vector3 world, out Vector3 cm)
        {
            var seen = _head != null ? _head.SeenFromEyes(world) : transform.InverseTransformPoint(world);
            var inFrame = Axes.ToHeadFrame(seen.x, seen.y, seen.z);
            cm = new Vector3(inFrame.X, inFrame.Y, inFrame.Z) + EyesCm;
            if (seen.z <= 0 || Mathf.Abs(seen.x) > 3 * seen.z) return false;
            // farther away than can be told: the same direction, nearer
            var beside = Mathf.Max(Mathf.Abs(cm.x), Mathf.Abs(cm.y));
            var shrink = Mathf.Min(FarthestCm / Mathf.Max(beside, FarthestCm), DeepestCm / Mathf.Max(cm.z, DeepestCm));
            cm = EyesCm + (cm - EyesCm) * shrink;
            cm.z = Mathf.Max(cm.z, NearestCm);
            return true;
        }

        string Settings => _address + " " + _port + " " + _actor;

        void Reopen()
        {
            if (_sender == null) return;
            Close();
            Open();
        }

        void Open()
        {
            _openedAs = Settings;
            try
            {
                _sender = new ControlSender(_address, _port, string.IsNullOrEmpty(_token) ? null : _token,
                                            string.IsNullOrEmpty(_actor) ? null : _actor);
            }
            catch (System.ArgumentException error)
            {
                _problem = error.Message;
                Debug.LogError("facecue: " + error.Message, this);
            }
            Repeat();
        }

        void Close()
        {
            if (_sender != null) _sender.Dispose();
            _sender = null;
        }

        #endregion

        #region MonoBehaviour

        void OnEnable() => Open();

        // the bridge goes on without us: eyes that were asked to look somewhere are let go
        void OnDisable()
        {
            if (_sender != null && _looking) _sender.Send("target", "none");
            _looking = false;
            Close();
        }

        void Update() => Step(Time.unscaledTime);

        // a setting that was changed in the inspector while playing
        void OnValidate()
        {
            if (Application.isPlaying && _sender != null && _openedAs != Settings) Reopen();
        }

        #endregion
    }
}
