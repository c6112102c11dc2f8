using System;
using System.Text;

namespace Facecue.Wire
{
    /// <summary>
    /// Frames of one actor out of OSC packets: the native wire (/facecue/ACTOR/…), and VMC where no native frame comes.
    /// Knows no socket. What is no message of ours is left aside; what is broken is counted.
    /// </summary>
    public sealed class OscFaceReader : IOscListener
    {
        /// <summary>Wire version that is read here.</summary>
        public const int Version = 1;

        /// <summary>VMC is left aside for so long after a native frame: who sends both means one face.</summary>
        const double NativeFirstS = 1.0;

        static readonly byte[] LandmarksName = Encoding.ASCII.GetBytes("landmarks");
        static readonly byte[] GazeName = Encoding.ASCII.GetBytes("gaze");
        static readonly byte[] HeadName = Encoding.ASCII.GetBytes("head");
        static readonly byte[] EmotionName = Encoding.ASCII.GetBytes("emotion");
        static readonly byte[] ArkitName = Encoding.ASCII.GetBytes("arkit");
        static readonly byte[] FrameName = Encoding.ASCII.GetBytes("frame");
        static readonly byte[] VmcRoot = Encoding.ASCII.GetBytes("/VMC/");

        static readonly byte[] LandmarksTags = Tags("i", FaceFrame.LandmarkNumbers);
        static readonly byte[] GazeTags = Tags("", FaceFrame.GazeNumbers);
        static readonly byte[] HeadTags = Tags("", 7);
        static readonly byte[] EmotionTags = Tags("", FaceFrame.EmotionCount);
        static readonly byte[] ArkitTags = Tags("", FaceFrame.ArkitCount);
        static readonly byte[] FrameTags = Encoding.ASCII.GetBytes("iffi");

        const int HasGaze = 1, HasHead = 2, HasEmotion = 4, HasArkit = 8, HasAll = 15;

        readonly byte[] _root;
        readonly FrameRing _ring;
        readonly FaceFrame _frame = new FaceFrame();
        readonly VmcFace _vmc;
        int _has;
        long _landmarksOf = -1;
        double _nowS;
        double _nativeS = double.NegativeInfinity;
        bool _bad;

        public OscFaceReader(string actor, FrameRing ring)
        {
            _root = Encoding.UTF8.GetBytes("/facecue/" + actor + "/");
            _ring = ring;
            _vmc = new VmcFace();
        }

        /// <summary>Frames read whole.</summary>
        public long Received { get; private set; }

        /// <summary>Packets that were broken, or held a message of ours that cannot be.</summary>
        public long Rejected { get; private set; }

        /// <summary>Version of the last frame that was refused for it; 0 where there was none.</summary>
        public int RefusedVersion { get; private set; }

        /// <summary>Reads a packet that came at `nowS`; whole frames go into the ring.</summary>
        public void Read(byte[] data, int start, int length, double nowS)
        {
            _nowS = nowS;
            _bad = false;
            if (!OscPacket.Read(data, start, length, this) || _bad) Rejected++;
        }

        void IOscListener.Hear(byte[] data, OscMessage message)
        {
            if (Starts(data, message, _root)) Native(data, message);
            else if (Starts(data, message, VmcRoot) && _nowS - _nativeS > NativeFirstS) Vmc(data, message);
        }

        void Native(byte[] data, OscMessage message)
        {
            var name = message.Address + _root.Length;
            var length = message.AddressLength - _root.Length;
            if (Bits.Equal(data, name, length, FrameName)) Frame(data, message);
            else if (Bits.Equal(data, name, length, ArkitName)) Take(data, message, ArkitTags, _frame.Arkit, HasArkit);
            else if (Bits.Equal(data, name, length, GazeName)) Take(data, message, GazeTags, _frame.Gaze, HasGaze);
            else if (Bits.Equal(data, name, length, EmotionName))
                Take(data, message, EmotionTags, _frame.Emotion, HasEmotion);
            else if (Bits.Equal(data, name, length, HeadName))
            {
                if (Take(data, message, HeadTags, _frame.HeadRotation, HasHead)
                    && !Bits.BigFloats(data, message.Arguments + 16, _frame.HeadTranslation)) Bad(HasHead);
            }
            else if (Bits.Equal(data, name, length, LandmarksName))
            {
                _landmarksOf = -1;
                if (!message.Begins(data, LandmarksTags)
                    || !Bits.BigFloats(data, message.Arguments + 4, _frame.Landmarks)) _bad = true;
                else _landmarksOf = (int)Bits.Big32(data, message.Arguments);
            }
        }

        bool Take(byte[] data, OscMessage message, byte[] tags, float[] into, int bit)
        {
            if (message.Begins(data, tags) && Bits.BigFloats(data, message.Arguments, into))
            {
                _has |= bit;
                return true;
            }
            Bad(bit);
            return false;
        }

        void Bad(int bit)
        {
            _has &= ~bit;
            _bad = true;
        }

        void Frame(byte[] data, OscMessage message)
        {
            var has = _has;
            _has = 0;
            if (!message.Begins(data, FrameTags))
            {
                _bad = true;
                return;
            }
            var number = (int)Bits.Big32(data, message.Arguments);
            var time = Bits.BigFloat(data, message.Arguments + 4);
            var latency = Bits.BigFloat(data, message.Arguments + 8);
            var version = (int)Bits.Big32(data, message.Arguments + 12);
            if (version != Version)
            {
                RefusedVersion = version;
                _bad = true;
                return;
            }
            if (has != HasAll || number < 0 || !Bits.IsFinite(time) || !Bits.IsFinite(latency))
            {
                _bad = true;
                return;
            }
            RefusedVersion = 0;
            _nativeS = _nowS;
            _frame.Number = number;
            _frame.TimeS = Exact(number, time);
            _frame.LatencyS = latency;
            _frame.HasLandmarks = _landmarksOf == number;
            Push(_frame);
        }

        /// <summary>(n + 0.5) / rate where that is what the float32 `t` rounds: after an hour it is 0.2 ms off.</summary>
        static double Exact(int number, float time)
        {
            if (time <= 0f) return time;
            var rate = Math.Round((number + 0.5) / time);
            if (rate < 1.0) return time;
            var exact = (number + 0.5) / rate;
            return Math.Abs(exact - time) <= 1.2e-7 * time ? exact : time;
        }

        void Vmc(byte[] data, OscMessage message)
        {
            switch (_vmc.Hear(data, message, _nowS))
            {
                case VmcFace.Heard.Broken: _bad = true; break;
                case VmcFace.Heard.Apply: Push(_vmc.Frame); break;
            }
        }

        void Push(FaceFrame frame)
        {
            frame.ArrivalS = _nowS;
            Received++;
            _ring.Push(frame);
        }

        static bool Starts(byte[] data, OscMessage message, byte[] with)
            => message.AddressLength > with.Length && Bits.Equal(data, message.Address, with.Length, with);

        static byte[] Tags(string first, int floats)
            => Encoding.ASCII.GetBytes(first + new string('f', floats));
    }
}
