using NUnit.Framework;

namespace Facecue.Wire.Tests
{
    /// <summary>The MessagePack map: what is taken, what is refused.</summary>
    [TestFixture]
    public sealed class NativeMapTests
    {
        readonly FaceFrame _frame = Golden.Frame();

        static Reading Read(byte[] data, FaceFrame into, out long version)
            => NativeMap.Read(data, 0, data.Length, into, out version);

        static Reading Read(byte[] data) => Read(data, new FaceFrame(), out _);

        [Test]
        public void UnknownKeysAreLeftAside()
        {
            var writer = new PackWriter().Frame(_frame, more: 3);
            writer.Text("later").Raw(0x93, 0xC0, 0x81, 0xA1, (byte)'x', 0xC3, 0xCA, 0, 0, 0, 0); // [nil, {"x": true}, 0.0]
            writer.Integer(7).Raw(0xC7, 2, 5, 1, 2); // a key that is no text; an extension
            writer.Raw(0x92, 1, 2).Raw(0xC0); // a list as a key
            var got = new FaceFrame();
            Assert.AreEqual(Reading.Frame, Read(writer.Bytes, got, out _));
            Check.Same(_frame, got);
        }

        [Test]
        public void TheLastOfAKeyHolds()
        {
            Assert.AreEqual(Reading.Nothing, Read(new PackWriter().Frame(_frame, more: 1).Text("n").Text("x").Bytes));
            Assert.AreEqual(Reading.Frame, Read(new PackWriter().Frame(_frame, more: 1).Text("n").Integer(8).Bytes));
        }

        [Test]
        public void AnotherVersionIsToldFromRubbish()
        {
            Assert.AreEqual(Reading.OtherVersion, Read(new PackWriter().Frame(_frame, 7).Bytes, new FaceFrame(), out var version));
            Assert.AreEqual(7, version);
            // of another version nothing else is expected
            Assert.AreEqual(Reading.OtherVersion, Read(new PackWriter().Map(1).Text("v").Integer(2).Bytes));
        }

        [Test]
        public void WhatIsNoFrame()
        {
            var whole = new PackWriter().Frame(_frame).Bytes;
            for (var length = 0; length < whole.Length; length++)
                Assert.AreEqual(Reading.Nothing, NativeMap.Read(whole, 0, length, new FaceFrame(), out _), "cut at " + length);
            Assert.AreEqual(Reading.Nothing, Read(new PackWriter().Raw(whole).Raw(0).Bytes), "a byte more");
            Assert.AreEqual(Reading.Nothing, Read(new byte[] { 0x90 }), "a list");
            Assert.AreEqual(Reading.Nothing, Read(new PackWriter().Map(1).Text("v").Integer(1).Bytes), "keys missing");
            Assert.AreEqual(Reading.Nothing, Read(new byte[NativeMap.SizeLimit + 1]), "too long");
            foreach (var bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
            {
                var frame = Golden.Frame();
                frame.Arkit[51] = bad;
                Assert.AreEqual(Reading.Nothing, Read(new PackWriter().Frame(frame).Bytes), "not finite");
            }
            var negative = Golden.Frame();
            negative.Number = -1;
            Assert.AreEqual(Reading.Nothing, Read(new PackWriter().Frame(negative).Bytes), "a number below 0");
            var timeless = Golden.Frame();
            timeless.TimeS = double.NaN;
            Assert.AreEqual(Reading.Nothing, Read(new PackWriter().Frame(timeless).Bytes), "no time");
        }

        [Test]
        public void LengthsThatLieAreNotBelieved()
        {
            // four thousand million values, or bytes, in five
            foreach (var head in new byte[] { 0xDF, 0xDD, 0xDB, 0xC6, 0xC9 })
                Assert.AreEqual(Reading.Nothing, Read(new byte[] { 0x81, 0xA1, (byte)'x', head, 0xFF, 0xFF, 0xFF, 0xFF }));
            Assert.AreEqual(Reading.Nothing, Read(new byte[] { 0xDF, 0xFF, 0xFF, 0xFF, 0xFF, 0xA1, (byte)'v', 1 }));
        }

        [Test]
        public void DepthCostsNothing()
        {
            var deep = new byte[60000];
            deep[0] = 0x81;
            deep[1] = 0xA0;
            for (var i = 2; i < deep.Length; i++) deep[i] = 0x91; // a list in a list in a list…
            Assert.AreEqual(Reading.Nothing, Read(deep));
            deep[deep.Length - 1] = 0xC0;
            Assert.AreEqual(Reading.Nothing, Read(deep)); // well formed, and no frame
        }

        [Test]
        public void ReadingAllocatesNothing()
        {
            var data = Golden.Bytes("zmq_v1.bin");
            var into = new FaceFrame();
            Check.AllocatesNothing(() =>
            {
                for (var i = 0; i < 1000; i++) NativeMap.Read(data, 0, data.Length, into, out _);
            });
        }
    }
}
