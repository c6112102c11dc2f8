using Facecue.Wire;
using UnityEngine;

namespace Facecue
{
    /// <summary>What makes the eyes look.</summary>
    public enum EyeMotion { Bones, LookShapes, Both }

    /// <summary>
    /// Turns head, neck, eyes and jaw with a receiver's frame. Bones keep the pose they had when this was enabled as their
    /// rest; with OnTop they turn from where an Animator puts them.
    /// </summary>
    // The character's axes are Unity's: +Z out of the face, +Y up. LateUpdate, after the Animator.
    [AddComponentMenu("facecue/Head and Eyes")]
    public sealed class HeadAndEyes : MonoBehaviour
    {
        #region Editor attributes

        [SerializeField] FaceReceiver _receiver = null;
        [SerializeField, Tooltip("Its +Z points out of the face at rest. Empty: this object.")] Transform _character = null;
        [SerializeField, Tooltip("Adds to what an Animator does in each frame. Off: from the pose of rest.")]
        bool _onTop = false;

        [Header("Head")]
        [SerializeField] Transform _head = null;
        [SerializeField] Transform _neck = null;
        [SerializeField, Range(0, 1), Tooltip("Share of the turn that the neck makes.")] float _neckShare = 0.3f;
        [SerializeField, Range(0, 2)] float _headGain = 1;
        [SerializeField, Range(0, 90), Tooltip("The head turns no further, degrees.")] float _headLimit = 40;
        [SerializeField, Range(0, 2), Tooltip("Gain of the head's shift.")] float _shiftGain = 1;

        [Header("Eyes")]
        [SerializeField] EyeMotion _eyes = EyeMotion.Both;
        [SerializeField] Transform _leftEye = null;
        [SerializeField] Transform _rightEye = null;
        [SerializeField, Range(0, 2)] float _eyeGain = 1;
        [SerializeField, Range(0, 60), Tooltip("Degrees to either side.")] float _eyeYawLimit = 30;
        [SerializeField, Range(0, 60), Tooltip("Degrees up and down.")] float _eyePitchLimit = 22;
        [SerializeField, Tooltip("Told whether shapes make the eyes look. Empty: the one on this object.")]
        FaceRig _rig = null;

        [Header("Jaw")]
        [SerializeField, Tooltip("Only where jawOpen is a bone, not a shape.")] Transform _jaw = null;
        [SerializeField, Range(0, 45), Tooltip("Degrees at jawOpen 1.")] float _jawAngle = 14;

        #endregion

        #region Public members

        public FaceReceiver Receiver { get => _receiver; set => _receiver = value; }
        public Transform Character { get => _character == null ? transform : _character; set => _character = value; }
        public Transform Head { get => _head; set => _head = value; }
        public Transform Neck { get => _neck; set => _neck = value; }
        public Transform LeftEye { get => _leftEye; set => _leftEye = value; }
        public Transform RightEye { get => _rightEye; set => _rightEye = value; }
        public Transform Jaw { get => _jaw; set => _jaw = value; }
        public EyeMotion Eyes { get => _eyes; set => _eyes = value; }
        public bool OnTop { get => _onTop; set => _onTop = value; }
        public float NeckShare { get => _neckShare; set => _neckShare = Mathf.Clamp01(value); }
        public float HeadGain { get => _headGain; set => _headGain = value; }
        public float HeadLimit { get => _headLimit; set => _headLimit = value; }
        public float ShiftGain { get => _shiftGain; set => _shiftGain = value; }
        public float EyeGain { get => _eyeGain; set => _eyeGain = value; }
        public float EyeYawLimit { get => _eyeYawLimit; set => _eyeYawLimit = value; }
        public float EyePitchLimit { get => _eyePitchLimit; set => _eyePitchLimit = value; }

        /// <summary>Takes the pose of now as the rest. OnEnable calls it.</summary>
        public void Bind()
        {
            if (_bound) Release();
            if (_head == null) FindBones();
            var character = Character;
            _headBone = new RestingBone(_head, character);
            _neckBone = new RestingBone(_neck, character);
            _leftBone = new RestingBone(_leftEye, character);
            _rightBone = new RestingBone(_rightEye, character);
            _jawBone = new RestingBone(_jaw, character);
            _restingEyes = character.InverseTransformPoint(MiddleOfEyes());
            _bound = true;
        }

