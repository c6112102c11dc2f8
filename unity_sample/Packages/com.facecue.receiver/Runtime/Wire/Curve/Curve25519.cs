using System;

namespace Facecue.Wire
{
    /// <summary>
    /// Scalar multiplication on Curve25519 (RFC 7748), after TweetNaCl, which is in the public domain: 16 limbs of 16
    /// bits, and no branch or index that depends on a secret. A millisecond or so; for handshakes only.
    /// </summary>
    static class Curve25519
    {
        public const int Length = 32;

        static readonly long[] Constant = Limbs(0xDB41, 1);
        static readonly byte[] BasePoint = { 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

        /// <summary>The public key of a secret one.</summary>
        public static byte[] PublicKey(byte[] secret) => Multiply(secret, BasePoint);

        /// <summary>What two parties share: the one's secret times the other's public key.</summary>
        public static byte[] Multiply(byte[] secret, byte[] point)
        {
            var z = (byte[])secret.Clone();
            z[31] = (byte)(z[31] & 127 | 64);
            z[0] &= 248;
            var x = new long[16];
            for (var i = 0; i < 16; i++) x[i] = point[2 * i] + ((long)point[2 * i + 1] << 8);
            x[15] &= 0x7FFF;
            long[] a = Limbs(1, 0), b = (long[])x.Clone(), c = new long[16], d = Limbs(1, 0);
            long[] e = new long[16], f = new long[16];
            for (var i = 254; i >= 0; i--)
            {
                long bit = z[i >> 3] >> (i & 7) & 1;
                Swap(a, b, bit);
                Swap(c, d, bit);
                Add(e, a, c);
                Subtract(a, a, c);
                Add(c, b, d);
                Subtract(b, b, d);
                Times(d, e, e);
                Times(f, a, a);
                Times(a, c, a);
                Times(c, b, e);
                Add(e, a, c);
                Subtract(a, a, c);
                Times(b, a, a);
                Subtract(c, d, f);
                Times(a, c, Constant);
                Add(a, a, d);
                Times(c, c, a);
                Times(a, d, f);
                Times(d, b, x);
                Times(b, e, e);
                Swap(a, b, bit);
                Swap(c, d, bit);
            }
            Invert(c);
            Times(a, a, c);
            return Pack(a);
        }

        static long[] Limbs(long first, long second)
        {
            var limbs = new long[16];
            limbs[0] = first;
            limbs[1] = second;
            return limbs;
        }

        static void Carry(long[] o)
        {
            for (var i = 0; i < 16; i++)
            {
                o[i] += 1 << 16;
                var c = o[i] >> 16;
                if (i < 15) o[i + 1] += c - 1;
                else o[0] += 38 * (c - 1);
                o[i] -= c << 16;
            }
        }

        static void Swap(long[] p, long[] q, long bit)
        {
            var mask = ~(bit - 1);
            for (var i = 0; i < 16; i++)
            {
                var t = mask & (p[i] ^ q[i]);
                p[i] ^= t;
                q[i] ^= t;
            }
        }

        static void Add(long[] o, long[] a, long[] b)
        {
            for (var i = 0; i < 16; i++) o[i] = a[i] + b[i];
        }

        static void Subtract(long[] o, long[] a, long[] b)
        {
            for (var i = 0; i < 16; i++) o[i] = a[i] - b[i];
        }

        static void Times(long[] o, long[] a, long[] b)
        {
            var t = new long[31];
            for (var i = 0; i < 16; i++)
                for (var j = 0; j < 16; j++) t[i + j] += a[i] * b[j];
            for (var i = 0; i < 15; i++) t[i] += 38 * t[i + 16];
            Array.Copy(t, o, 16);
            Carry(o);
            Carry(o);
        }

        static void Invert(long[] o)
        {
            var c = (long[])o.Clone();
            for (var i = 253; i >= 0; i--)
            {
                Times(c, c, c);
                if (i != 2 && i != 4) Times(c, c, o);
            }
            Array.Copy(c, o, 16);
        }

        static byte[] Pack(long[] n)
        {
            var t = (long[])n.Clone();
            var m = new long[16];
            Carry(t);
            Carry(t);
            Carry(t);
            for (var times = 0; times < 2; times++)
            {
                m[0] = t[0] - 0xFFED;
                for (var i = 1; i < 15; i++)
                {
                    m[i] = t[i] - 0xFFFF - (m[i - 1] >> 16 & 1);
                    m[i - 1] &= 0xFFFF;
                }
                m[15] = t[15] - 0x7FFF - (m[14] >> 16 & 1);
                var borrow = m[15] >> 16 & 1;
                m[14] &= 0xFFFF;
                Swap(t, m, 1 - borrow);
            }
            var packed = new byte[Length];
            for (var i = 0; i < 16; i++)
            {
                packed[2 * i] = (byte)t[i];
                packed[2 * i + 1] = (byte)(t[i] >> 8);
            }
            return packed;
        }
    }
}
