using System;

namespace Facecue.Wire
{
    /// <summary>Bernstein's Salsa20 and HSalsa20. Allocates nothing after its constructor.</summary>
    sealed class Salsa20
    {
        public const int BlockLength = 64;

        static readonly uint[] Sigma = { 0x61707865, 0x3320646E, 0x79622D32, 0x6B206574 }; // "expand 32-byte k"

        readonly uint[] _input = new uint[16];
        readonly uint[] _x = new uint[16];

        /// <summary>The key that another key and 16 bytes give.</summary>
        public void Derive(byte[] key, byte[] nonce, int at, byte[] into)
        {
            Set(key);
            for (var i = 0; i < 4; i++) _input[6 + i] = Bits.Little32(nonce, at + 4 * i);
            Rounds();
            for (var i = 0; i < 4; i++)
            {
                Put(into, 4 * i, _x[5 * i]);
                Put(into, 16 + 4 * i, _x[6 + i]);
            }
        }

        /// <summary>Block `number` of the stream of a key and 8 bytes.</summary>
        public void Block(byte[] key, byte[] nonce, int at, uint number, byte[] into)
        {
            Set(key);
            _input[6] = Bits.Little32(nonce, at);
            _input[7] = Bits.Little32(nonce, at + 4);
            _input[8] = number;
            _input[9] = 0;
            Rounds();
            for (var i = 0; i < 16; i++) Put(into, 4 * i, unchecked(_x[i] + _input[i]));
        }

        void Set(byte[] key)
        {
            for (var i = 0; i < 4; i++)
            {
                _input[5 * i] = Sigma[i];
                _input[1 + i] = Bits.Little32(key, 4 * i);
                _input[11 + i] = Bits.Little32(key, 16 + 4 * i);
            }
        }

        void Rounds()
        {
            Array.Copy(_input, _x, 16);
            for (var i = 0; i < 10; i++)
            {
                Quarter(0, 4, 8, 12);
                Quarter(5, 9, 13, 1);
                Quarter(10, 14, 2, 6);
                Quarter(15, 3, 7, 11);
                Quarter(0, 1, 2, 3);
                Quarter(5, 6, 7, 4);
                Quarter(10, 11, 8, 9);
                Quarter(15, 12, 13, 14);
            }
        }

        void Quarter(int a, int b, int c, int d)
        {
            unchecked
            {
                _x[b] ^= Rotate(_x[a] + _x[d], 7);
                _x[c] ^= Rotate(_x[b] + _x[a], 9);
                _x[d] ^= Rotate(_x[c] + _x[b], 13);
                _x[a] ^= Rotate(_x[d] + _x[c], 18);
            }
        }

        static uint Rotate(uint value, int by) => value << by | value >> (32 - by);

        static void Put(byte[] into, int at, uint value)
        {
            into[at] = (byte)value;
            into[at + 1] = (byte)(value >> 8);
            into[at + 2] = (byte)(value >> 16);
            into[at + 3] = (byte)(value >> 24);
        }
    }
}
