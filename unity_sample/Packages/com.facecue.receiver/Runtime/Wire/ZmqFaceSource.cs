using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;

namespace Facecue.Wire
{
    /// <summary>
    /// Frames of one actor from a bridge's `zmq://` sink: a ZeroMQ SUB client of our own over TCP, in a thread of its
    /// own. It comes back by itself when the bridge does. It holds less than 400 kB, made at the start, whatever comes in.
    /// </summary>
    public sealed class ZmqFaceSource : IFaceSource
    {
        /// <summary>UTF-8 bytes of an actor's name.</summary>
        public const int ActorLimit = 255;

        /// <summary>How soon the thread notices that it is to end.</summary>
        const int PollUs = 50000;

        /// <summary>A try to connect that takes longer is given up.</summary>
        const double ConnectS = 5.0;

        /// <summary>What may wait in the system, about 50 frames: more would only make what is seen older.</summary>
        const int BufferBytes = 65536;

        readonly string _host;
        readonly int _port;
        readonly SourceState _state = new SourceState();
        readonly ZmtpLink _link;
        readonly BackOff _backOff = new BackOff(Environment.TickCount ^ Guid.NewGuid().GetHashCode());
        readonly ManualResetEvent _ending = new ManualResetEvent(false);
        readonly Thread _thread;
        volatile bool _closing;
        string _where;
        bool _told; // that another wire version was refused
        bool _shut;
        long _received;

        /// <summary>
        /// Starts to connect, and returns at once. Without keys the connection is open to read for everybody on its way.
        /// </summary>
        public ZmqFaceSource(string host, int port, string actor, CurveKeys curve = null)
        {
            _host = string.IsNullOrEmpty(host) ? "127.0.0.1" : host;
            _port = port;
            _where = $"{_host}:{port}";
            var name = actor ?? "";
            var bytes = Encoding.UTF8.GetByteCount(name);
            if (bytes < 1 || bytes > ActorLimit)
            {
                _state.Say(LinkState.Refused, $"the actor's name has {bytes} bytes; it has 1 to {ActorLimit}");
                return;
            }
            if (port < 1 || port > 65535)
            {
                _state.Say(LinkState.Refused, $"port {port} is none; ports are 1 to 65535");
                return;
            }
            _link = new ZmtpLink(name, _state.Ring, curve);
            _state.Say(LinkState.Connecting, $"connects to {_where}");
            _thread = new Thread(Run) { Name = "facecue-zmq", IsBackground = true };
            _thread.Start();
        }

        public LinkState State => _state.State;
        public string Detail => _state.Detail;
        public long Received => _state.Received;
        public long Rejected => _state.Rejected;
        public long Dropped => _state.Ring.Dropped;

        /// <summary>How often a connection stood.</summary>
        public int Connections => _connections;
        volatile int _connections;

        public bool TryTake(FaceFrame into) => _state.Ring.TryTake(into);

        public void Dispose()
        {
            if (_closing) return;
            _closing = true;
            _ending.Set();
            // a look-up of a name may hold the thread; it ends by itself, as all it owns is its own
            if (_thread == null || _thread.Join(1000)) _ending.Close();
            _state.Say(LinkState.Closed, "closed");
        }

        void Run()
        {
            while (!_closing)
            {
                string reason;
                try
                {
                    reason = Talk();
                }
                catch (SocketException error)
                {
                    reason = Why(error);
                }
                catch (ObjectDisposedException)
                {
                    reason = "the connection was closed";
                }
                catch (ArgumentException error) // a host that cannot be one
                {
                    reason = error.Message;
                }
                if (_closing) return;
                Count(FaceClock.NowS);
                if (!_told) Say(_link.Problem == null && !_shut ? LinkState.Connecting : LinkState.Refused, $"{_where}: {reason}");
                if (Wait(_backOff.Next())) return;
            }
        }

        /// <summary>One connection from beginning to end; why it ended.</summary>
        string Talk()
        {
            _told = _shut = false;
            _link.Open(FaceClock.NowS); // what was wrong with the last peer is not wrong with the next
            if (_link.Problem != null) return _link.Problem; // keys that are none
            Socket socket = null;
            try
            {
                socket = Connect();
                if (socket == null) return "nobody answers in time";
                return Listen(socket);
            }
            finally
            {
                if (socket != null) socket.Close();
            }
        }

