using System.Net;

namespace Facecue.Wire
{
    /// <summary>
    /// Frames over UDP from `osc://` (of one actor) or `vmc://` (which knows no actors). Several sources of one program
    /// may share a port.
    /// </summary>
    public sealed class OscFaceSource : IFaceSource
    {
        readonly SourceState _state = new SourceState();
        readonly OscFaceReader _reader;
        readonly OscPort _port;
        int _refused;
        bool _closed;

        /// <summary>`address` is the local one to listen on: 127.0.0.1, or 0.0.0.0 for every network.</summary>
        public OscFaceSource(string address, int port, string actor)
        {
            if (string.IsNullOrEmpty(actor)) _state.Say(LinkState.Refused, "the actor has no name; the bridge's is face");
            else if (port < 1 || port > 65535) _state.Say(LinkState.Refused, $"port {port} is none; ports are 1 to 65535");
            else if (!Local(address, out var place))
                _state.Say(LinkState.Refused, $"{address} is no address to listen on; use 127.0.0.1, or 0.0.0.0 for every network");
            else
            {
                _reader = new OscFaceReader(actor, _state.Ring);
                _state.Say(LinkState.Connecting, $"opens UDP {place}:{port}");
                _port = OscPort.Join(place, port, this);
                _port.TellLast(this);
            }
        }

        public LinkState State => _state.State;
        public string Detail => _state.Detail;
        public long Received => _state.Received;
        public long Rejected => _state.Rejected;
        public long Dropped => _state.Ring.Dropped;

        public bool TryTake(FaceFrame into) => _state.Ring.TryTake(into);

        public void Dispose()
        {
            if (_closed) return;
            _closed = true;
            if (_port != null) _port.Leave(this);
            _state.Say(LinkState.Closed, "closed");
        }

        /// <summary>A datagram; for the port's thread.</summary>
        internal void Hear(byte[] data, int length, double nowS)
        {
            _reader.Read(data, 0, length, nowS);
            _state.Count(_reader.Received, _reader.Rejected, nowS);
            if (_reader.RefusedVersion == _refused) return;
            _refused = _reader.RefusedVersion;
            if (_refused == 0) _port.TellLast(this);
            else _state.Say(LinkState.Refused, $"wire version {_refused}, but this receiver knows {OscFaceReader.Version}; "
                + "use a facecue and a package of the same version");
        }

        internal void Say(LinkState state, string detail)
        {
            if (!_closed) _state.Say(state, detail);
        }

        static bool Local(string address, out IPAddress place)
        {
            if (string.IsNullOrEmpty(address) || address == "localhost")
            {
                place = IPAddress.Loopback;
                return true;
            }
            return IPAddress.TryParse(address, out place);
        }
    }
}
