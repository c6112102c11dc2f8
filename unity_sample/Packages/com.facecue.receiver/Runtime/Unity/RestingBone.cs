using UnityEngine;

namespace Facecue
{
    /// <summary>
    /// A bone and how it stands at rest. A turn of the character's axes (+Z out of the face, +Y up) is made about the bone's
    /// place, however its own axes lie.
    /// </summary>
    struct RestingBone
    {
        readonly Transform _bone;
        readonly Quaternion _parent; // of the parent at rest, in the character's axes
        readonly Quaternion _rotation; // of the bone at rest, in its parent's
        readonly Vector3 _position;
        readonly float _scale; // units of the parent in one of the character's

        public RestingBone(Transform bone, Transform character)
        {
            _bone = bone;
            _parent = Quaternion.identity;
            _rotation = Quaternion.identity;
            _position = Vector3.zero;
            _scale = 1;
            if (bone == null) return;
            _rotation = bone.localRotation;
            _position = bone.localPosition;
            var parent = bone.parent;
            if (parent == null) return;
            _parent = Quaternion.Inverse(character.rotation) * parent.rotation;
            var size = parent.lossyScale.y;
            if (size != 0) _scale = character.lossyScale.y / size;
        }

        public bool Is => _bone != null;

        /// <summary>Turns the bone from rest, or from where an animation has put it.</summary>
        public void Turn(Quaternion turn, bool onTop)
        {
            if (_bone == null) return;
            var local = Quaternion.Inverse(_parent) * turn * _parent;
            _bone.localRotation = local * (onTop ? _bone.localRotation : _rotation);
        }

        /// <summary>Shifts the bone by so many metres of the character's axes.</summary>
        public void Shift(Vector3 metres, bool onTop)
        {
            if (_bone == null) return;
            _bone.localPosition = (onTop ? _bone.localPosition : _position) + Quaternion.Inverse(_parent) * metres * _scale;
        }

        /// <summary>Puts the bone where it stood.</summary>
        public void Release()
        {
            if (_bone == null) return;
            _bone.localRotation = _rotation;
            _bone.localPosition = _position;
        }
    }
}