        /// <summary>Moves the bones as a frame says.</summary>
        public void Apply(FaceFrame frame)
        {
            if (!_bound) Bind();
            var turn = Axes.HeadRotation(frame);
            var head = Limited(new Quaternion(turn.X, turn.Y, turn.Z, turn.W));
            var neckShare = _neckBone.Is ? _neckShare : 0;
            _neckBone.Turn(Quaternion.SlerpUnclamped(Quaternion.identity, head, neckShare), _onTop);
            _headBone.Turn(Quaternion.SlerpUnclamped(Quaternion.identity, head, 1 - neckShare), _onTop);
            var shift = Axes.HeadTranslation(frame);
            _headBone.Shift(new Vector3(shift.X, shift.Y, shift.Z) * _shiftGain, _onTop);
            if (_eyes != EyeMotion.LookShapes)
            {
                _rightBone.Turn(Look(frame.Gaze[0], frame.Gaze[1]), _onTop);
                _leftBone.Turn(Look(frame.Gaze[2], frame.Gaze[3]), _onTop);
            }
            // about +X a jaw sinks
            if (_jawBone.Is)
                _jawBone.Turn(Quaternion.AngleAxis(_jawAngle * frame.Arkit[_jawOpen], Vector3.right), _onTop);
        }

        /// <summary>Puts the bones back to rest.</summary>
        public void Release()
        {
            if (!_bound) return;
            _bound = false;
            _jawBone.Release();
            _leftBone.Release();
            _rightBone.Release();
            _headBone.Release();
            _neckBone.Release();
        }

        /// <summary>
        /// A point of the world as the resting head sees it from between its eyes: metres of the character, +X its right
        /// hand, +Y up, +Z ahead.
        /// </summary>
        public Vector3 SeenFromEyes(Vector3 world)
        {
            if (!_bound) Bind();
            return Character.InverseTransformPoint(world) - _restingEyes;
        }

        #endregion

        #region Private members

        static readonly int _jawOpen = FaceNames.IndexOfArkit("jawOpen");

        RestingBone _headBone, _neckBone, _leftBone, _rightBone, _jawBone;
        Vector3 _restingEyes;
        bool _bound;

        Quaternion Limited(Quaternion turn)
        {
            turn = Quaternion.SlerpUnclamped(Quaternion.identity, turn, _headGain);
            var angle = Quaternion.Angle(Quaternion.identity, turn);
            return angle <= _headLimit ? turn : Quaternion.SlerpUnclamped(Quaternion.identity, turn, _headLimit / angle);
        }

        Quaternion Look(float yaw, float pitch)
        {
            float sides = _eyeYawLimit * Mathf.Deg2Rad, heights = _eyePitchLimit * Mathf.Deg2Rad;
            var turn = Axes.Eye(Mathf.Clamp(yaw * _eyeGain, -sides, sides), Mathf.Clamp(pitch * _eyeGain, -heights, heights));
            return new Quaternion(turn.X, turn.Y, turn.Z, turn.W);
        }

        Vector3 MiddleOfEyes()
        {
            if (_leftEye != null && _rightEye != null) return (_leftEye.position + _rightEye.position) / 2;
            if (_head == null) return transform.position;
            // without eye bones: about where the eyes of a person are above the head's joint
            return _head.position + Character.TransformVector(new Vector3(0, 0.08f, 0.08f));
        }

        // a humanoid avatar knows its bones
        void FindBones()
        {
            var animator = GetComponentInParent<Animator>();
            if (animator == null || !animator.isHuman) return;
            _head = animator.GetBoneTransform(HumanBodyBones.Head);
            if (_neck == null) _neck = animator.GetBoneTransform(HumanBodyBones.Neck);
            if (_leftEye == null) _leftEye = animator.GetBoneTransform(HumanBodyBones.LeftEye);
            if (_rightEye == null) _rightEye = animator.GetBoneTransform(HumanBodyBones.RightEye);
            if (_character == null) _character = animator.transform;
        }

        #endregion

        #region MonoBehaviour

        void OnEnable()
        {
            if (_rig == null) _rig = GetComponent<FaceRig>();
            Bind();
        }

        void OnDisable()
        {
            if (_rig != null) _rig.LookShapes = true;
            Release();
        }

        void LateUpdate()
        {
            if (_receiver == null) return;
            if (_rig != null) _rig.LookShapes = _eyes != EyeMotion.Bones || !_leftBone.Is && !_rightBone.Is;
            Apply(_receiver.Frame);
        }

        #endregion
    }
}
