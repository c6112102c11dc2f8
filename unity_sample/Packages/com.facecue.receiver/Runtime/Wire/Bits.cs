using System;
using System.Runtime.InteropServices;

namespace Facecue.Wire
{
    /// <summary>
    /// Numbers in bytes, in either order. The caller has made sure that the bytes are there; nothing is allocated,
    /// and nothing needs unsafe code.
    /// </summary>
    static class Bits
    {
        [StructLayout(LayoutKind.Explicit)]
        struct Word
        {
            [FieldOffset(0)] public uint Integer;
            [FieldOffset(0)] public float Real;
        }

        public static ushort Big16(byte[] data, int at) => (ushort)(data[at] << 8 | data[at + 1]);

        public static uint Big32(byte[] data, int at)
            => (uint)data[at] << 24 | (uint)data[at + 1] << 16 | (uint)data[at + 2] << 8 | data[at + 3];

        public static ulong Big64(byte[] data, int at) => (ulong)Big32(data, at) << 32 | Big32(data, at + 4);

        public static uint Little32(byte[] data, int at)
            => data[at] | (uint)data[at + 1] << 8 | (uint)data[at + 2] << 16 | (uint)data[at + 3] << 24;

        public static float BigFloat(byte[] data, int at) => ToFloat(Big32(data, at));

        public static double BigDouble(byte[] data, int at) => BitConverter.Int64BitsToDouble((long)Big64(data, at));

        public static float ToFloat(uint bits)
        {
            var word = default(Word);
            word.Integer = bits;
            return word.Real;
        }

        public static uint ToBits(float value)
        {
            var word = default(Word);
            word.Real = value;
            return word.Integer;
        }

        public static void PutBig32(byte[] data, int at, uint value)
        {
            data[at] = (byte)(value >> 24);
            data[at + 1] = (byte)(value >> 16);
            data[at + 2] = (byte)(value >> 8);
            data[at + 3] = (byte)value;
        }

        public static bool IsFinite(float value) => (ToBits(value) & 0x7F800000u) != 0x7F800000u;

        public static bool IsFinite(double value) => !double.IsNaN(value) && !double.IsInfinity(value);

        /// <summary>Fills an array with little-endian float32; false, and nothing is written, if one is not finite.</summary>
        public static bool LittleFloats(byte[] data, int at, float[] into)
        {
            for (var i = 0; i < into.Length; i++)
                if (!IsFinite(ToFloat(Little32(data, at + 4 * i)))) return false;
            for (var i = 0; i < into.Length; i++) into[i] = ToFloat(Little32(data, at + 4 * i));
            return true;
        }

        /// <summary>Fills an array with big-endian float32; false, and nothing is written, if one is not finite.</summary>
        public static bool BigFloats(byte[] data, int at, float[] into)
        {
            for (var i = 0; i < into.Length; i++)
                if (!IsFinite(BigFloat(data, at + 4 * i))) return false;
            for (var i = 0; i < into.Length; i++) into[i] = BigFloat(data, at + 4 * i);
            return true;
        }

        /// <summary>Whether the bytes at a place are these.</summary>
        public static bool Equal(byte[] data, int at, int length, byte[] text)
        {
            if (length != text.Length) return false;
            for (var i = 0; i < length; i++)
                if (data[at + i] != text[i]) return false;
            return true;
        }
    }
}
