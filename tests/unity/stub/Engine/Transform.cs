using System.Collections.Generic;

namespace UnityEngine
{
    public class Transform : Component
    {
        internal readonly List<Transform> Children = new List<Transform>();
        Transform _parent;

        public Vector3 localPosition { get; set; }
        public Quaternion localRotation { get; set; } = Quaternion.identity;
        public Vector3 localScale { get; set; } = Vector3.one;

        public Transform parent { get => _parent; set => SetParent(value); }
        public int childCount => Children.Count;
        public Transform GetChild(int index) => Children[index];

        public Vector3 position
        {
            get => _parent == null ? localPosition : _parent.TransformPoint(localPosition);
            set => localPosition = _parent == null ? value : _parent.InverseTransformPoint(value);
        }

        public Quaternion rotation
        {
            get => _parent == null ? localRotation : _parent.rotation * localRotation;
            set => localRotation = _parent == null ? value : Quaternion.Inverse(_parent.rotation) * value;
        }

        public Vector3 lossyScale => _parent == null ? localScale : Vector3.Scale(_parent.lossyScale, localScale);
        public Vector3 forward => rotation * Vector3.forward;
        public Vector3 right => rotation * Vector3.right;
        public Vector3 up => rotation * Vector3.up;

        public void SetParent(Transform p) => SetParent(p, true);

        public void SetParent(Transform parent, bool worldPositionStays)
        {
            Vector3 at = position;
            Quaternion turn = rotation;
            if (!ReferenceEquals(_parent, null)) _parent.Children.Remove(this);
            _parent = parent;
            if (!ReferenceEquals(parent, null)) parent.Children.Add(this);
            if (!worldPositionStays) return;
            position = at;
            rotation = turn;
        }

        public Vector3 TransformPoint(Vector3 position)
        {
            var at = localPosition + localRotation * Vector3.Scale(localScale, position);
            return _parent == null ? at : _parent.TransformPoint(at);
        }

        public Vector3 InverseTransformPoint(Vector3 position)
        {
            var at = _parent == null ? position : _parent.InverseTransformPoint(position);
            return Shrink(Quaternion.Inverse(localRotation) * (at - localPosition));
        }

        public Vector3 TransformVector(Vector3 vector)
        {
            var turned = localRotation * Vector3.Scale(localScale, vector);
            return _parent == null ? turned : _parent.TransformVector(turned);
        }

        public void LookAt(Vector3 worldPosition) { }

        Vector3 Shrink(Vector3 v) => new Vector3(v.x / localScale.x, v.y / localScale.y, v.z / localScale.z);
    }
}
