using System;
using System.Text;
using NUnit.Framework;

namespace Facecue.Wire.Tests
{
    /// <summary>A connection as bytes: handshake, subscriptions, messages, heartbeats, and peers that misbehave.</summary>
    [TestFixture]
    public sealed class ZmtpLinkTests
    {
        readonly byte[] _map = Golden.Bytes("zmq_v1.bin");
        FrameRing _ring;

        [SetUp]
        public void Empty() => _ring = new FrameRing(64);

        [Test]
        public void HandshakeByteByByte([Values(1, 7, 64, 1000)] int step)
        {
            var link = new ZmtpLink("face", _ring);
            link.Open(0);
            var hello = ZmtpPeer.Taken(link);
            Assert.AreEqual(64, hello.Length);
            Assert.AreEqual("NULL", Encoding.ASCII.GetString(hello, 12, 4));
            Assert.IsTrue(ZmtpPeer.Give(link, ZmtpPeer.Greeting(), step));
            StringAssert.Contains("SUB", Encoding.ASCII.GetString(ZmtpPeer.Taken(link)));
            Assert.IsFalse(link.Up);
            Assert.IsTrue(ZmtpPeer.Give(link, ZmtpPeer.Ready(), step));
            Assert.IsTrue(link.Up);
            for (var i = 0; i < 300; i++)
                Assert.IsTrue(ZmtpPeer.Give(link, ZmtpPeer.Message(ZmtpPeer.Name("face"), _map), step));
            Assert.AreEqual(300, link.Received);
            Assert.AreEqual(0, link.Rejected);
        }

        [Test]
        public void SubscribesAsThePeerKnows()
        {
            Assert.AreEqual("\0\x5\x1" + "face", Subscription(0));
            Assert.AreEqual("\x4\xE\x9SUBSCRIBEface", Subscription(1));
        }

        string Subscription(byte minor)
        {
            var link = new ZmtpLink("face", _ring);
            link.Open(0);
            ZmtpPeer.Give(link, ZmtpPeer.Greeting(minor));
            ZmtpPeer.Taken(link);
            ZmtpPeer.Give(link, ZmtpPeer.Ready("XPUB"));
            return Encoding.ASCII.GetString(ZmtpPeer.Taken(link));
        }

        [Test]
        public void ALongNameTakesALongFrame()
        {
            var name = new string('x', 255);
            var link = new ZmtpLink(name, _ring);
            link.Open(0);
            ZmtpPeer.Give(link, ZmtpPeer.Greeting());
            ZmtpPeer.Taken(link);
            ZmtpPeer.Give(link, ZmtpPeer.Ready());
            var sent = ZmtpPeer.Taken(link);
            Assert.AreEqual(6, sent[0]);
            Assert.AreEqual(265, Bits.Big64(sent, 1));
            Assert.AreEqual(9 + 265, sent.Length);
        }

        [Test]
        public void WholeNamesAreCompared()
        {
            var link = ZmtpPeer.Up("anna", _ring);
            foreach (var name in new[] { "anna2", "ann", "", "anna" })
                Assert.IsTrue(ZmtpPeer.Give(link, ZmtpPeer.Message(ZmtpPeer.Name(name), _map)));
            Assert.AreEqual(1, link.Received);
            Assert.AreEqual(0, link.Rejected);
        }

        [Test]
        public void LongFramesOfShortBodies()
        {
            var link = ZmtpPeer.Up("face", _ring);
            Assert.IsTrue(ZmtpPeer.Give(link, ZmtpPeer.Frame(1, ZmtpPeer.Name("face"), asLong: true)));
            Assert.IsTrue(ZmtpPeer.Give(link, ZmtpPeer.Frame(0, _map)));
            Assert.AreEqual(1, link.Received);
        }

        [Test]
        public void OtherPartsThanTwo()
        {
            var link = ZmtpPeer.Up("face", _ring);
            var name = ZmtpPeer.Name("face");
            ZmtpPeer.Give(link, ZmtpPeer.Message(name));
            ZmtpPeer.Give(link, ZmtpPeer.Message(name, _map, _map));
            ZmtpPeer.Give(link, ZmtpPeer.Message(name, name, name, _map));
            Assert.AreEqual(0, link.Received);
            Assert.AreEqual(3, link.Rejected);
            ZmtpPeer.Give(link, ZmtpPeer.Message(name, _map));
            Assert.AreEqual(1, link.Received);
        }

        [Test]
        public void TooLongIsPassedOver()
        {
            var link = ZmtpPeer.Up("face", _ring);
            var name = ZmtpPeer.Name("face");
            Assert.IsTrue(ZmtpPeer.Give(link, ZmtpPeer.Message(name, new byte[1000000])));
            Assert.IsTrue(ZmtpPeer.Give(link, ZmtpPeer.Message(new byte[100000], _map)));
            Assert.AreEqual(2, link.Rejected);
            Assert.IsTrue(ZmtpPeer.Give(link, ZmtpPeer.Message(name, _map)));
            Assert.AreEqual(1, link.Received);
        }

