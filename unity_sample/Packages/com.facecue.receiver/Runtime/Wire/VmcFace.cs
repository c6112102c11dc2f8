using System;
using System.Text;

namespace Facecue.Wire
{
    /// <summary>
    /// The face that VMC messages build up: Head, Neck, LeftEye and RightEye as bones, expressions with ARKit's names
    /// (any case), our emotion under /VMC/Thru, Apply at the end of a frame. Names it does not know are left aside.
    /// </summary>
    sealed class VmcFace
    {
        public enum Heard { Nothing, Part, Apply, Broken }

        static readonly byte[] Time = Encoding.ASCII.GetBytes("/VMC/Ext/T");
        static readonly byte[] Bone = Encoding.ASCII.GetBytes("/VMC/Ext/Bone/Pos");
        static readonly byte[] Value = Encoding.ASCII.GetBytes("/VMC/Ext/Blend/Val");
        static readonly byte[] Apply = Encoding.ASCII.GetBytes("/VMC/Ext/Blend/Apply");
        static readonly byte[] Emotion = Encoding.ASCII.GetBytes("/VMC/Thru/facecue/emotion");
        static readonly byte[] TimeTags = Encoding.ASCII.GetBytes("f");
        static readonly byte[] NamedTags = Encoding.ASCII.GetBytes("sf");
        static readonly byte[] BoneTags = Encoding.ASCII.GetBytes("sfffffff");
        static readonly OscNames Shapes = new OscNames(FaceNames.Arkit);
        static readonly OscNames Emotions = new OscNames(FaceNames.Emotions);
        static readonly OscNames Bones = new OscNames(new[] { "head", "neck", "lefteye", "righteye" });

        /// <summary>A clock of the sender that goes back by so much was started anew.</summary>
        const double BackS = 0.5;

        /// <summary>No head is farther from anything.</summary>
        const float FarthestM = 1e6f;

        readonly float[] _pose = new float[7];
        readonly float[] _shift = new float[3];
        Turn _head = Turn.None, _neck = Turn.None;
        double _timeS = double.NaN;
        bool _ours; // the sender is facecue: bone positions are shifts from rest

        /// <summary>The face as of the last Apply.</summary>
        public readonly FaceFrame Frame = new FaceFrame();

        public Heard Hear(byte[] data, OscMessage message, double nowS)
        {
            if (Is(data, message, Value)) return Named(data, message, Shapes, Frame.Arkit);
            if (Is(data, message, Bone)) return Moved(data, message);
            if (Is(data, message, Emotion))
            {
                _ours = true;
                return Named(data, message, Emotions, Frame.Emotion);
            }
            if (Is(data, message, Time))
            {
                if (!message.Begins(data, TimeTags)) return Heard.Broken;
                var time = Bits.BigFloat(data, message.Arguments);
                if (!Bits.IsFinite(time)) return Heard.Broken;
                _timeS = time;
                return Heard.Part;
            }
            if (!Is(data, message, Apply)) return Heard.Nothing;
            Finish(nowS);
            return Heard.Apply;
        }

        Heard Named(byte[] data, OscMessage message, OscNames names, float[] into)
        {
            if (!message.Begins(data, NamedTags)) return Heard.Broken;
            var at = message.Arguments;
            OscMessage.Text(data, ref at, data.Length, out var length);
            var value = Bits.BigFloat(data, at);
            if (!Bits.IsFinite(value)) return Heard.Broken;
            var place = names.Find(data, message.Arguments, length);
            if (place >= 0) into[place] = value;
            return Heard.Part;
        }

        Heard Moved(byte[] data, OscMessage message)
        {
            if (!message.Begins(data, BoneTags)) return Heard.Broken;
            var at = message.Arguments;
            OscMessage.Text(data, ref at, data.Length, out var length);
            if (!Bits.BigFloats(data, at, _pose)) return Heard.Broken;
            // Unity's axes to ours: the same mirror as from ours to Unity's
            var turn = new Turn(_pose[3], -_pose[4], -_pose[5], _pose[6]).Unit();
            switch (Bones.Find(data, message.Arguments, length))
            {
                case 0:
                    for (var i = 0; i < 3; i++)
                        if (Math.Abs(_pose[i]) > FarthestM) return Heard.Broken;
                    _head = turn;
                    for (var i = 0; i < 3; i++) _shift[i] = (i == 0 ? -100f : 100f) * _pose[i];
                    break;
                case 1: _neck = turn; break;
                case 2: Look(turn, 2); break;
                case 3: Look(turn, 0); break;
            }
            return Heard.Part;
        }

        void Look(Turn turn, int place)
        {
            // where the eye's own z goes to
            var x = 2 * (turn.X * turn.Z + turn.W * turn.Y);
            var y = 2 * (turn.Y * turn.Z - turn.W * turn.X);
            var z = 1 - 2 * (turn.X * turn.X + turn.Y * turn.Y);
            Frame.Gaze[place] = (float)Math.Atan2(x, z);
            Frame.Gaze[place + 1] = (float)Math.Atan2(y, Math.Sqrt(x * x + z * z));
        }

        void Finish(double nowS)
        {
            var time = double.IsNaN(_timeS) ? nowS : _timeS;
            Frame.Number = time < Frame.TimeS - BackS ? 0 : Frame.Number + 1;
            Frame.TimeS = time;
            var whole = _neck.Then(_head).Unit();
            Frame.HeadRotation[0] = whole.X;
            Frame.HeadRotation[1] = whole.Y;
            Frame.HeadRotation[2] = whole.Z;
            Frame.HeadRotation[3] = whole.W;
            for (var i = 0; i < 3; i++) Frame.HeadTranslation[i] = _ours ? _shift[i] : 0f;
        }

        static bool Is(byte[] data, OscMessage message, byte[] address)
            => Bits.Equal(data, message.Address, message.AddressLength, address);
    }
}
