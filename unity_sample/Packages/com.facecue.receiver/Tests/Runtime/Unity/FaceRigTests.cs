using Facecue.Wire;
using NUnit.Framework;
using UnityEngine;
using Object = UnityEngine.Object;

namespace Facecue.Tests
{
    public sealed class FaceRigTests
    {
        [Test]
        public void WeightsReachTheShapesInHundredths()
        {
            var body = new GameObject("body");
            var face = Scene.Face(body.transform, "Brow", "Face.JawOpen", "mouthClose");
            face.SetBlendShapeWeight(2, 7);
            var rig = body.AddComponent<FaceRig>();
            rig.Bind();
            var frame = new FaceFrame();
            frame.Arkit[FaceNames.IndexOfArkit("jawOpen")] = 0.6f;
            rig.Apply(frame);
            Assert.AreEqual(60, face.GetBlendShapeWeight(1), 1e-4f);
            Assert.AreEqual(0, face.GetBlendShapeWeight(0));
            Assert.AreEqual(7, face.GetBlendShapeWeight(2), 1e-4f); // the pose of rest is kept
            rig.Gain = 0.5f;
            rig.Apply(frame);
            Assert.AreEqual(30, face.GetBlendShapeWeight(1), 1e-4f);
            rig.Release();
            Assert.AreEqual(0, face.GetBlendShapeWeight(1));
            Assert.AreEqual(7, face.GetBlendShapeWeight(2));
            Object.DestroyImmediate(body);
        }

        [Test]
        public void ShapesThatMakeTheEyesLookCanBeLeftOut()
        {
            var body = new GameObject("body");
            var face = Scene.Face(body.transform, "eyeLookUpLeft", "jawOpen");
            var rig = body.AddComponent<FaceRig>();
            rig.Bind();
            rig.LookShapes = false;
            var frame = new FaceFrame();
            frame.Arkit[FaceNames.IndexOfArkit("eyeLookUpLeft")] = 1;
            frame.Arkit[FaceNames.IndexOfArkit("jawOpen")] = 1;
            rig.Apply(frame);
            Assert.AreEqual(0, face.GetBlendShapeWeight(0));
            Assert.AreEqual(100, face.GetBlendShapeWeight(1), 1e-4f);
            Object.DestroyImmediate(body);
        }

        [Test]
        public void AMeshThatGoesWhileItPlaysDoesNoHarm()
        {
            var body = new GameObject("body");
            var face = Scene.Face(body.transform, "jawOpen");
            var rig = body.AddComponent<FaceRig>();
            rig.Bind();
            Object.DestroyImmediate(face.gameObject);
            rig.Apply(new FaceFrame());
            Object.DestroyImmediate(body);
        }
    }
}
