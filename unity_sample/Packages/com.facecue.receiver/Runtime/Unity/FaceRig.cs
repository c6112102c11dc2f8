using System.Collections.Generic;
using Facecue.Mapping;
using Facecue.Wire;
using UnityEngine;

namespace Facecue
{
    /// <summary>
    /// Moves the blend shapes of any number of meshes with a receiver's frame. Shapes are found by name; a RigMap says what
    /// names do not. Head and eyes are HeadAndEyes'.
    /// </summary>
    // LateUpdate, so that it has the last word over an Animator.
    [AddComponentMenu("facecue/Face Rig")]
    public sealed class FaceRig : MonoBehaviour
    {
        #region Editor attributes

        [SerializeField] FaceReceiver _receiver = null;
        [SerializeField, Tooltip("Empty: all meshes with blend shapes below this object.")]
        List<SkinnedMeshRenderer> _meshes = new List<SkinnedMeshRenderer>();
        [SerializeField, Tooltip("Exceptions to mapping by name; empty for none.")] RigMap _map = null;
        [SerializeField, Range(0, 2), Tooltip("Gain of all shapes.")] float _gain = 1;

        #endregion

        #region Public members

        public FaceReceiver Receiver { get => _receiver; set => _receiver = value; }
        public List<SkinnedMeshRenderer> Meshes => _meshes;
        public RigMap Map { get => _map; set => _map = value; }
        public float Gain { get => _gain; set => _gain = value; }

        /// <summary>Whether shapes that make the eyes look are moved; HeadAndEyes says no where bones do it alone.</summary>
        public bool LookShapes { get; set; } = true;

        /// <summary>What was found by the last Bind; null before.</summary>
        public MapReport Report => _faceMap == null ? null : _faceMap.Report;

        /// <summary>Blend shapes that move.</summary>
        public int Count => _shapes.Length;

        /// <summary>Finds the shapes anew: after meshes or the map were changed.</summary>
        public MapReport Bind()
        {
            Release();
            var renderers = _meshes.FindAll(mesh => mesh != null && mesh.sharedMesh != null);
            if (renderers.Count == 0) FindMeshes(renderers);
            var names = renderers.ConvertAll(NamesOf);
            _faceMap = new FaceMap(names, _map == null ? PresetName.Auto : _map.Preset,
                                   _map == null ? null : _map.Settings);
            _shapes = new Shape[_faceMap.Count];
            for (var i = 0; i < _shapes.Length; i++) _shapes[i] = ShapeOf(renderers[_faceMap.MeshOf(i)], i);
            return _faceMap.Report;
        }

        /// <summary>Moves the shapes as a frame says.</summary>
        public void Apply(FaceFrame frame)
        {
            if (_faceMap == null) Bind();
            var weights = _faceMap.Evaluate(frame);
            for (var i = 0; i < _shapes.Length; i++)
            {
                if (_shapes[i].Renderer == null) continue; // destroyed since
                var weight = LookShapes || !_shapes[i].Look ? weights[i] * _gain : 0;
                _shapes[i].Renderer.SetBlendShapeWeight(_shapes[i].Index, _shapes[i].Rest + weight * _shapes[i].Full);
            }
        }

        /// <summary>Gives the shapes the weights they had, and forgets them.</summary>
        public void Release()
        {
            foreach (var shape in _shapes)
                if (shape.Renderer != null) shape.Renderer.SetBlendShapeWeight(shape.Index, shape.Rest);
            _shapes = new Shape[0];
            _faceMap = null;
        }

        #endregion

        #region Private members

        struct Shape
        {
            public SkinnedMeshRenderer Renderer;
            public int Index;
            public float Full, Rest; // Unity's weights: 100 is full for most
            public bool Look;
        }

        FaceMap _faceMap;
        Shape[] _shapes = new Shape[0];

        void FindMeshes(List<SkinnedMeshRenderer> into)
        {
            foreach (var mesh in GetComponentsInChildren<SkinnedMeshRenderer>(true))
                if (mesh.sharedMesh != null && mesh.sharedMesh.blendShapeCount > 0) into.Add(mesh);
        }

        static MeshShapes NamesOf(SkinnedMeshRenderer renderer)
        {
            var mesh = renderer.sharedMesh;
            var names = new string[mesh.blendShapeCount];
            for (var i = 0; i < names.Length; i++) names[i] = mesh.GetBlendShapeName(i);
            return new MeshShapes(renderer.name, names);
        }

        Shape ShapeOf(SkinnedMeshRenderer renderer, int slot)
        {
            var mesh = renderer.sharedMesh;
            var index = _faceMap.ShapeOf(slot);
            var full = mesh.GetBlendShapeFrameWeight(index, mesh.GetBlendShapeFrameCount(index) - 1);
            var rest = renderer.GetBlendShapeWeight(index);
            return new Shape
            {
                Renderer = renderer, Index = index, Full = full, Rest = rest, Look = _faceMap.IsLook(slot)
            };
        }

        #endregion

        #region MonoBehaviour

        void OnEnable() => Bind();

        void OnDisable() => Release();

        void LateUpdate() { if (_receiver != null) Apply(_receiver.Frame); }

        #endregion
    }
}