        Socket Connect()
        {
            IPAddress[] places;
            if (IPAddress.TryParse(_host, out var address)) places = new[] { address };
            else places = Dns.GetHostAddresses(_host);
            SocketException last = null;
            foreach (var place in places)
            {
                var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    var trying = socket.BeginConnect(new IPEndPoint(place, _port), null, null);
                    var until = FaceClock.NowS + ConnectS;
                    while (!trying.AsyncWaitHandle.WaitOne(PollUs / 1000) && FaceClock.NowS < until && !_closing) { }
                    if (trying.IsCompleted)
                    {
                        socket.EndConnect(trying);
                        socket.NoDelay = true;
                        socket.ReceiveBufferSize = BufferBytes;
                        socket.SendTimeout = 1000;
                        return socket;
                    }
                }
                catch (SocketException error)
                {
                    last = error;
                }
                socket.Close();
                if (_closing) return null;
            }
            if (last != null) throw last;
            return null;
        }

        string Listen(Socket socket)
        {
            _link.Open(FaceClock.NowS);
            var up = false;
            while (!_closing)
            {
                if (_link.Pending > 0 && !Flush(socket)) return "the connection was lost";
                if (socket.Poll(PollUs, SelectMode.SelectRead))
                {
                    var room = _link.Frames.Room(out var offset);
                    var count = socket.Receive(_link.Frames.Data, offset, room, SocketFlags.None, out var error);
                    if (error != SocketError.Success && error != SocketError.WouldBlock)
                        return up ? "the connection was lost" : Shut();
                    if (count == 0) return up ? "the bridge closed the connection" : Shut();
                    _link.Frames.Filled(count);
                    var now = FaceClock.NowS;
                    var goes = _link.Read(now);
                    Count(now);
                    if (!goes) return _link.Problem ?? "what came was no ZeroMQ";
                }
                if (!_link.Alive(FaceClock.NowS)) return up ? "the bridge fell silent" : "whoever answers there does not greet";
                if (up != _link.Up)
                {
                    up = true;
                    _connections++;
                    Say(LinkState.Connected, $"connected to {_where}");
                }
            }
            return "closed";
        }

        /// <summary>The peer hung up during the handshake: that is how ZeroMQ refuses one with other keys, or with none.</summary>
        string Shut()
        {
            _shut = true;
            return "the bridge closed the connection during the handshake; " + (_link.Encrypted
                ? "its public key is another one, or it has no keys (?curve=NAME)"
                : "if its sink has keys (?curve=NAME), the receiver needs them, too");
        }

        bool Flush(Socket socket)
        {
            for (var sent = 0; sent < _link.Pending;)
            {
                var count = socket.Send(_link.Out, sent, _link.Pending - sent, SocketFlags.None, out var error);
                if (error != SocketError.Success || count <= 0) return false;
                sent += count;
            }
            _link.Pending = 0;
            return true;
        }

        void Count(double nowS)
        {
            if (_link.Received != _received)
            {
                _backOff.Reset();
                if (_told) Say(LinkState.Connected, $"connected to {_where}");
            }
            _received = _link.Received;
            _state.Count(_link.Received, _link.Rejected, nowS);
            if (_link.RefusedVersion != 0 && !_told)
            {
                Say(LinkState.Refused, $"{_where}: wire version {_link.RefusedVersion}, but this receiver knows "
                    + $"{NativeMap.Version}; use a facecue and a package of the same version");
                _told = true;
            }
        }

        void Say(LinkState state, string detail)
        {
            _told = false;
            if (!_closing) _state.Say(state, detail);
        }

        bool Wait(double seconds) => _ending.WaitOne((int)(1000 * seconds));

        static string Why(SocketException error)
        {
            switch (error.SocketErrorCode)
            {
                case SocketError.ConnectionRefused: return "nobody listens there; is the bridge running?";
                case SocketError.HostNotFound: case SocketError.NoData: return "there is no such host";
                default: return error.SocketErrorCode.ToString();
            }
        }
    }
}
