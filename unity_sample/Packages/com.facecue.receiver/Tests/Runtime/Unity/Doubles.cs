using System.Collections.Generic;
using Facecue.Wire;
using UnityEngine;

namespace Facecue.Tests
{
    /// <summary>Frames that a test hands over, in place of a network.</summary>
    sealed class HandSource : IFaceSource
    {
        readonly Queue<FaceFrame> _waiting = new Queue<FaceFrame>();

        public LinkState State { get; set; } = LinkState.Receiving;
        public string Detail => "by hand";
        public long Received { get; private set; }
        public long Rejected => 0;
        public long Dropped => 0;
        public bool Disposed { get; private set; }

        public void Give(FaceFrame frame)
        {
            _waiting.Enqueue(frame);
            Received++;
        }

        public bool TryTake(FaceFrame into)
        {
            if (_waiting.Count == 0) return false;
            into.CopyFrom(_waiting.Dequeue());
            return true;
        }

        public void Dispose() => Disposed = true;
    }

    static class Scene
    {
        public static SkinnedMeshRenderer Face(Transform parent, params string[] shapes)
        {
            var mesh = new Mesh { vertices = new Vector3[1] };
            foreach (var shape in shapes) mesh.AddBlendShapeFrame(shape, 100, new Vector3[1], null, null);
            var made = new GameObject("Face");
            made.transform.SetParent(parent, false);
            var renderer = made.AddComponent<SkinnedMeshRenderer>();
            renderer.sharedMesh = mesh;
            return renderer;
        }

        public static Transform Bone(string name, Transform parent, Vector3 at, Quaternion turned)
        {
            var bone = new GameObject(name).transform;
            bone.SetParent(parent, false);
            bone.localPosition = at;
            bone.localRotation = turned;
            return bone;
        }

        public static FaceFrame Frame(long number)
            => new FaceFrame { Number = number, TimeS = (number + 0.5) / 50, ArrivalS = 10 + number / 50.0 };
    }
}
