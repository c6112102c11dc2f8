using System;

namespace Facecue.Wire
{
    /// <summary>A rotation: unit quaternion.</summary>
    public readonly struct Turn
    {
        public readonly float X, Y, Z, W;
        public Turn(float x, float y, float z, float w) { X = x; Y = y; Z = z; W = w; }
    }

    /// <summary>A position or a shift.</summary>
    public readonly struct Place
    {
        public readonly float X, Y, Z;
        public Place(float x, float y, float z) { X = x; Y = y; Z = z; }
    }

    /// <summary>Head frame to Unity's axes (left-handed, metres, an avatar looks along its +Z) and back.</summary>
    public static class Axes
    {
        public static Turn HeadRotation(FaceFrame frame) => throw new NotImplementedException();
        /// <summary>Metres.</summary>
        public static Place HeadTranslation(FaceFrame frame) => throw new NotImplementedException();
        public static Turn RightEye(FaceFrame frame) => throw new NotImplementedException();
        public static Turn LeftEye(FaceFrame frame) => throw new NotImplementedException();
        /// <summary>An eye that looks `yaw` to the subject's left and `pitch` up; radians.</summary>
        public static Turn Eye(float yaw, float pitch) => throw new NotImplementedException();
        /// <summary>A point in the local axes of Unity's head, metres, in the head frame, cm: for ControlSender.LookAt.</summary>
        public static Place ToHeadFrame(float x, float y, float z) => throw new NotImplementedException();
    }
}
