using System.Collections.Generic;
using Facecue.Mapping;
using UnityEngine;

namespace Facecue
{
    /// <summary>Meshes out of a head file, in Unity's axes (x turned round, metres): one that has the shapes, one an eye.</summary>
    static class HeadSkin
    {
        /// <summary>A point of the file in metres of Unity's axes.</summary>
        public static Vector3 Point(HeadFile file, float[] xyz, int i = 0)
          => new Vector3(-xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2]) * file.UnitM;

        /// <summary>
        /// The parts that turn with `turn`, one submesh each, seen from `centre`. The head's has blend shapes and two bones:
        /// 0 the bust, 1 the head about its pivot.
        /// </summary>
        public static Mesh Make(HeadFile file, List<HeadPart> parts, HeadTurn turn, Vector3 centre)
        {
            var old = UsedBy(file, parts);
            var renamed = new int[file.VertexCount];
            var vertices = new Vector3[old.Count];
            var normals = new Vector3[old.Count];
            var colours = new Color32[old.Count];
            for (var i = 0; i < old.Count; i++)
            {
                var from = old[i];
                renamed[from] = i;
                vertices[i] = Point(file, file.Vertices, from) - centre;
                normals[i] = new Vector3(-file.Normals[3 * from], file.Normals[3 * from + 1], file.Normals[3 * from + 2]);
                colours[i] = new Color32(file.Colours[4 * from], file.Colours[4 * from + 1], file.Colours[4 * from + 2],
                                         file.Colours[4 * from + 3]);
            }
            var mesh = new Mesh { name = "facecue " + turn, vertices = vertices, normals = normals, colors32 = colours };
            mesh.subMeshCount = parts.Count;
            for (var p = 0; p < parts.Count; p++) mesh.SetTriangles(Corners(file, parts[p], renamed), p);
            if (turn == HeadTurn.Head)
            {
                mesh.boneWeights = Shares(file, old);
                mesh.bindposes = new[]
                {
                    Matrix4x4.identity, Matrix4x4.Translate(-Point(file, file.HeadPivot))
                };
                AddShapes(file, mesh, old, renamed);
            }
            mesh.RecalculateBounds();
            return mesh;
        }

        static List<int> UsedBy(HeadFile file, List<HeadPart> parts)
        {
            var used = new bool[file.VertexCount];
            foreach (var part in parts)
                for (var i = 0; i < part.IndexCount; i++) used[file.Triangles[part.FirstIndex + i]] = true;
            var old = new List<int>();
            for (var i = 0; i < used.Length; i++)
                if (used[i]) old.Add(i);
            return old;
        }

        // a mirrored triangle shows its back: two corners change places
        static int[] Corners(HeadFile file, HeadPart part, int[] renamed)
        {
            var corners = new int[part.IndexCount];
            for (var i = 0; i < corners.Length; i += 3)
            {
                corners[i] = renamed[file.Triangles[part.FirstIndex + i]];
                corners[i + 1] = renamed[file.Triangles[part.FirstIndex + i + 2]];
                corners[i + 2] = renamed[file.Triangles[part.FirstIndex + i + 1]];
            }
            return corners;
        }

        // the greater weight first, as Unity wants it
        static BoneWeight[] Shares(HeadFile file, List<int> old)
        {
            var weights = new BoneWeight[old.Count];
            for (var i = 0; i < weights.Length; i++)
            {
                var head = file.HeadShare[old[i]];
                var first = head >= 0.5f ? 1 : 0;
                weights[i] = new BoneWeight
                {
                    boneIndex0 = first, weight0 = first == 1 ? head : 1 - head,
                    boneIndex1 = 1 - first, weight1 = first == 1 ? 1 - head : head
                };
            }
            return weights;
        }

        static void AddShapes(HeadFile file, Mesh mesh, List<int> old, int[] renamed)
        {
            var mine = new bool[file.VertexCount];
            foreach (var i in old) mine[i] = true;
            foreach (var morph in file.Morphs)
            {
                // new ones each time: the mesh may keep what it is given
                var deltas = new Vector3[old.Count];
                var turned = new Vector3[old.Count];
                for (var i = 0; i < morph.Indices.Length; i++)
                {
                    if (!mine[morph.Indices[i]]) continue;
                    var to = renamed[morph.Indices[i]];
                    var step = morph.Scale * file.UnitM;
                    deltas[to] = new Vector3(-morph.Deltas[3 * i], morph.Deltas[3 * i + 1], morph.Deltas[3 * i + 2]) * step;
                    turned[to] = new Vector3(-morph.Normals[3 * i], morph.Normals[3 * i + 1], morph.Normals[3 * i + 2])
                        * morph.NormalScale;
                }
                mesh.AddBlendShapeFrame(morph.Name, 100, deltas, turned, null);
            }
        }
    }
}
