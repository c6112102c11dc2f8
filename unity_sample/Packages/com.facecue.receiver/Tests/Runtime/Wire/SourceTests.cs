using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using NUnit.Framework;

namespace Facecue.Wire.Tests
{
    /// <summary>Sources on real sockets of this machine: how they begin, what they say of themselves, how they end.</summary>
    [TestFixture]
    public sealed class SourceTests
    {
        readonly byte[] _map = Golden.Bytes("zmq_v1.bin");
        readonly FaceFrame _got = new FaceFrame();

        static void Until(Func<bool> holds, string what)
        {
            for (var i = 0; i < 500; i++)
            {
                if (holds()) return;
                Thread.Sleep(10);
            }
            Assert.Fail("not within 5 s: " + what);
        }

        /// <summary>A publisher for one connection: shakes hands and sends these bytes, then waits to be closed.</summary>
        static Socket Publish(TcpListener listener, params byte[][] messages)
        {
            var peer = listener.AcceptSocket();
            peer.Send(ZmtpPeer.Greeting());
            peer.Send(ZmtpPeer.Ready());
            Until(() => peer.Available > 64 + 10, "a greeting, READY and a subscription");
            foreach (var message in messages) peer.Send(message);
            return peer;
        }

        [Test]
        public void ZeroMqComesAndGoes()
        {
            var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            using (var source = new ZmqFaceSource("localhost", port, "face"))
            {
                for (var life = 1; life <= 2; life++)
                {
                    var peer = Publish(listener, ZmtpPeer.Message(ZmtpPeer.Name("face"), _map));
                    Until(() => source.TryTake(_got), "a frame");
                    Assert.AreEqual(1234, _got.Number);
                    Assert.AreEqual(FaceClock.NowS, _got.ArrivalS, 1.0);
                    Assert.AreEqual(LinkState.Receiving, source.State);
                    StringAssert.Contains("connected to localhost:" + port, source.Detail);
                    Until(() => source.State == LinkState.Connected, "silence told");
                    peer.Close();
                    Until(() => source.State == LinkState.Connecting, "the loss told");
                    StringAssert.Contains("connection", source.Detail);
                    Assert.AreEqual(life, source.Connections);
                }
                var refused = Publish(listener, ZmtpPeer.Message(ZmtpPeer.Name("face"), new PackWriter().Frame(_got, 3).Bytes));
                Until(() => source.State == LinkState.Refused, "the version refused");
                StringAssert.Contains("wire version 3, but this receiver knows 1", source.Detail);
                refused.Send(ZmtpPeer.Message(ZmtpPeer.Name("face"), _map));
                Until(() => source.State == LinkState.Receiving, "a frame of our version");
                refused.Close();
                listener.Stop();
                Until(() => source.Detail.Contains("is the bridge running?"), "that nobody listens");
                Assert.AreEqual(3, source.Received);
                Assert.AreEqual(1, source.Rejected);
            }
        }

        [Test]
        public void SomebodyElseListensThere()
        {
            var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            using (var source = new ZmqFaceSource("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, "face"))
            using (var peer = listener.AcceptSocket())
            {
                peer.Send(new byte[] { (byte)'H', (byte)'T', (byte)'T', (byte)'P' });
                Until(() => source.State == LinkState.Refused, "that it is no ZeroMQ");
                StringAssert.Contains("no ZeroMQ", source.Detail);
            }
            listener.Stop();
        }

        [Test]
        public void TheyEndAtOnce()
        {
            // one that waits for an answer, one that listens
            var zmq = new ZmqFaceSource("127.0.0.1", 1, "face");
            var osc = new OscFaceSource("127.0.0.1", FreePort(), "face");
            Until(() => osc.State == LinkState.Connected && zmq.Detail.Contains("running?"), "both run");
            var start = FaceClock.NowS;
            zmq.Dispose();
            osc.Dispose();
            zmq.Dispose();
            osc.Dispose();
            Assert.Less(FaceClock.NowS - start, 0.9);
            Assert.AreEqual(LinkState.Closed, zmq.State);
            Assert.AreEqual(LinkState.Closed, osc.State);
        }

        [Test]
        public void WhatCannotBeIsRefused()
        {
            foreach (var source in new IFaceSource[]
            {
                new ZmqFaceSource("127.0.0.1", 0, "face"), new ZmqFaceSource("127.0.0.1", 5556, ""),
                new ZmqFaceSource("127.0.0.1", 5556, new string('x', 256)), new OscFaceSource("nowhere", 9000, "face"),
                new OscFaceSource("127.0.0.1", 70000, "face"), new OscFaceSource("127.0.0.1", 9000, null),
            })
            {
                Assert.AreEqual(LinkState.Refused, source.State);
                Assert.IsNotEmpty(source.Detail);
                Assert.IsFalse(source.TryTake(_got));
                source.Dispose();
            }
        }

        static int FreePort()
        {
            using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                return ((IPEndPoint)socket.LocalEndPoint).Port;
            }
        }

        [Test]
        public void ActorsShareAPort()
        {
            var port = FreePort();
            using (var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
            using (var face = new OscFaceSource("127.0.0.1", port, "face"))
            {
                using (var other = new OscFaceSource("127.0.0.1", port, "other"))
                {
                    Until(() => face.State == LinkState.Connected && other.State == LinkState.Connected, "both listen");
                    sender.SendTo(Golden.Bytes("osc_v1_2.bin"), new IPEndPoint(IPAddress.Loopback, port));
                    Until(() => face.TryTake(_got), "a frame");
                    Assert.AreEqual(LinkState.Receiving, face.State);
                    Assert.AreEqual(0, other.Received);
                }
                sender.SendTo(Golden.Bytes("osc_v1_2.bin"), new IPEndPoint(IPAddress.Loopback, port));
                Until(() => face.TryTake(_got), "a frame after the other has left");
            }
            // and the port is free again
            using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        }

        [Test]
        public void ATakenPortIsToldAndTriedAgain()
        {
            var taken = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            using (var source = new OscFaceSource("127.0.0.1", ((IPEndPoint)taken.LocalEndPoint).Port, "face"))
            {
                Until(() => source.Detail.Contains("taken by another program"), "that it is taken");
                Assert.AreEqual(LinkState.Connecting, source.State);
                taken.Close();
                Until(() => source.State == LinkState.Connected, "that it is open");
            }
        }
    }
}
