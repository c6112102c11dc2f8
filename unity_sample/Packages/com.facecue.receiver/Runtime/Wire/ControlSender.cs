using System;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Facecue.Wire
{
    /// <summary>
    /// Sends the controls of docs/control.md over OSC, from one thread. UDP: nobody says whether they arrived. Sending
    /// never throws and allocates nothing.
    /// </summary>
    public sealed class ControlSender : IDisposable
    {
        /// <summary>UTF-8 bytes of an address, and of a text that is sent.</summary>
        public const int TextLimit = 1000;

        readonly byte[] _data = new byte[8 * TextLimit];
        readonly string _root;
        readonly Socket _socket;
        int _end;

        /// <summary>
        /// `token` where the bridge asks for one; `actor` where several faces listen and only one is meant. What is wrong
        /// with them is in Problem.
        /// </summary>
        public ControlSender(string address, int port, string token = null, string actor = null)
        {
            _root = "/facecue/control/" + (string.IsNullOrEmpty(token) ? "" : token + "/")
                    + (string.IsNullOrEmpty(actor) ? "" : actor + "/");
            if (port < 1 || port > 65535)
            {
                Problem = $"port {port} is none; ports are 1 to 65535";
                return;
            }
            try
            {
                if (!IPAddress.TryParse(address ?? "", out var place)) place = Dns.GetHostAddresses(address ?? "")[0];
                _socket = new Socket(place.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
                _socket.Connect(new IPEndPoint(place, port));
            }
            catch (Exception error) when (error is SocketException || error is ArgumentException
                                          || error is IndexOutOfRangeException)
            {
                Problem = $"controls cannot be sent to {address}:{port}: {error.Message}";
                if (_socket != null) _socket.Close();
                _socket = null;
            }
        }

        /// <summary>What kept it from sending last; null where nothing did.</summary>
        public string Problem { get; private set; }

        /// <summary>Packets that were sent.</summary>
        public long Sent { get; private set; }

        public void Dispose()
        {
            if (_socket != null) _socket.Close();
        }

        /// <summary>A number: `intensity`, 1.4.</summary>
        public void Send(string control, float value)
        {
            _end = 0;
            if (Number(control, null, value)) Flush();
        }

        /// <summary>A choice: `emotion`, `happy`; or what a preset is called: `preset/load`, `calm`.</summary>
        public void Send(string control, string value)
        {
            _end = 0;
            if (Choice(control, value)) Flush();
        }

        /// <summary>A switch: `blink`.</summary>
        public void Send(string control, bool value)
        {
            _end = 0;
            if (Address(control, null) && Text(value ? ",T" : ",F")) Flush();
        }

        /// <summary>As a fader does, 0..1.</summary>
        public void SendUnit(string control, float value)
        {
            _end = 0;
            if (Number(control, "/unit", value)) Flush();
        }

        /// <summary>As a button does: `reset`, `mute/toggle`, `emotion/happy`, `neutral/capture`.</summary>
        public void Press(string path)
        {
            _end = 0;
            if (Address(path, null) && Text(",")) Flush();
        }

        /// <summary>The eyes look at a point of the resting head's frame (cm): the target and its place, as one.</summary>
        public void LookAt(float x, float y, float z)
        {
            _end = 0;
            if (!Text("#bundle")) return;
            Bits.PutBig32(_data, _end, 0);
            Bits.PutBig32(_data, _end + 4, 1); // now
            _end += 8;
            if (Coordinate("target_x", x) && Coordinate("target_y", y) && Coordinate("target_z", z) && Target()) Flush();
        }

        bool Coordinate(string control, float value)
        {
            var size = _end;
            _end += 4;
            return Number(control, null, value) && Sized(size);
        }

        bool Target()
        {
            var size = _end;
            _end += 4;
            return Choice("target", "point") && Sized(size);
        }

        bool Sized(int at)
        {
            Bits.PutBig32(_data, at, (uint)(_end - at - 4));
            return true;
        }

        bool Number(string control, string tail, float value)
        {
            if (!Bits.IsFinite(value))
            {
                Problem = "a control's value is not finite";
                return false;
            }
            if (!Address(control, tail) || !Text(",f")) return false;
            Bits.PutBig32(_data, _end, Bits.ToBits(value));
            _end += 4;
            return true;
        }

        bool Choice(string control, string value) => Address(control, null) && Text(",s") && Text(value);

        bool Address(string control, string tail)
        {
            if (string.IsNullOrEmpty(control))
            {
                Problem = "a control has no name";
                return false;
            }
            var start = _end;
            return Put(_root) && Put(control) && (tail == null || Put(tail)) && Pad(start);
        }

        bool Text(string text)
        {
            var start = _end;
            return Put(text ?? "") && Pad(start);
        }

        bool Put(string text)
        {
            if (Encoding.UTF8.GetByteCount(text) > TextLimit || _end > _data.Length - TextLimit - 16)
            {
                Problem = $"a control's address or text has more than {TextLimit} bytes";
                return false;
            }
            _end += Encoding.UTF8.GetBytes(text, 0, text.Length, _data, _end);
            return true;
        }

        bool Pad(int start)
        {
            do _data[_end++] = 0;
            while ((_end - start) % 4 != 0);
            return true;
        }

        void Flush()
        {
            if (_socket == null) return;
            SocketError error;
            try
            {
                _socket.Send(_data, 0, _end, SocketFlags.None, out error);
                // nobody listened to an earlier one: this one was not sent
                if (error == SocketError.ConnectionRefused || error == SocketError.ConnectionReset)
                    _socket.Send(_data, 0, _end, SocketFlags.None, out error);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            if (error == SocketError.Success)
            {
                Problem = null;
                Sent++;
            }
            else Problem = error == SocketError.ConnectionRefused
                ? "nobody listens to controls there; start facecue with --control" : error.ToString();
        }
    }
}
