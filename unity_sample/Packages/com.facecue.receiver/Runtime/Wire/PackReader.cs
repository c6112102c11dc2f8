namespace Facecue.Wire
{
    /// <summary>
    /// Reads MessagePack, one value at a time. Every length is held against the bytes that are left before it is
    /// believed; nothing is allocated, and nesting costs no stack.
    /// </summary>
    struct PackReader
    {
        public enum Kind { Nil, Bool, Integer, Real, Text, Binary, List, Map, Extension }

        /// <summary>What a value begins with; the bytes of Text, Binary and Extension follow at `Start`.</summary>
        public struct Token
        {
            public Kind Kind;
            public bool Fits; // an integer that long holds
            public long Integer;
            public double Real; // also of an integer
            public int Start;
            public int Length; // bytes that follow
            public long Count; // values that follow: of a list, and twice the pairs of a map
        }

        readonly byte[] _data;
        readonly int _end;
        int _at;

        public PackReader(byte[] data, int start, int length)
        {
            _data = data;
            _at = start;
            _end = start + length;
        }

        public bool AtEnd => _at == _end;

        /// <summary>The next value; of a list or a map only its head. False where the bytes are none.</summary>
        public bool Next(out Token token)
        {
            token = default(Token);
            if (_at >= _end) return false;
            int b = _data[_at++];
            if (b < 0x80) return Signed(ref token, b);
            if (b < 0x90) return Values(ref token, Kind.Map, 2L * (b & 15));
            if (b < 0xA0) return Values(ref token, Kind.List, b & 15);
            if (b < 0xC0) return Bytes(ref token, Kind.Text, (uint)(b & 31), 0);
            if (b >= 0xE0) return Signed(ref token, b - 256);
            switch (b)
            {
                case 0xC0: token.Kind = Kind.Nil; return true;
                case 0xC2: case 0xC3: token.Kind = Kind.Bool; return true;
                case 0xC4: return Unsigned(1, out var n) && Bytes(ref token, Kind.Binary, n, 0);
                case 0xC5: return Unsigned(2, out n) && Bytes(ref token, Kind.Binary, n, 0);
                case 0xC6: return Unsigned(4, out n) && Bytes(ref token, Kind.Binary, n, 0);
                case 0xC7: return Unsigned(1, out n) && Bytes(ref token, Kind.Extension, n, 1);
                case 0xC8: return Unsigned(2, out n) && Bytes(ref token, Kind.Extension, n, 1);
                case 0xC9: return Unsigned(4, out n) && Bytes(ref token, Kind.Extension, n, 1);
                case 0xCA:
                    if (!Unsigned(4, out n)) return false;
                    token.Kind = Kind.Real;
                    token.Real = Bits.ToFloat((uint)n);
                    return true;
                case 0xCB:
                    if (!Unsigned(8, out n)) return false;
                    token.Kind = Kind.Real;
                    token.Real = System.BitConverter.Int64BitsToDouble((long)n);
                    return true;
                case 0xCC: return Unsigned(1, out n) && Signed(ref token, (long)n);
                case 0xCD: return Unsigned(2, out n) && Signed(ref token, (long)n);
                case 0xCE: return Unsigned(4, out n) && Signed(ref token, (long)n);
                case 0xCF:
                    if (!Unsigned(8, out n)) return false;
                    Signed(ref token, (long)n);
                    token.Fits = n <= long.MaxValue;
                    token.Real = n;
                    return true;
                case 0xD0: return Unsigned(1, out n) && Signed(ref token, (sbyte)n);
                case 0xD1: return Unsigned(2, out n) && Signed(ref token, (short)n);
                case 0xD2: return Unsigned(4, out n) && Signed(ref token, (int)n);
                case 0xD3: return Unsigned(8, out n) && Signed(ref token, (long)n);
                case 0xD4: return Bytes(ref token, Kind.Extension, 1, 1);
                case 0xD5: return Bytes(ref token, Kind.Extension, 2, 1);
                case 0xD6: return Bytes(ref token, Kind.Extension, 4, 1);
                case 0xD7: return Bytes(ref token, Kind.Extension, 8, 1);
                case 0xD8: return Bytes(ref token, Kind.Extension, 16, 1);
                case 0xD9: return Unsigned(1, out n) && Bytes(ref token, Kind.Text, n, 0);
                case 0xDA: return Unsigned(2, out n) && Bytes(ref token, Kind.Text, n, 0);
                case 0xDB: return Unsigned(4, out n) && Bytes(ref token, Kind.Text, n, 0);
                case 0xDC: return Unsigned(2, out n) && Values(ref token, Kind.List, (long)n);
                case 0xDD: return Unsigned(4, out n) && Values(ref token, Kind.List, (long)n);
                case 0xDE: return Unsigned(2, out n) && Values(ref token, Kind.Map, 2 * (long)n);
                case 0xDF: return Unsigned(4, out n) && Values(ref token, Kind.Map, 2 * (long)n);
                default: return false; // 0xC1 is never used
            }
        }

        /// <summary>Passes over what a value holds, however deep. False where the bytes do not.</summary>
        public bool Skip(Token token)
        {
            var left = token.Count;
            while (left > 0)
            {
                if (!Next(out token)) return false;
                left += token.Count - 1;
                if (left > _end - _at) return false; // every value takes a byte at least
            }
            return true;
        }

        bool Unsigned(int bytes, out ulong value)
        {
            value = 0;
            if (bytes > _end - _at) return false;
            for (var i = 0; i < bytes; i++) value = value << 8 | _data[_at++];
            return true;
        }

        static bool Signed(ref Token token, long value)
        {
            token.Kind = Kind.Integer;
            token.Fits = true;
            token.Integer = value;
            token.Real = value;
            return true;
        }

        bool Bytes(ref Token token, Kind kind, ulong length, int before)
        {
            if (length + (ulong)before > (ulong)(_end - _at)) return false;
            token.Kind = kind;
            token.Start = _at + before;
            token.Length = (int)length;
            _at = token.Start + token.Length;
            return true;
        }

        bool Values(ref Token token, Kind kind, long count)
        {
            if (count > _end - _at) return false;
            token.Kind = kind;
            token.Count = count;
            return true;
        }
    }
}
