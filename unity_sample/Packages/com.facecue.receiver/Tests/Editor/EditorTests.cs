using Facecue.Wire;
using NUnit.Framework;
using UnityEditor;
using UnityEngine;
using Object = UnityEngine.Object;

namespace Facecue.Editor.Tests
{
    public sealed class EditorTests
    {
        static SkinnedMeshRenderer Face(GameObject body, params string[] shapes)
        {
            var mesh = new Mesh { vertices = new Vector3[1] };
            foreach (var shape in shapes) mesh.AddBlendShapeFrame(shape, 100, new Vector3[1], null, null);
            var face = new GameObject("Face");
            face.transform.SetParent(body.transform, false);
            var renderer = face.AddComponent<SkinnedMeshRenderer>();
            renderer.sharedMesh = mesh;
            return renderer;
        }

        [Test]
        public void TheStrongestWeightsComeFirst()
        {
            var weights = new float[52];
            weights[7] = 0.9f;
            weights[3] = 0.4f;
            weights[50] = 0.95f;
            var into = new int[3];
            FaceReceiverEditor.FindStrongest(weights, into);
            Assert.AreEqual(new[] { 50, 7, 3 }, into);
        }

        [Test]
        public void AutoMapFillsTheListAndReports()
        {
            var body = new GameObject("body");
            var face = Face(body, "Head_jawOpen", "mouth_close", "Eye_Blink_Left", "Bulge");
            var rig = body.AddComponent<FaceRig>();
            var report = FaceRigEditor.AutoMap(rig);
            Assert.AreEqual(new[] { face }, rig.Meshes.ToArray());
            Assert.AreEqual(3, report.Found.Count, report.ToString());
            Assert.AreEqual(49, report.Missing.Count);
            Assert.AreEqual(new[] { "Face.Bulge" }, report.Unused.ToArray());
            Object.DestroyImmediate(body);
        }

        [Test]
        public void TheMenuMakesAReceiverThatMovesTheSelectedCharacter()
        {
            var body = new GameObject("body");
            Face(body, FaceNames.Arkit);
            FaceMenu.AddReceiver(new MenuCommand(body));
            var receiver = body.GetComponentsInChildren<FaceReceiver>(true)[0];
            Assert.IsTrue(receiver != null);
            Assert.AreEqual(receiver, body.GetComponent<FaceRig>().Receiver);
            Assert.AreEqual(receiver, body.GetComponent<HeadAndEyes>().Receiver);
            Assert.AreEqual(52, body.GetComponent<FaceRig>().Report.Found.Count);
            Assert.AreEqual(receiver.gameObject, Selection.activeGameObject);
            Object.DestroyImmediate(body);
        }

        [Test]
        public void AMapIsHeldAgainstACharacter()
        {
            var body = new GameObject("body");
            Face(body, "jawOpen", "Bulge");
            var map = ScriptableObject.CreateInstance<RigMap>();
            map.Settings.Add(new Mapping.ShapeSetting { Shape = "Bulge", Source = "cheekPuff" });
            map.Settings.Add(new Mapping.ShapeSetting { Shape = "Bulg", Source = "cheekPuff" });
            var report = RigMapEditor.Check(map, body);
            Assert.AreEqual(2, report.Found.Count, report.ToString());
            Assert.AreEqual(1, report.Wrong.Count);
            Object.DestroyImmediate(map);
            Object.DestroyImmediate(body);
        }
    }
}
