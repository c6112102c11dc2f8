using System;
using System.Collections.Generic;
using Facecue.Mapping;
using UnityEngine;

namespace Facecue
{
    /// <summary>
    /// facecue's own head, built at run time out of Head.bytes: a mesh with the 52 shapes, eyes that turn, a neck that gives
    /// way. Adds a FaceRig and a HeadAndEyes to its object and hands the receiver to both.
    /// </summary>
    [AddComponentMenu("facecue/Face Head"), DisallowMultipleComponent]
    public sealed class FaceHead : MonoBehaviour
    {
        [SerializeField, Tooltip("Head.bytes of this package.")] TextAsset _file = null;
        [SerializeField, Tooltip("What the built-in pipeline paints with; others have their own.")] Material _material = null;
        [SerializeField] FaceReceiver _receiver = null;

        public TextAsset File { get => _file; set => _file = value; }
        public Material Material { get => _material; set => _material = value; }
        public FaceReceiver Receiver { get => _receiver; set => _receiver = value; }

        public FaceRig Rig { get; private set; }
        public HeadAndEyes HeadAndEyes { get; private set; }

        /// <summary>Builds it; an older one is taken away.</summary>
        public void Build()
        {
            Clear();
            if (_file == null) { Debug.LogError("facecue: Face Head needs a head file; the package has Head.bytes", this); return; }
            HeadFile file;
            try { file = new HeadFile(_file.bytes); }
            catch (FormatException error) { Debug.LogError("facecue: " + _file.name + ": " + error.Message, this); return; }
            Build(file);
        }

        void Build(HeadFile file)
        {
            var pivot = HeadSkin.Point(file, file.HeadPivot);
            var bust = Child("Bust", transform, Vector3.zero);
            var head = Child("Head", bust, pivot);
            var parts = PartsOf(file, HeadTurn.Head);
            var skin = Child("Skin", transform, Vector3.zero).gameObject.AddComponent<SkinnedMeshRenderer>();
            skin.sharedMesh = Keep(HeadSkin.Make(file, parts, HeadTurn.Head, Vector3.zero));
            skin.bones = new[] { bust, head };
            skin.rootBone = bust;
            skin.localBounds = skin.sharedMesh.bounds;
            skin.sharedMaterials = Paint(parts);
            var right = Eye(file, HeadTurn.RightEye, file.RightEye, head, pivot);
            var left = Eye(file, HeadTurn.LeftEye, file.LeftEye, head, pivot);

            Rig = Own<FaceRig>();
            Rig.Meshes.Clear();
            Rig.Meshes.Add(skin);
            Rig.Receiver = _receiver;
            Rig.Bind();
            HeadAndEyes = Own<HeadAndEyes>();
            HeadAndEyes.Receiver = _receiver;
            HeadAndEyes.Character = transform;
            HeadAndEyes.Head = head;
            HeadAndEyes.RightEye = right;
            HeadAndEyes.LeftEye = left;
            HeadAndEyes.Bind();
        }

        Transform Eye(HeadFile file, HeadTurn turn, float[] centre, Transform head, Vector3 pivot)
        {
            var at = HeadSkin.Point(file, centre);
            var eye = Child(turn.ToString(), head, at - pivot);
            var parts = PartsOf(file, turn);
            if (parts.Count == 0) return eye;
            eye.gameObject.AddComponent<MeshFilter>().sharedMesh = Keep(HeadSkin.Make(file, parts, turn, at));
            eye.gameObject.AddComponent<MeshRenderer>().sharedMaterials = Paint(parts);
            return eye;
        }

        #region Private members

        readonly List<UnityEngine.Object> _made = new List<UnityEngine.Object>();

        static List<HeadPart> PartsOf(HeadFile file, HeadTurn turn)
          => new List<HeadPart>(file.Parts).FindAll(part => part.Turn == turn && part.IndexCount > 0);

        T Own<T>() where T : Component
        {
            var there = GetComponent<T>();
            return there != null ? there : gameObject.AddComponent<T>();
        }

        Transform Child(string name, Transform parent, Vector3 at)
        {
            var child = new GameObject(name).transform;
            child.SetParent(parent, false);
            child.localPosition = at;
            if (parent == transform) _made.Add(child.gameObject);
            return child;
        }

        Material[] Paint(List<HeadPart> parts)
          => parts.ConvertAll(part => Keep(HeadPaint.Make(part, _material))).ToArray();

        T Keep<T>(T made) where T : UnityEngine.Object
        {
            _made.Add(made);
            return made;
        }

        void Clear()
        {
            foreach (var made in _made)
                if (made != null) Destroy(made);
            _made.Clear();
        }

        void Awake() => Build();

        void OnDestroy() => Clear();

        #endregion
    }
}
