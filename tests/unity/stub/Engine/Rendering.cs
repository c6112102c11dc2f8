using System;
using System.Collections.Generic;

namespace UnityEngine
{
    public struct BoneWeight
    {
        public float weight0 { get; set; }
        public float weight1 { get; set; }
        public float weight2 { get; set; }
        public float weight3 { get; set; }
        public int boneIndex0 { get; set; }
        public int boneIndex1 { get; set; }
        public int boneIndex2 { get; set; }
        public int boneIndex3 { get; set; }
    }

    public sealed class Mesh : Object
    {
        sealed class Shape { public string Name; public float Weight; public Vector3[] Deltas, Normals; }

        readonly List<Shape> _shapes = new List<Shape>();
        int[][] _triangles = new int[1][];

        public Vector3[] vertices { get; set; } = new Vector3[0];
        public Vector3[] normals { get; set; } = new Vector3[0];
        public Color32[] colors32 { get; set; }
        public BoneWeight[] boneWeights { get; set; }
        public Matrix4x4[] bindposes { get; set; }
        public Bounds bounds { get; set; }
        public int vertexCount => vertices.Length;
        public int subMeshCount { get => _triangles.Length; set => Array.Resize(ref _triangles, value); }
        public int blendShapeCount => _shapes.Count;

        public void SetTriangles(int[] triangles, int submesh)
        {
            foreach (var corner in triangles)
                if (corner < 0 || corner >= vertexCount) throw new ArgumentException("triangle out of bounds");
            _triangles[submesh] = triangles;
        }

        public int[] GetTriangles(int submesh) => _triangles[submesh];

        public void AddBlendShapeFrame(string shapeName, float frameWeight, Vector3[] deltaVertices,
                                       Vector3[] deltaNormals, Vector3[] deltaTangents)
        {
            if (deltaVertices.Length != vertexCount || deltaNormals != null && deltaNormals.Length != vertexCount)
                throw new ArgumentException("deltas must match the vertices");
            _shapes.Add(new Shape
            {
                Name = shapeName, Weight = frameWeight, Deltas = (Vector3[])deltaVertices.Clone(),
                Normals = deltaNormals == null ? null : (Vector3[])deltaNormals.Clone()
            });
        }

        public string GetBlendShapeName(int shapeIndex) => _shapes[shapeIndex].Name;
        public int GetBlendShapeIndex(string blendShapeName) => _shapes.FindIndex(s => s.Name == blendShapeName);
        public int GetBlendShapeFrameCount(int shapeIndex) => _shapes[shapeIndex] == null ? 0 : 1;
        public float GetBlendShapeFrameWeight(int shapeIndex, int frameIndex) => _shapes[shapeIndex].Weight;

        public void GetBlendShapeFrameVertices(int shapeIndex, int frameIndex, Vector3[] deltaVertices,
                                               Vector3[] deltaNormals, Vector3[] deltaTangents)
        {
            _shapes[shapeIndex].Deltas.CopyTo(deltaVertices, 0);
            if (deltaNormals != null && _shapes[shapeIndex].Normals != null)
                _shapes[shapeIndex].Normals.CopyTo(deltaNormals, 0);
        }

        public void RecalculateBounds()
        {
            if (vertexCount == 0) return;
            Vector3 low = vertices[0], high = vertices[0];
            foreach (var v in vertices)
            {
                low = new Vector3(Math.Min(low.x, v.x), Math.Min(low.y, v.y), Math.Min(low.z, v.z));
                high = new Vector3(Math.Max(high.x, v.x), Math.Max(high.y, v.y), Math.Max(high.z, v.z));
            }
            bounds = new Bounds((low + high) / 2, high - low);
        }
    }

    public class Renderer : Component
    {
        public Material[] sharedMaterials { get; set; } = new Material[0];
        public bool enabled { get; set; } = true;
    }

    public class MeshRenderer : Renderer { }

    public sealed class MeshFilter : Component { public Mesh sharedMesh { get; set; } }

    public class SkinnedMeshRenderer : Renderer
    {
        readonly Dictionary<int, float> _weights = new Dictionary<int, float>();

        public Mesh sharedMesh { get; set; }
        public Transform[] bones { get; set; }
        public Transform rootBone { get; set; }
        public Bounds localBounds { get; set; }

        public float GetBlendShapeWeight(int index)
        {
            Check(index);
            float weight;
            return _weights.TryGetValue(index, out weight) ? weight : 0;
        }

        public void SetBlendShapeWeight(int index, float value) { Check(index); _weights[index] = value; }

        void Check(int index)
        {
            if (sharedMesh == null || index < 0 || index >= sharedMesh.blendShapeCount)
                throw new IndexOutOfRangeException("no blend shape " + index);
        }
    }

    public sealed class Shader : Object
    {
        static readonly Dictionary<string, int> _ids = new Dictionary<string, int>();
        public static Shader Find(string name) => name == "Standard" ? new Shader { name = name } : null;
        public static int PropertyToID(string name)
        {
            int id;
            if (!_ids.TryGetValue(name, out id)) _ids[name] = id = _ids.Count + 1;
            return id;
        }
    }

    public class Material : Object
    {
        // the Standard shader's
        static readonly HashSet<int> _known = new HashSet<int>
        {
            Shader.PropertyToID("_Color"), Shader.PropertyToID("_Glossiness"), Shader.PropertyToID("_Metallic"),
            Shader.PropertyToID("_EmissionColor")
        };
        readonly Dictionary<int, Color> _colors = new Dictionary<int, Color>();
        readonly Dictionary<int, float> _floats = new Dictionary<int, float>();

        public Material(Shader shader) { this.shader = shader; }
        public Material(Material source) { shader = source.shader; }
        public Shader shader { get; set; }
        public bool HasProperty(int nameID) => _known.Contains(nameID);
        public void SetColor(int nameID, Color value) => _colors[nameID] = value;
        public void SetFloat(int nameID, float value) => _floats[nameID] = value;
        public Color GetColor(int nameID) => _colors[nameID];
        public void EnableKeyword(string keyword) { }
        public Color color { get => GetColor(Shader.PropertyToID("_Color")); set => SetColor(Shader.PropertyToID("_Color"), value); }
    }

    public class TextAsset : Object
    {
        readonly byte[] _bytes;
        public TextAsset(string text) { _bytes = System.Text.Encoding.UTF8.GetBytes(text); }
        // not Unity's: a test has no importer
        public TextAsset(byte[] bytes) { _bytes = bytes; }
        public byte[] bytes => _bytes;
    }

    public enum CameraClearFlags { Skybox = 1, Color = 2, SolidColor = 2, Depth = 3, Nothing = 4 }

    public sealed class Camera : Behaviour
    {
        public static Camera main => FindAnyObjectByType<Camera>();
        public float fieldOfView { get; set; } = 60;
        public float nearClipPlane { get; set; } = 0.3f;
        public CameraClearFlags clearFlags { get; set; } = CameraClearFlags.Skybox;
        public Color backgroundColor { get; set; }
    }

    public enum LightType { Spot, Directional, Point }

    public sealed class Light : Behaviour
    {
        public LightType type { get; set; } = LightType.Point;
        public float intensity { get; set; } = 1;
        public Color color { get; set; } = Color.white;
    }
}

namespace UnityEngine.Rendering
{
    public abstract class RenderPipelineAsset : ScriptableObject
    {
        public virtual Material defaultMaterial => null;
        public virtual Shader defaultShader => null;
    }

    public sealed class GraphicsSettings : Object
    {
        public static RenderPipelineAsset currentRenderPipeline => null;
    }
}
