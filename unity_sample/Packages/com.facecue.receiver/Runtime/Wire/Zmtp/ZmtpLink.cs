using System;
using System.Text;

namespace Facecue.Wire
{
    /// <summary>
    /// One connection of a SUB socket, without its socket: bytes go in, frames of the face and bytes to send come out.
    /// States in order: greeting, handshake, traffic.
    /// </summary>
    public sealed class ZmtpLink
    {
        /// <summary>What the peer is told is that a silence of so long means that we are gone; tenths of a second.</summary>
        const ushort OurTtl = 50;

        /// <summary>Silence after which we ask whether the peer is there, and after which it counts as gone.</summary>
        public const double AskAfterS = 2.0, GoneAfterS = 5.0;

        const int ContextLimit = 16; // bytes of a PING that come back

        readonly byte[] _topic;
        readonly FrameRing _ring;
        readonly FaceFrame _frame = new FaceFrame();
        readonly ZmtpFrames _frames = new ZmtpFrames();
        readonly byte[] _metadata = ZmtpCommand.Metadata();
        readonly byte[] _body = new byte[512];
        readonly bool _askForThirty;
        int _phase;
        bool _commands;
        int _part;
        bool _mine, _spoilt;
        double _heardS, _askedS, _peerTtlS, _pingS;

        /// <summary>`only30`: subscribe as ZMTP 3.0 does whatever the peer knows, for tests.</summary>
        public ZmtpLink(string actor, FrameRing ring, CurveKeys curve = null, bool only30 = false)
        {
            Encrypted = curve != null;
            _topic = Encoding.UTF8.GetBytes(actor);
            _ring = ring;
            _askForThirty = only30;
        }

        /// <summary>Bytes to send: `Pending` of them. The owner sends them and sets it to 0.</summary>
        public readonly byte[] Out = new byte[1024];
        public int Pending;

        /// <summary>Where received bytes go.</summary>
        public ZmtpFrames Frames => _frames;

        /// <summary>Whether keys were given.</summary>
        public bool Encrypted { get; }

        /// <summary>Whether the handshake is over.</summary>
        public bool Up => _phase == 3;

        /// <summary>Why the peer cannot be used; null while it can.</summary>
        public string Problem { get; private set; }

        /// <summary>Wire version that was refused; 0 where none was.</summary>
        public long RefusedVersion { get; private set; }

        public long Received { get; private set; }
        public long Rejected { get; private set; }

        /// <summary>A new connection: our greeting waits to be sent.</summary>
        public void Open(double nowS)
        {
            _frames.Reset();
            _phase = 0;
            _part = 0;
            _mine = _spoilt = false;
            _heardS = nowS;
            _askedS = _pingS = double.NegativeInfinity;
            _peerTtlS = 0;
            Problem = null;
            RefusedVersion = 0;
            Pending = ZmtpGreeting.Write(Out, "NULL");
        }

        /// <summary>Reads what came in; false where the line has to be closed (Problem may say why).</summary>
        public bool Read(double nowS)
        {
            _heardS = nowS;
            if (_phase == 0)
            {
                Greeting();
                if (_phase == 0) return Problem == null;
            }
            while (true)
            {
                switch (_frames.Next())
                {
                    case ZmtpFrames.Step.Wait: return true;
                    case ZmtpFrames.Step.Broken:
                        Rejected++;
                        return false;
                    case ZmtpFrames.Step.Skipped:
                        if (_frames.IsCommand) Rejected++;
                        else Part(false, nowS);
                        break;
                    default:
                        if (_frames.IsCommand)
                        {
                            if (!Command(nowS)) return false;
                        }
                        else if (_phase != 3)
                        {
                            Rejected++;
                            return false;
                        }
                        else Part(true, nowS);
                        break;
                }
            }
        }

        /// <summary>Asks a silent peer whether it is there; false where it is not.</summary>
        public bool Alive(double nowS)
        {
            var silence = nowS - _heardS;
            if (_phase != 3) return silence < GoneAfterS;
            if (_peerTtlS > 0 && _pingS >= _heardS && silence > _peerTtlS) return false;
            if (!_commands || silence < AskAfterS) return true;
            if (silence > GoneAfterS) return false;
            if (nowS - _askedS < AskAfterS) return true;
            _askedS = nowS;
            _body[0] = OurTtl >> 8;
            _body[1] = OurTtl & 255;
            Send(ZmtpCommand.Ping, _body, 0, 2);
            return true;
        }

