using System.Threading;
using NUnit.Framework;

namespace Facecue.Wire.Tests
{
    /// <summary>The ring between two threads.</summary>
    [TestFixture]
    public sealed class FrameRingTests
    {
        [Test]
        public void FirstInFirstOut()
        {
            var ring = new FrameRing(3);
            var frame = new FaceFrame();
            Assert.IsFalse(ring.TryTake(frame));
            for (var n = 0; n < 20; n++)
            {
                frame.Number = n;
                ring.Push(frame);
                frame.Number = -1;
                Assert.IsTrue(ring.TryTake(frame));
                Assert.AreEqual(n, frame.Number);
            }
            Assert.AreEqual(0, ring.Dropped);
        }

        [Test]
        public void TheOldestIsDroppedAndCounted()
        {
            var ring = new FrameRing(4);
            var frame = new FaceFrame();
            for (var n = 0; n < 10; n++)
            {
                frame.Number = n;
                ring.Push(frame);
            }
            for (var n = 6; n < 10; n++)
            {
                Assert.IsTrue(ring.TryTake(frame));
                Assert.AreEqual(n, frame.Number);
            }
            Assert.IsFalse(ring.TryTake(frame));
            Assert.AreEqual(6, ring.Dropped);
        }

        [Test]
        public void TwoThreadsNeverShareAFrame()
        {
            const int count = 200000;
            var ring = new FrameRing(4);
            var pushing = new Thread(() =>
            {
                var frame = new FaceFrame();
                for (var n = 1; n <= count; n++)
                {
                    frame.Number = n;
                    for (var i = 0; i < frame.Arkit.Length; i++) frame.Arkit[i] = n;
                    frame.Landmarks[203] = n;
                    ring.Push(frame);
                }
            });
            pushing.Start();
            var got = new FaceFrame();
            long last = 0, taken = 0;
            while (last < count)
            {
                if (!ring.TryTake(got)) continue;
                taken++;
                Assert.Greater(got.Number, last);
                last = got.Number;
                foreach (var value in got.Arkit) Assert.AreEqual((float)last, value);
                Assert.AreEqual((float)last, got.Landmarks[203]);
            }
            pushing.Join();
            Assert.AreEqual(count, taken + ring.Dropped);
        }
    }
}
