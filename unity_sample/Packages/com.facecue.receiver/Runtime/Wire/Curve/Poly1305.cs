using System;

namespace Facecue.Wire
{
    /// <summary>Bernstein's Poly1305: a tag of 16 bytes under a key that is used once. Five limbs of 26 bits.</summary>
    static class Poly1305
    {
        public const int TagLength = 16;
        const uint Mask = 0x3FFFFFF;

        public static void Tag(byte[] key, byte[] data, int start, int length, byte[] into, int at)
        {
            uint r0 = Bits.Little32(key, 0) & 0x3FFFFFF, r1 = Bits.Little32(key, 3) >> 2 & 0x3FFFF03;
            uint r2 = Bits.Little32(key, 6) >> 4 & 0x3FFC0FF, r3 = Bits.Little32(key, 9) >> 6 & 0x3F03FFF;
            uint r4 = Bits.Little32(key, 12) >> 8 & 0x00FFFFF;
            ulong s1 = r1 * 5, s2 = r2 * 5, s3 = r3 * 5, s4 = r4 * 5;
            uint h0 = 0, h1 = 0, h2 = 0, h3 = 0, h4 = 0;
            for (var end = start + length; start < end; start += 16)
            {
                uint w0, w1, w2, w3, top = 1u << 24;
                if (end - start >= 16)
                {
                    w0 = Bits.Little32(data, start);
                    w1 = Bits.Little32(data, start + 4);
                    w2 = Bits.Little32(data, start + 8);
                    w3 = Bits.Little32(data, start + 12);
                }
                else
                {
                    top = 0;
                    w0 = Rest(data, start, end, 0);
                    w1 = Rest(data, start, end, 4);
                    w2 = Rest(data, start, end, 8);
                    w3 = Rest(data, start, end, 12);
                }
                h0 += w0 & Mask;
                h1 += (uint)(((ulong)w1 << 32 | w0) >> 26) & Mask;
                h2 += (uint)(((ulong)w2 << 32 | w1) >> 20) & Mask;
                h3 += (uint)(((ulong)w3 << 32 | w2) >> 14) & Mask;
                h4 += w3 >> 8 | top;
                var d0 = h0 * (ulong)r0 + h1 * s4 + h2 * s3 + h3 * s2 + h4 * s1;
                var d1 = h0 * (ulong)r1 + h1 * (ulong)r0 + h2 * s4 + h3 * s3 + h4 * s2;
                var d2 = h0 * (ulong)r2 + h1 * (ulong)r1 + h2 * (ulong)r0 + h3 * s4 + h4 * s3;
                var d3 = h0 * (ulong)r3 + h1 * (ulong)r2 + h2 * (ulong)r1 + h3 * (ulong)r0 + h4 * s4;
                var d4 = h0 * (ulong)r4 + h1 * (ulong)r3 + h2 * (ulong)r2 + h3 * (ulong)r1 + h4 * (ulong)r0;
                h0 = (uint)d0 & Mask;
                d1 += d0 >> 26;
                h1 = (uint)d1 & Mask;
                d2 += d1 >> 26;
                h2 = (uint)d2 & Mask;
                d3 += d2 >> 26;
                h3 = (uint)d3 & Mask;
                d4 += d3 >> 26;
                h4 = (uint)d4 & Mask;
                h0 += (uint)(d4 >> 26) * 5;
                h1 += h0 >> 26;
                h0 &= Mask;
            }
            h2 += h1 >> 26;
            h1 &= Mask;
            h3 += h2 >> 26;
            h2 &= Mask;
            h4 += h3 >> 26;
            h3 &= Mask;
            h0 += (h4 >> 26) * 5;
            h4 &= Mask;
            h1 += h0 >> 26;
            h0 &= Mask;
            // h - p, and which of the two is meant
            var g0 = h0 + 5;
            var g1 = h1 + (g0 >> 26);
            g0 &= Mask;
            var g2 = h2 + (g1 >> 26);
            g1 &= Mask;
            var g3 = h3 + (g2 >> 26);
            g2 &= Mask;
            var g4 = unchecked(h4 + (g3 >> 26) - (1u << 26));
            g3 &= Mask;
            var less = unchecked((g4 >> 31) - 1); // all ones where h is p or more
            h0 = h0 & ~less | g0 & less;
            h1 = h1 & ~less | g1 & less;
            h2 = h2 & ~less | g2 & less;
            h3 = h3 & ~less | g3 & less;
            h4 = h4 & ~less | g4 & less;
            unchecked
            {
                var f = (ulong)(h0 | h1 << 26) + Bits.Little32(key, 16);
                Put(into, at, f);
                f = (f >> 32) + (h1 >> 6 | h2 << 20) + Bits.Little32(key, 20);
                Put(into, at + 4, f);
                f = (f >> 32) + (h2 >> 12 | h3 << 14) + Bits.Little32(key, 24);
                Put(into, at + 8, f);
                f = (f >> 32) + (h3 >> 18 | h4 << 8) + Bits.Little32(key, 28);
                Put(into, at + 12, f);
            }
        }

        /// <summary>Four bytes of the last block, a one behind the data, zeros behind that.</summary>
        static uint Rest(byte[] data, int start, int end, int at)
        {
            uint word = 0;
            for (var i = 0; i < 4; i++)
            {
                var place = start + at + i;
                if (place < end) word |= (uint)data[place] << 8 * i;
                else if (place == end) word |= 1u << 8 * i;
            }
            return word;
        }

        static void Put(byte[] into, int at, ulong value)
        {
            for (var i = 0; i < 4; i++) into[at + i] = (byte)(value >> 8 * i);
        }
    }
}