        [Test]
        public void AbsurdLengthsCloseTheLine()
        {
            foreach (var top in new byte[] { 0x80, 0x7F, 0x01 })
            {
                var link = ZmtpPeer.Up("face", _ring);
                Assert.IsFalse(ZmtpPeer.Give(link, new byte[] { 2, top, 0, 0, 0, 0, 0, 0, 0 }));
                Assert.AreEqual(1, link.Rejected);
            }
            Assert.IsFalse(ZmtpPeer.Give(ZmtpPeer.Up("face", _ring), new byte[] { 0x80, 1, 0 }), "unknown flags");
        }

        [Test]
        public void PingIsAnsweredWithItsContext()
        {
            var link = ZmtpPeer.Up("face", _ring);
            ZmtpPeer.Give(link, ZmtpPeer.Command("PING", 0, 10, (byte)'a', (byte)'b'), nowS: 1);
            Assert.AreEqual("\x4\x7\x4PONGab", Encoding.ASCII.GetString(ZmtpPeer.Taken(link)));
            Assert.IsTrue(link.Alive(1.9));
            Assert.IsFalse(link.Alive(2.1), "silent for longer than it promised");
        }

        [Test]
        public void ASilentPeerIsAsked()
        {
            var link = ZmtpPeer.Up("face", _ring);
            Assert.IsTrue(link.Alive(1.9));
            Assert.AreEqual(0, link.Pending);
            Assert.IsTrue(link.Alive(2.1));
            Assert.AreEqual("\x4\x7\x4PING\0\x32", Encoding.ASCII.GetString(ZmtpPeer.Taken(link)));
            Assert.IsTrue(link.Alive(2.2));
            Assert.AreEqual(0, link.Pending, "once is enough");
            ZmtpPeer.Give(link, ZmtpPeer.Command("PONG"), nowS: 3);
            Assert.IsTrue(link.Alive(7.9));
            Assert.IsFalse(link.Alive(8.1));
            // one of ZMTP 3.0 knows no PING, and may be silent
            var old = ZmtpPeer.Up("face", _ring, minor: 0);
            Assert.IsTrue(old.Alive(100));
            Assert.AreEqual(0, old.Pending);
        }

        [Test]
        public void AFloodOfPingsIsBorne()
        {
            var link = ZmtpPeer.Up("face", _ring);
            for (var i = 0; i < 1000; i++) ZmtpPeer.Give(link, ZmtpPeer.Command("PING", new byte[100]));
            Assert.LessOrEqual(link.Pending, link.Out.Length);
        }

        [Test]
        public void PeersThatCannotBeTalkedTo()
        {
            StringAssert.Contains("no ZeroMQ", Problem(Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\n")));
            StringAssert.Contains("CURVE", Problem(ZmtpPeer.Greeting(mechanism: "CURVE")));
            StringAssert.Contains("ZMTP 1", Problem(ZmtpPeer.Greeting(major: 1)));
            StringAssert.Contains("REP socket", Problem(ZmtpPeer.Greeting(), ZmtpPeer.Ready("REP")));
            StringAssert.Contains("go away?", Problem(ZmtpPeer.Greeting(),
                ZmtpPeer.Command("ERROR", 8, (byte)'g', (byte)'o', (byte)' ', (byte)'a', (byte)'w', (byte)'a', (byte)'y', 7)));
            StringAssert.Contains("READY is broken", Problem(ZmtpPeer.Greeting(), ZmtpPeer.Command("READY", 250, 1, 2)));
        }

        string Problem(params byte[][] sent)
        {
            var link = new ZmtpLink("face", _ring);
            link.Open(0);
            var goes = true;
            foreach (var bytes in sent) goes = goes && ZmtpPeer.Give(link, bytes);
            Assert.IsFalse(goes);
            return link.Problem;
        }

        [Test]
        public void AnotherWireVersionIsTold()
        {
            var link = ZmtpPeer.Up("face", _ring);
            var name = ZmtpPeer.Name("face");
            ZmtpPeer.Give(link, ZmtpPeer.Message(name, new PackWriter().Frame(Golden.Frame(), 9).Bytes));
            Assert.AreEqual(9, link.RefusedVersion);
            Assert.AreEqual(0, link.Received);
            ZmtpPeer.Give(link, ZmtpPeer.Message(name, _map));
            Assert.AreEqual(0, link.RefusedVersion);
        }

        [Test]
        public void TrafficAllocatesNothing()
        {
            var link = ZmtpPeer.Up("face", _ring);
            var message = ZmtpPeer.Message(ZmtpPeer.Name("face"), _map);
            var into = new FaceFrame();
            Check.AllocatesNothing(() =>
            {
                for (var i = 0; i < 1000; i++)
                {
                    ZmtpPeer.Give(link, message);
                    _ring.TryTake(into);
                }
            });
        }
    }
}
