using System;

namespace Facecue.Wire
{
    /// <summary>
    /// Head frame to Unity's axes and back; the rules of bridge/sinks/unity.py. Ours is right-handed, in cm: x the
    /// subject's left, y up, z out of the face. Unity is left-handed, in m, and an avatar looks along its +Z with +X at
    /// its right hand: the same axes with x turned round. A position (x, y, z) becomes (-x, y, z), a quaternion
    /// (x, y, z, w) becomes (x, -y, -z, w).
    /// </summary>
    public static class Axes
    {
        /// <summary>The head's turn against rest.</summary>
        public static Turn HeadRotation(FaceFrame frame)
        {
            var q = frame.HeadRotation;
            return Rotation(new Turn(q[0], q[1], q[2], q[3]));
        }

        /// <summary>The head's shift against rest, in metres.</summary>
        public static Place HeadTranslation(FaceFrame frame)
        {
            var p = frame.HeadTranslation;
            return Position(p[0], p[1], p[2]);
        }

        public static Turn RightEye(FaceFrame frame) => Eye(frame.Gaze[0], frame.Gaze[1]);

        public static Turn LeftEye(FaceFrame frame) => Eye(frame.Gaze[2], frame.Gaze[3]);

        /// <summary>An eye that looks `yaw` to the subject's left and `pitch` up; radians. It does not roll.</summary>
        public static Turn Eye(float yaw, float pitch)
        {
            double sinYaw = Math.Sin(yaw / 2.0), cosYaw = Math.Cos(yaw / 2.0);
            double sinPitch = Math.Sin(pitch / 2.0), cosPitch = Math.Cos(pitch / 2.0);
            return Rotation(new Turn((float)(-cosYaw * sinPitch), (float)(sinYaw * cosPitch),
                (float)(sinYaw * sinPitch), (float)(cosYaw * cosPitch)));
        }

        /// <summary>A rotation of the head frame; the other way round it is the same rule.</summary>
        public static Turn Rotation(Turn turn) => new Turn(turn.X, -turn.Y, -turn.Z, turn.W);

        /// <summary>A position of the head frame in cm; in metres.</summary>
        public static Place Position(float x, float y, float z)
            => new Place((float)(-x / 100.0), (float)(y / 100.0), (float)(z / 100.0));

        /// <summary>A point in the axes of Unity's resting head, metres, in the head frame, cm: for ControlSender.LookAt.</summary>
        public static Place ToHeadFrame(float x, float y, float z) => new Place(-100f * x, 100f * y, 100f * z);
    }
}
