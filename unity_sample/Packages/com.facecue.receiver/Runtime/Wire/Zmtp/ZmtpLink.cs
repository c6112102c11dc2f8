using System;
using System.Text;

namespace Facecue.Wire
{
    /// <summary>
    /// One connection of a SUB socket, without its socket: bytes go in, frames of the face and bytes to send come out.
    /// In this order: greeting, with keys HELLO and WELCOME, then READY, then traffic.
    /// </summary>
    public sealed class ZmtpLink
    {
        /// <summary>What the peer is told is that a silence of so long means that we are gone; tenths of a second.</summary>
        const ushort OurTtl = 50;

        /// <summary>Silence after which we ask whether the peer is there, and after which it counts as gone.</summary>
        public const double AskAfterS = 2.0, GoneAfterS = 5.0;

        const int ContextLimit = 16; // bytes of a PING that come back

        enum Phase { Greeting, Welcome, Ready, Traffic }

        readonly byte[] _topic;
        readonly FrameRing _ring;
        readonly FaceFrame _frame = new FaceFrame();
        readonly ZmtpFrames _frames = new ZmtpFrames();
        readonly byte[] _metadata = ZmtpCommand.Metadata();
        readonly byte[] _body = new byte[512];
        readonly byte[] _context = new byte[2];
        readonly bool _askForThirty;
        readonly CurveKeys _keys;
        CurveSession _curve;
        Phase _phase;
        byte[] _data;
        int _start, _length; // of the frame that is looked at, opened where it was sealed
        bool _more;
        bool _commands;
        int _part;
        bool _mine, _spoilt;
        double _heardS, _askedS, _peerTtlS, _pingS;

        /// <summary>`only30`: subscribe as ZMTP 3.0 does whatever the peer knows, for tests.</summary>
        public ZmtpLink(string actor, FrameRing ring, CurveKeys curve = null, bool only30 = false)
        {
            _keys = curve;
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
        public bool Encrypted => _keys != null;

        /// <summary>Whether the handshake is over.</summary>
        public bool Up => _phase == Phase.Traffic;

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
            _phase = Phase.Greeting;
            _part = 0;
            _mine = _spoilt = false;
            _heardS = nowS;
            _askedS = _pingS = double.NegativeInfinity;
            _peerTtlS = 0;
            Problem = null;
            RefusedVersion = 0;
            Pending = ZmtpGreeting.Write(Out, Mechanism);
            if (_keys == null) return;
            _curve = CurveSession.Begin(_keys, out var problem);
            Problem = problem;
        }

        /// <summary>Reads what came in; false where the line has to be closed (Problem may say why).</summary>
        public bool Read(double nowS)
        {
            _heardS = nowS;
            if (_phase == Phase.Greeting)
            {
                Greeting();
                if (_phase == Phase.Greeting) return Problem == null;
            }
            while (true)
            {
                var step = _frames.Next();
                if (step == ZmtpFrames.Step.Wait) return true;
                if (step == ZmtpFrames.Step.Frame && Frame(nowS)) continue;
                if (step == ZmtpFrames.Step.Skipped && Up && _curve == null)
                {
                    _more = _frames.HasMore;
                    if (_frames.IsCommand) Rejected++;
                    else Part(false, nowS);
                    continue;
                }
                if (Problem == null) Rejected++;
                return false;
            }
        }

        /// <summary>A whole frame; false where it has no place here.</summary>
        bool Frame(double nowS)
        {
            _data = _frames.Data;
            _start = _frames.Start;
            _length = _frames.Length;
            _more = _frames.HasMore;
            var command = _frames.IsCommand;
            if (command && ZmtpCommand.Is(_data, _start, _length, ZmtpCommand.Error, out var body))
            {
                Problem = $"the bridge refuses this receiver: {ZmtpCommand.Reason(_data, body, _start + _length)}";
                return false;
            }
            if (_phase != Phase.Traffic) return command && Handshake();
            if (_curve != null)
            {
                if (!_curve.Open(_data, ref _start, ref _length, out var flags)) return false;
                _more = (flags & CurveSession.More) != 0;
                command = (flags & CurveSession.Command) != 0;
            }
            if (command) Command(nowS);
            else Part(true, nowS);
            return true;
        }

        /// <summary>Asks a silent peer whether it is there; false where it is not.</summary>
        public bool Alive(double nowS)
        {
            var silence = nowS - _heardS;
            if (!Up) return silence < GoneAfterS;
            if (_peerTtlS > 0 && _pingS >= _heardS && silence > _peerTtlS) return false;
            if (!_commands || silence < AskAfterS) return true;
            if (silence > GoneAfterS) return false;
            if (nowS - _askedS < AskAfterS) return true;
            _askedS = nowS;
            _context[0] = OurTtl >> 8;
            _context[1] = OurTtl & 255;
            Send(ZmtpCommand.Ping, _context, 0, 2);
            return true;
        }

