using System;
using NUnit.Framework;

namespace Facecue.Wire.Tests
{
    /// <summary>The golden bytes of every wire are read to the bit.</summary>
    [TestFixture]
    public sealed class GoldenTests
    {
        readonly FaceFrame _want = Golden.Frame();

        [Test]
        public void MapOfZeroMq()
        {
            var data = Golden.Bytes("zmq_v1.bin");
            var got = new FaceFrame();
            Assert.AreEqual(Reading.Frame, NativeMap.Read(data, 0, data.Length, got, out var version));
            Assert.AreEqual(1, version);
            Assert.AreEqual(_want.Number, got.Number);
            Assert.AreEqual(_want.TimeS, got.TimeS);
            Assert.AreEqual(_want.LatencyS, got.LatencyS);
            Assert.IsTrue(got.HasLandmarks);
            Check.Same(_want, got);
        }

        [Test]
        public void NativeOsc()
        {
            var got = One(new[] { "osc_v1_1.bin", "osc_v1_2.bin" });
            Assert.AreEqual(_want.Number, got.Number);
            Assert.AreEqual(_want.TimeS, got.TimeS, 1e-12); // exact again from its number
            Assert.AreEqual(_want.LatencyS, got.LatencyS, 1e-7);
            Assert.AreEqual(12.5, got.ArrivalS);
            Assert.IsTrue(got.HasLandmarks);
            Check.Same(_want, got);
        }

        [Test]
        public void NativeOscWithoutItsLandmarks()
        {
            var got = One(new[] { "osc_v1_2.bin" });
            Assert.IsFalse(got.HasLandmarks);
            Check.Same(_want, got, landmarks: false);
        }

        [Test]
        public void Vmc()
        {
            var got = One(new[] { "vmc_1.bin", "vmc_2.bin", "vmc_3.bin" });
            Assert.AreEqual(_want.TimeS, got.TimeS, 1e-6);
            Check.Near(_want.Arkit, got.Arkit, 0, "arkit");
            Check.Near(_want.Emotion, got.Emotion, 0, "emotion");
            Check.Near(_want.Gaze, got.Gaze, 1e-6, "gaze"); // through quaternions of the eyes
            Check.Near(_want.HeadRotation, got.HeadRotation, 1e-6, "head rotation"); // neck and head together
            Check.Near(_want.HeadTranslation, got.HeadTranslation, 1e-6, "head translation");
        }

        static FaceFrame One(string[] packets)
        {
            var ring = new FrameRing(4);
            var reader = new OscFaceReader("face", ring);
            foreach (var name in packets)
            {
                var data = Golden.Bytes(name);
                reader.Read(data, 0, data.Length, 12.5);
            }
            var got = new FaceFrame();
            Assert.AreEqual(1, reader.Received);
            Assert.AreEqual(0, reader.Rejected);
            Assert.IsTrue(ring.TryTake(got));
            return got;
        }

        /// <summary>Our axes make the very bytes that bridge/sinks/vmc.py sends.</summary>
        [Test]
        public void AxesAgainstVmcBytes()
        {
            var bones = new BoneBook();
            foreach (var name in new[] { "vmc_1.bin", "vmc_2.bin", "vmc_3.bin" })
            {
                var data = Golden.Bytes(name);
                Assert.IsTrue(OscPacket.Read(data, 0, data.Length, bones));
            }
            Same(Axes.RightEye(_want), bones.Turn("RightEye"));
            Same(Axes.LeftEye(_want), bones.Turn("LeftEye"));
            Same(Axes.HeadRotation(_want), bones.Turn("Neck").Then(bones.Turn("Head")));
            var place = Axes.HeadTranslation(_want);
            var sent = bones.Place("Head");
            Assert.AreEqual(sent.X, place.X);
            Assert.AreEqual(sent.Y, place.Y);
            Assert.AreEqual(sent.Z, place.Z);
        }

        static void Same(Turn want, Turn got)
        {
            const double within = 2e-7;
            Assert.AreEqual(want.X, got.X, within);
            Assert.AreEqual(want.Y, got.Y, within);
            Assert.AreEqual(want.Z, got.Z, within);
            Assert.AreEqual(want.W, got.W, within);
        }

        [Test]
        public void AxesThereAndBack()
        {
            // a point half a metre ahead of an avatar in Unity, to its right and up
            var point = Axes.ToHeadFrame(0.1f, 0.2f, 0.5f);
            Assert.AreEqual(-10f, point.X, 1e-5);
            Assert.AreEqual(20f, point.Y, 1e-5);
            Assert.AreEqual(50f, point.Z, 1e-5);
            var back = Axes.Position(point.X, point.Y, point.Z);
            Assert.AreEqual(0.1f, back.X, 1e-6);
            // in Unity + about X looks down, + about Y looks to the subject's right
            Assert.Less(Axes.Eye(0f, 0.3f).X, 0f);
            Assert.Less(Axes.Eye(0.3f, 0f).Y, 0f);
        }

        [Test]
        public void NamesAreThoseOfTheWire()
        {
            Assert.AreEqual(52, FaceNames.Arkit.Length);
            Assert.AreEqual(24, FaceNames.IndexOfArkit("jawOpen"));
            Assert.AreEqual(24, FaceNames.IndexOfArkit("JAWOPEN"));
            Assert.AreEqual(-1, FaceNames.IndexOfArkit("jaw"));
            Assert.AreEqual("neutral", FaceNames.Emotions[FaceNames.Neutral]);
            var sorted = (string[])FaceNames.Arkit.Clone();
            Array.Sort(sorted, StringComparer.Ordinal);
            CollectionAssert.AreEqual(sorted, FaceNames.Arkit);
        }
    }
}
