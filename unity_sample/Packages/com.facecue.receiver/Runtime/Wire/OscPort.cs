using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace Facecue.Wire
{
    /// <summary>
    /// A UDP port and the thread that listens to it, shared by all sources that name it: several actors come by one
    /// port. The first source opens it and the last one closes it.
    /// </summary>
    sealed class OscPort
    {
        /// <summary>The largest datagram there is.</summary>
        const int DatagramLimit = 65536;

        const int PollUs = 50000;
        const int BufferBytes = 262144;

        /// <summary>A port that is taken is tried again so often.</summary>
        const int AgainMs = 1000;

        static readonly Dictionary<string, OscPort> Open = new Dictionary<string, OscPort>();

        readonly string _key;
        readonly IPAddress _address;
        readonly int _port;
        readonly byte[] _data = new byte[DatagramLimit];
        readonly ManualResetEvent _ending = new ManualResetEvent(false);
        readonly Thread _thread;
        OscFaceSource[] _listeners = new OscFaceSource[0];
        volatile bool _closing;

        OscPort(string key, IPAddress address, int port)
        {
            _key = key;
            _address = address;
            _port = port;
            _thread = new Thread(Run) { Name = "facecue-osc", IsBackground = true };
        }

        /// <summary>Joins the listeners of a port.</summary>
        public static OscPort Join(IPAddress address, int port, OscFaceSource listener)
        {
            lock (Open)
            {
                var key = $"{address} {port}";
                if (Open.TryGetValue(key, out var found))
                {
                    found.Change(listener, true);
                    return found;
                }
                found = new OscPort(key, address, port);
                found.Change(listener, true);
                Open[key] = found;
                found._thread.Start();
                return found;
            }
        }

        public void Leave(OscFaceSource listener)
        {
            lock (Open)
            {
                Change(listener, false);
                if (_listeners.Length > 0) return;
                Open.Remove(_key);
                _closing = true;
                _ending.Set();
            }
            _thread.Join(1000);
            _ending.Close();
        }

        void Change(OscFaceSource listener, bool add)
        {
            var all = new List<OscFaceSource>(_listeners);
            if (add) all.Add(listener);
            else all.Remove(listener);
            Volatile.Write(ref _listeners, all.ToArray());
        }

        void Run()
        {
            while (!_closing)
            {
                try
                {
                    using (var socket = new Socket(_address.AddressFamily, SocketType.Dgram, ProtocolType.Udp))
                    {
                        Alone(socket);
                        socket.ReceiveBufferSize = BufferBytes;
                        socket.Bind(new IPEndPoint(_address, _port));
                        Tell(LinkState.Connected, $"listens on UDP {_address}:{_port}");
                        Listen(socket);
                    }
                }
                catch (SocketException error)
                {
                    Tell(LinkState.Connecting, error.SocketErrorCode == SocketError.AddressAlreadyInUse
                        ? $"UDP port {_port} is taken by another program; end that one or choose another port"
                        : $"UDP {_address}:{_port} cannot be opened ({error.SocketErrorCode}); choose another address or port");
                }
                catch (ObjectDisposedException)
                {
                    // closed under us by an engine that ends
                }
                if (!_closing) _ending.WaitOne(AgainMs);
            }
        }

        /// <summary>Else Mono lets two programs open the same port, and each misses what the other takes.</summary>
        static void Alone(Socket socket)
        {
            try
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, false);
                socket.ExclusiveAddressUse = true;
            }
            catch (SocketException)
            {
                // a system that knows no such wish
            }
        }

        void Listen(Socket socket)
        {
            while (!_closing)
            {
                if (!socket.Poll(PollUs, SelectMode.SelectRead)) continue;
                var count = socket.Receive(_data, 0, _data.Length, SocketFlags.None, out var error);
                if (error == SocketError.ConnectionReset || error == SocketError.WouldBlock
                    || error == SocketError.MessageSize) continue; // answers to somebody else (Windows)
                if (error != SocketError.Success) throw new SocketException((int)error);
                var now = FaceClock.NowS;
                var listeners = Volatile.Read(ref _listeners);
                for (var i = 0; i < listeners.Length; i++) listeners[i].Hear(_data, count, now);
            }
        }

        void Tell(LinkState state, string detail)
        {
            foreach (var listener in Volatile.Read(ref _listeners)) listener.Say(state, detail);
            _lastState = state;
            _lastDetail = detail;
        }

        volatile LinkState _lastState = LinkState.Connecting;
        volatile string _lastDetail = "opens";

        /// <summary>Where it stands, for one who joins later.</summary>
        public void TellLast(OscFaceSource listener) => listener.Say(_lastState, _lastDetail);
    }
}