        void Greeting()
        {
            if (!_frames.Take(ZmtpGreeting.Length, out var start))
            {
                if (_frames.Waiting > 0 && _frames.Data[start] != ZmtpGreeting.Signature) Problem = ZmtpGreeting.NoZeroMq;
                return;
            }
            Problem = Problem ?? ZmtpGreeting.Problem(_frames.Data, start, Mechanism);
            if (Problem != null) return;
            _commands = !_askForThirty && ZmtpGreeting.KnowsCommands(_frames.Data, start);
            if (_curve == null)
            {
                _phase = Phase.Ready;
                Send(ZmtpCommand.Ready, _metadata, 0, _metadata.Length);
                return;
            }
            _phase = Phase.Welcome;
            Put(ZmtpCommand.CommandFlag, _body, _curve.PutHello(_body));
        }

        string Mechanism => _keys == null ? "NULL" : "CURVE";

        bool Handshake()
        {
            if (_phase == Phase.Welcome)
            {
                var length = _curve.TakeWelcome(_data, _start, _length, _metadata, _body);
                if (length == 0)
                {
                    Problem = "whoever answers there does not have the bridge's key";
                    return false;
                }
                Put(ZmtpCommand.CommandFlag, _body, length);
                _phase = Phase.Ready;
                return true;
            }
            int body;
            if (_curve != null ? !_curve.TakeReady(_data, _start, _length, out body)
                    : !ZmtpCommand.Is(_data, _start, _length, ZmtpCommand.Ready, out body)) return false;
            Problem = ZmtpCommand.MetadataProblem(_data, body, _start + _length);
            if (Problem != null) return false;
            _phase = Phase.Traffic;
            if (_commands) Send(ZmtpCommand.Subscribe, _topic, 0, _topic.Length);
            else
            {
                _body[0] = 1;
                Buffer.BlockCopy(_topic, 0, _body, 1, _topic.Length);
                Emit(false, 1 + _topic.Length);
            }
            return true;
        }

        void Command(double nowS)
        {
            var end = _start + _length;
            if (!ZmtpCommand.Is(_data, _start, _length, ZmtpCommand.Ping, out var body) || end - body < 2)
                return; // others are for those who know them
            _peerTtlS = 0.1 * Bits.Big16(_data, body);
            _pingS = nowS;
            Send(ZmtpCommand.Pong, _data, body + 2, Math.Min(ContextLimit, end - body - 2));
        }

        /// <summary>A command, sealed where there are keys.</summary>
        void Send(byte[] name, byte[] rest, int start, int length)
        {
            _body[0] = (byte)name.Length;
            Buffer.BlockCopy(name, 0, _body, 1, name.Length);
            Buffer.BlockCopy(rest, start, _body, 1 + name.Length, length);
            Emit(true, 1 + name.Length + length);
        }

        /// <summary>What `_body` begins with, as a frame.</summary>
        void Emit(bool command, int length)
        {
            if (Pending + length + CurveSession.Overhead + 9 > Out.Length) return; // a flood of questions is not answered
            if (_curve == null || !Up) Put(command ? ZmtpCommand.CommandFlag : (byte)0, _body, length);
            else
            {
                PutHead(0, length + CurveSession.Overhead);
                Pending += _curve.Seal(command ? CurveSession.Command : (byte)0, _body, length, Out, Pending);
            }
        }

        void Put(byte flags, byte[] body, int length)
        {
            PutHead(flags, length);
            Buffer.BlockCopy(body, 0, Out, Pending, length);
            Pending += length;
        }

        void PutHead(byte flags, int length)
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

        /// <summary>A part of a message: the name of an actor, then a map, and nothing more.</summary>
        void Part(bool whole, double nowS)
        {
            _spoilt |= !whole;
            if (_part == 0)
                // subscribing matches prefixes: anna hears anna2, too, and has to leave it aside
                _mine = whole && Bits.Equal(_data, _start, _length, _topic);
            var last = !_more;
            if (last && (_part != 1 || _spoilt)) Rejected++;
            else if (last && _mine) Map(nowS);
            _part = last ? 0 : Math.Min(_part + 1, 2);
            if (last) _spoilt = false;
        }

        void Map(double nowS)
        {
            switch (NativeMap.Read(_data, _start, _length, _frame, out var version))
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
