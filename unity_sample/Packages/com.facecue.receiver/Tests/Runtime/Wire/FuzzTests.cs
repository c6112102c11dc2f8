using System;
using System.Collections.Generic;
using NUnit.Framework;

namespace Facecue.Wire.Tests
{
    /// <summary>Golden bytes, spoilt in every way: nothing is thrown, nothing is allocated, every number stays finite.</summary>
    [TestFixture]
    public sealed class FuzzTests
    {
        const int Rounds = 20000;

        /// <summary>Bytes changed, cut out, put in, doubled, and lengths that lie.</summary>
        static int Spoil(Random chance, byte[] whole, byte[] into)
        {
            Buffer.BlockCopy(whole, 0, into, 0, whole.Length);
            var length = whole.Length;
            for (var times = chance.Next(1, 6); times > 0; times--)
            {
                var at = chance.Next(length);
                switch (chance.Next(6))
                {
                    case 0: into[at] = (byte)chance.Next(256); break;
                    case 1: into[at] ^= (byte)(1 << chance.Next(8)); break;
                    case 2: into[at] = (byte)(chance.Next(2) == 0 ? 0xFF : 0x7F); break;
                    case 3:
                        length = Math.Max(1, at);
                        break;
                    case 4:
                        var cut = Math.Min(chance.Next(1, 9), length - at - 1);
                        Buffer.BlockCopy(into, at + cut, into, at, length - at - cut);
                        length -= Math.Max(cut, 0);
                        break;
                    default:
                        if (length + 8 >= into.Length) break;
                        Buffer.BlockCopy(into, at, into, at + 4, length - at);
                        length += 4;
                        break;
                }
                length = Math.Max(length, 1);
            }
            return length;
        }

        static void Finite(FaceFrame frame)
        {
            foreach (var array in new[] { frame.Arkit, frame.Gaze, frame.Emotion, frame.HeadRotation, frame.HeadTranslation, frame.Landmarks })
                foreach (var value in array) Assert.IsTrue(Bits.IsFinite(value));
            Assert.IsTrue(Bits.IsFinite(frame.TimeS) && Bits.IsFinite(frame.LatencyS));
            Assert.GreaterOrEqual(frame.Number, 0);
        }

        [Test]
        public void Maps()
        {
            var chance = new Random(1);
            var whole = Golden.Bytes("zmq_v1.bin");
            var data = new byte[whole.Length + 64];
            var frame = new FaceFrame();
            int frames = 0, others = 0;
            for (var i = 0; i < Rounds; i++)
            {
                var length = Spoil(chance, whole, data);
                var came = NativeMap.Read(data, 0, length, frame, out _);
                if (came == Reading.OtherVersion) others++;
                if (came != Reading.Frame) continue;
                frames++;
                Finite(frame);
            }
            Assert.Greater(frames, Rounds / 100); // the spoiling is not so rough that nothing is ever tried
            Assert.Less(frames, Rounds);
            Assert.Greater(others, 0);
        }

        [Test]
        public void Packets()
        {
            var chance = new Random(2);
            var names = new[] { "osc_v1_1.bin", "osc_v1_2.bin", "vmc_1.bin", "vmc_2.bin", "vmc_3.bin" };
            var ring = new FrameRing(4);
            var reader = new OscFaceReader("face", ring);
            var frame = new FaceFrame();
            var data = new byte[2048];
            for (var i = 0; i < Rounds; i++)
            {
                var length = Spoil(chance, Golden.Bytes(names[i % names.Length]), data);
                reader.Read(data, 0, length, i);
                while (ring.TryTake(frame)) Finite(frame);
            }
            Assert.Greater(reader.Received, 100);
            Assert.Greater(reader.Rejected, Rounds / 10);
        }

        [Test]
        public void Connections()
        {
            var chance = new Random(3);
            var parts = new List<byte>(ZmtpPeer.Greeting());
            parts.AddRange(ZmtpPeer.Ready());
            for (var i = 0; i < 3; i++) parts.AddRange(ZmtpPeer.Message(ZmtpPeer.Name("face"), Golden.Bytes("zmq_v1.bin")));
            parts.AddRange(ZmtpPeer.Command("PING", 0, 10, 1, 2));
            var whole = parts.ToArray();
            var data = new byte[whole.Length + 64];
            var ring = new FrameRing(4);
            var link = new ZmtpLink("face", ring);
            var frame = new FaceFrame();
            var closed = 0;
            for (var i = 0; i < Rounds / 10; i++)
            {
                link.Open(0);
                var length = Spoil(chance, whole, data);
                var bytes = new byte[length];
                Buffer.BlockCopy(data, 0, bytes, 0, length);
                if (!ZmtpPeer.Give(link, bytes, chance.Next(1, 3000))) closed++;
                while (ring.TryTake(frame)) Finite(frame);
            }
            Assert.Greater(closed, 10);
            Assert.Greater(link.Received, Rounds / 10);
        }

        [Test]
        public void RubbishOnly()
        {
            var chance = new Random(4);
            var ring = new FrameRing(4);
            var link = ZmtpPeer.Up("face", ring);
            var reader = new OscFaceReader("face", ring);
            var data = new byte[512];
            var frame = new FaceFrame();
            for (var i = 0; i < Rounds; i++)
            {
                chance.NextBytes(data);
                NativeMap.Read(data, 0, data.Length, frame, out _);
                data[0] = (byte)(i % 2 == 0 ? '/' : '#');
                reader.Read(data, 0, data.Length - i % 4, i);
                if (!ZmtpPeer.Give(link, data)) ZmtpPeer.Shake(link);
            }
            Assert.AreEqual(0, reader.Received + link.Received);
        }

        /// <summary>All that a source ever holds is made at its start; spoilt bytes add nothing to it.</summary>
        [Test]
        public void MemoryOfASourceIsBounded()
        {
            var bytes = Check.Allocated(() => new ZmtpLink("face", new SourceState().Ring));
            if (bytes < 0) Assert.Ignore("this runtime does not count the bytes of a thread");
            Assert.Less(bytes, 400000);
            Assert.Greater(bytes, 2 * ZmtpFrames.Limit);
        }

        [Test]
        public void SpoiltBytesAllocateNothing()
        {
            var whole = Golden.Bytes("zmq_v1.bin");
            var packet = Golden.Bytes("osc_v1_2.bin");
            var data = new byte[2048];
            var reader = new OscFaceReader("face", new FrameRing(4));
            var frame = new FaceFrame();
            Check.AllocatesNothing(() =>
            {
                uint state = 5;
                for (var i = 0; i < Rounds; i++)
                {
                    state = unchecked(state * 1664525u + 1013904223u);
                    Buffer.BlockCopy(whole, 0, data, 0, whole.Length);
                    data[(state >> 8) % whole.Length] = (byte)(state >> 24);
                    NativeMap.Read(data, 0, whole.Length, frame, out _);
                    Buffer.BlockCopy(packet, 0, data, 0, packet.Length);
                    data[(state >> 8) % packet.Length] = (byte)(state >> 24);
                    reader.Read(data, 0, packet.Length, 0);
                }
            });
        }
    }
}
