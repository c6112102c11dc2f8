using System;
using System.Collections.Generic;
using System.Text;
using NUnit.Framework;

namespace Facecue.Wire.Tests
{
    /// <summary>Native OSC and VMC beyond the golden bytes.</summary>
    [TestFixture]
    public sealed class OscFaceReaderTests
    {
        readonly FaceFrame _got = new FaceFrame();
        FrameRing _ring;

        [SetUp]
        public void Empty() => _ring = new FrameRing(8);

        static byte[] Message(string address, string tags, params byte[] arguments)
        {
            var bytes = new List<byte>();
            foreach (var text in new[] { address, "," + tags })
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text));
                do bytes.Add(0);
                while (bytes.Count % 4 != 0);
            }
            bytes.AddRange(arguments);
            return bytes.ToArray();
        }

        static byte[] Bundle(params byte[][] elements)
        {
            var bytes = new List<byte>(Encoding.ASCII.GetBytes("#bundle\0\0\0\0\0\0\0\0\x1"));
            foreach (var element in elements)
            {
                bytes.AddRange(Big(element.Length));
                bytes.AddRange(element);
            }
            return bytes.ToArray();
        }

        static byte[] Big(int value) => new[] { (byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value };

        static byte[] Big(params float[] values)
        {
            var bytes = new List<byte>();
            foreach (var value in values) bytes.AddRange(Big((int)Bits.ToBits(value)));
            return bytes.ToArray();
        }

        static byte[] Join(params byte[][] parts)
        {
            var bytes = new List<byte>();
            foreach (var part in parts) bytes.AddRange(part);
            return bytes.ToArray();
        }

        static byte[][] Parts(string actor, int number, float time, int version = 1) => new[]
        {
            Message($"/facecue/{actor}/gaze", "ffff", Big(0f, 0f, 0f, 0f)),
            Message($"/facecue/{actor}/head", "fffffff", Big(0f, 0f, 0f, 1f, 1f, 2f, 3f)),
            Message($"/facecue/{actor}/emotion", "ffffffff", Big(new float[8])),
            Message($"/facecue/{actor}/arkit", new string('f', 52), Big(new float[52])),
            Message($"/facecue/{actor}/frame", "iffi", Join(Big(number), Big(time, 0.1f), Big(version))),
        };

        OscFaceReader Reader(string actor = "face") => new OscFaceReader(actor, _ring);

        static void Read(OscFaceReader reader, byte[] packet, double nowS = 1) => reader.Read(packet, 0, packet.Length, nowS);

        [Test]
        public void BundlesWithinBundles()
        {
            var packet = Bundle(Parts("face", 3, 0.07f));
            for (var depth = 1; depth < OscPacket.DepthLimit; depth++) packet = Bundle(packet);
            var reader = Reader();
            Read(reader, packet);
            Assert.AreEqual(1, reader.Received);
            Read(reader, Bundle(packet)); // one too deep
            Assert.AreEqual(1, reader.Received);
            Assert.AreEqual(1, reader.Rejected);
        }

        [Test]
        public void MessagesOfTheirOwn()
        {
            var reader = Reader();
            foreach (var part in Parts("face", 3, 0.07f)) Read(reader, part);
            Assert.AreEqual(1, reader.Received);
            Assert.AreEqual(0, reader.Rejected);
        }

        [Test]
        public void OtherActorsAreLeftAside()
        {
            var reader = Reader("anna");
            Read(reader, Bundle(Parts("anna2", 3, 0.07f)));
            Read(reader, Bundle(Parts("ann", 3, 0.07f)));
            Assert.AreEqual(0, reader.Received);
            Assert.AreEqual(0, reader.Rejected);
            Read(reader, Bundle(Parts("anna", 3, 0.07f)));
            Assert.AreEqual(1, reader.Received);
        }

        [Test]
        public void AFrameNeedsAllItsParts()
        {
            var parts = Parts("face", 3, 0.07f);
            for (var missing = 0; missing < 4; missing++)
            {
                var reader = Reader();
                var some = new List<byte[]>(parts);
                some.RemoveAt(missing);
                Read(reader, Bundle(some.ToArray()));
                Assert.AreEqual(0, reader.Received);
                Assert.AreEqual(1, reader.Rejected);
                Read(reader, Bundle(parts));
                Assert.AreEqual(1, reader.Received);
            }
        }

        [Test]
        public void LandmarksOfAnotherFrameDoNotCount()
        {
            var reader = Reader();
            Read(reader, Message("/facecue/face/landmarks", "i" + new string('f', 204), Join(Big(2), Big(new float[204]))));
            Read(reader, Bundle(Parts("face", 3, 0.07f)));
            Assert.IsTrue(_ring.TryTake(_got));
            Assert.IsFalse(_got.HasLandmarks);
        }

        [Test]
        public void AnotherVersionIsRefused()
        {
            var reader = Reader();
            Read(reader, Bundle(Parts("face", 3, 0.07f, version: 2)));
            Assert.AreEqual(2, reader.RefusedVersion);
            Assert.AreEqual(0, reader.Received);
            Read(reader, Bundle(Parts("face", 3, 0.07f)));
            Assert.AreEqual(0, reader.RefusedVersion);
        }

        [Test]
        public void MoreArgumentsMayFollow()
        {
            var reader = Reader();
            var parts = Parts("face", 3, 0.07f);
            parts[4] = Message("/facecue/face/frame", "iffisb", Join(Big(3), Big(0.07f, 0.1f), Big(1),
                Encoding.ASCII.GetBytes("abcd\0\0\0\0"), Big(3), new byte[4]));
            Read(reader, Bundle(parts));
            Assert.AreEqual(1, reader.Received);
            Assert.AreEqual(0, reader.Rejected);
        }

        [Test]
        public void TimeIsExactAgain([Values(24, 50, 60, 120)] int rate, [Values(0, 7, 4321, 17000000)] int number)
        {
            var time = (number + 0.5) / rate;
            Read(Reader(), Bundle(Parts("face", number, (float)time)));
            Assert.IsTrue(_ring.TryTake(_got));
            Assert.AreEqual(time, _got.TimeS, 1e-9);
        }

        [Test]
        public void BrokenPacketsAreCounted()
        {
            var whole = Bundle(Parts("face", 3, 0.07f));
            var reader = Reader();
            var rejected = 0;
            for (var length = 0; length < whole.Length; length++)
            {
                // cut between two elements it is still a bundle
                if (!Whole(whole, length)) rejected++;
                reader.Read(whole, 0, length, 1);
            }
            Assert.AreEqual(0, reader.Received);
            Assert.AreEqual(rejected, reader.Rejected);
            Read(reader, Bundle(Message("/facecue/face/arkit", new string('f', 52), Big(float.NaN))));
            Read(reader, Message("/facecue/face/gaze", "ffff", Big(float.NaN, 0f, 0f, 0f)));
            Assert.AreEqual(rejected + 2, reader.Rejected);
        }

        static bool Whole(byte[] bundle, int length)
        {
            if (length < 16) return false;
            var at = 16;
            while (at < length) at += 4 + (int)Bits.Big32(bundle, at);
            return at == length;
        }

        [Test]
        public void VmcOfOthers()
        {
            var reader = Reader();
            Read(reader, Message("/VMC/Ext/Bone/Pos", "sfffffff",
                Join(Encoding.ASCII.GetBytes("Head\0\0\0\0"), Big(0f, 1.5f, 0f, 0f, 0f, 0f, 1f))));
            Read(reader, Message("/VMC/Ext/Blend/Val", "sf", Join(Encoding.ASCII.GetBytes("JawOpen\0"), Big(0.25f))));
            Read(reader, Message("/VMC/Ext/Blend/Val", "sf", Join(Encoding.ASCII.GetBytes("Joy\0"), Big(1f))));
            Read(reader, Message("/VMC/Ext/Blend/Apply", ""), 5);
            Assert.IsTrue(_ring.TryTake(_got));
            Assert.AreEqual(0.25f, _got.Arkit[FaceNames.IndexOfArkit("jawOpen")]);
            Assert.AreEqual(5, _got.TimeS, "without a time of its own a frame has that of its arrival");
            Assert.AreEqual(0f, _got.HeadTranslation[1], "the place of a skeleton's head is no shift");
            Assert.AreEqual(0, reader.Rejected);
        }

        [Test]
        public void NativeGoesFirst()
        {
            var reader = Reader();
            Read(reader, Bundle(Parts("face", 3, 0.07f)), 10);
            Read(reader, Message("/VMC/Ext/Blend/Apply", ""), 10.5);
            Assert.AreEqual(1, reader.Received);
            Read(reader, Message("/VMC/Ext/Blend/Apply", ""), 11.5);
            Assert.AreEqual(2, reader.Received);
        }

        [Test]
        public void ReadingAllocatesNothing()
        {
            var packets = new[] { Golden.Bytes("osc_v1_1.bin"), Golden.Bytes("osc_v1_2.bin"), Golden.Bytes("vmc_1.bin"), Golden.Bytes("vmc_3.bin") };
            var reader = Reader();
            var now = 0.0;
            Check.AllocatesNothing(() =>
            {
                for (var i = 0; i < 1000; i++)
                    foreach (var packet in packets) reader.Read(packet, 0, packet.Length, now += 0.6);
            });
        }
    }
}