        void Greeting()
        {
            if (!_frames.Take(ZmtpGreeting.Length, out var start))
            {
                if (_frames.Waiting > 0 && _frames.Data[start] != ZmtpGreeting.Signature) Problem = ZmtpGreeting.NoZeroMq;
                return;
            }
            Problem = ZmtpGreeting.Problem(_frames.Data, start, "NULL");
            if (Problem != null) return;
            _commands = !_askForThirty && ZmtpGreeting.KnowsCommands(_frames.Data, start);
            _phase = 2;
            Send(ZmtpCommand.Ready, _metadata, 0, _metadata.Length);
        }

        bool Command(double nowS)
        {
            var data = _frames.Data;
            int start = _frames.Start, length = _frames.Length, end = start + length;
            if (ZmtpCommand.Is(data, start, length, ZmtpCommand.Error, out var body))
            {
                Problem = $"the bridge refuses this receiver: {ZmtpCommand.Reason(data, body, end)}";
                return false;
            }
            if (_phase == 2)
            {
                if (!ZmtpCommand.Is(data, start, length, ZmtpCommand.Ready, out body))
                {
                    Rejected++;
                    return false;
                }
                Problem = ZmtpCommand.MetadataProblem(data, body, end);
                if (Problem != null) return false;
                _phase = 3;
                Subscribe();
                return true;
            }
            if (ZmtpCommand.Is(data, start, length, ZmtpCommand.Ping, out body) && end - body >= 2)
            {
                _peerTtlS = 0.1 * Bits.Big16(data, body);
                _pingS = nowS;
                Send(ZmtpCommand.Pong, data, body + 2, Math.Min(ContextLimit, end - body - 2));
            }
            return true; // other commands are for those who know them
        }

        void Subscribe()
        {
            if (_commands)
            {
                // a name may have 255 bytes: more than a short frame's size holds
                var length = 1 + ZmtpCommand.Subscribe.Length + _topic.Length;
                Put(ZmtpCommand.CommandFlag, length);
                Out[Pending++] = (byte)ZmtpCommand.Subscribe.Length;
                Buffer.BlockCopy(ZmtpCommand.Subscribe, 0, Out, Pending, ZmtpCommand.Subscribe.Length);
                Pending += ZmtpCommand.Subscribe.Length;
            }
            else
            {
                Put(0, 1 + _topic.Length);
                Out[Pending++] = 1;
            }
            Buffer.BlockCopy(_topic, 0, Out, Pending, _topic.Length);
            Pending += _topic.Length;
        }

        void Put(byte flags, int length)
        {
            if (length > 255)
            {
                Out[Pending] = (byte)(flags | 2);
                Bits.PutBig32(Out, Pending + 1, 0);
                Bits.PutBig32(Out, Pending + 5, (uint)length);
                Pending += 9;
                return;
            }
            Out[Pending++] = flags;
            Out[Pending++] = (byte)length;
        }

        void Send(byte[] name, byte[] body, int start, int length)
        {
            if (Pending + 3 + name.Length + length > Out.Length) return; // a flood of questions is not answered
            Put(ZmtpCommand.CommandFlag, 1 + name.Length + length);
            Out[Pending++] = (byte)name.Length;
            Buffer.BlockCopy(name, 0, Out, Pending, name.Length);
            Pending += name.Length;
            Buffer.BlockCopy(body, start, Out, Pending, length);
            Pending += length;
        }

        /// <summary>A part of a message: the name of an actor, then a map, and nothing more.</summary>
        void Part(bool whole, double nowS)
        {
            _spoilt |= !whole;
            if (_part == 0)
                // subscribing matches prefixes: anna hears anna2, too, and has to leave it aside
                _mine = whole && Bits.Equal(_frames.Data, _frames.Start, _frames.Length, _topic);
            var last = !_frames.HasMore;
            if (last && (_part != 1 || _spoilt)) Rejected++;
            else if (last && _mine) Map(nowS);
            _part = last ? 0 : Math.Min(_part + 1, 2);
            if (last) _spoilt = false;
        }

        void Map(double nowS)
        {
            switch (NativeMap.Read(_frames.Data, _frames.Start, _frames.Length, _frame, out var version))
            {
                case Reading.Frame:
                    RefusedVersion = 0;
                    _frame.ArrivalS = nowS;
                    Received++;
                    _ring.Push(_frame);
                    break;
                case Reading.OtherVersion:
                    RefusedVersion = version;
                    Rejected++;
                    break;
                default:
                    Rejected++;
                    break;
            }
        }
    }
}
