using System;

namespace Facecue.Wire
{
    /// <summary>
    /// NaCl's box of two parties, XSalsa20 and Poly1305: a tag of 16 bytes, then the text. Sealed and opened in place.
    /// Allocates nothing after its constructor.
    /// </summary>
    sealed class CurveBox
    {
        public const int NonceLength = 24;

        static readonly byte[] Zeros = new byte[16];

        readonly byte[] _key = new byte[32];
        readonly byte[] _subKey = new byte[32];
        readonly byte[] _block = new byte[Salsa20.BlockLength];
        readonly byte[] _tag = new byte[Poly1305.TagLength];
        readonly Salsa20 _salsa = new Salsa20();

        /// <summary>Between whoever has this secret key and whoever has the secret key of that public one.</summary>
        public CurveBox(byte[] secret, byte[] publicKey)
        {
            _salsa.Derive(Curve25519.Multiply(secret, publicKey), Zeros, 0, _key);
        }

        /// <summary>Seals the text at `start` + 16; the tag is put before it.</summary>
        public void Seal(byte[] data, int start, int textLength, byte[] nonce)
        {
            Begin(nonce);
            Flow(data, start + Poly1305.TagLength, textLength, nonce);
            Begin(nonce);
            Poly1305.Tag(_block, data, start + Poly1305.TagLength, textLength, data, start);
        }

        /// <summary>Opens a tag and what follows it; false, and nothing is changed, where it was not sealed so.</summary>
        public bool Open(byte[] data, int start, int length, byte[] nonce)
        {
            var textLength = length - Poly1305.TagLength;
            if (textLength < 0) return false;
            Begin(nonce);
            Poly1305.Tag(_block, data, start + Poly1305.TagLength, textLength, _tag, 0);
            var differs = 0;
            for (var i = 0; i < _tag.Length; i++) differs |= _tag[i] ^ data[start + i];
            if (differs != 0) return false;
            Flow(data, start + Poly1305.TagLength, textLength, nonce);
            return true;
        }

        /// <summary>Block 0 of the stream: its first half is the tag's key.</summary>
        void Begin(byte[] nonce)
        {
            _salsa.Derive(_key, nonce, 0, _subKey);
            _salsa.Block(_subKey, nonce, 16, 0, _block);
        }

        void Flow(byte[] data, int start, int length, byte[] nonce)
        {
            const int first = 32; // behind the tag's key
            for (var i = 0; i < length; i++)
            {
                var place = (first + i) % Salsa20.BlockLength;
                if (place == 0) _salsa.Block(_subKey, nonce, 16, (uint)((first + i) / Salsa20.BlockLength), _block);
                data[start + i] ^= _block[place];
            }
        }
    }
}
