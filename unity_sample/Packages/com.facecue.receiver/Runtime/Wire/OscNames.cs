using System.Text;

namespace Facecue.Wire
{
    /// <summary>Looks names up among bytes, their case left aside, without making a string.</summary>
    sealed class OscNames
    {
        const int Slots = 256;

        readonly byte[][] _names;
        readonly short[] _slots = new short[Slots]; // place + 1; 0 is empty

        public OscNames(string[] names)
        {
            _names = new byte[names.Length][];
            for (var i = 0; i < names.Length; i++)
            {
                _names[i] = Encoding.ASCII.GetBytes(names[i].ToLowerInvariant());
                var slot = Hash(_names[i], 0, _names[i].Length);
                while (_slots[slot] != 0) slot = (slot + 1) % Slots;
                _slots[slot] = (short)(i + 1);
            }
        }

        /// <summary>Place of a name; -1 where it is none of them.</summary>
        public int Find(byte[] data, int start, int length)
        {
            for (var slot = Hash(data, start, length); _slots[slot] != 0; slot = (slot + 1) % Slots)
            {
                var place = _slots[slot] - 1;
                if (Is(_names[place], data, start, length)) return place;
            }
            return -1;
        }

        static byte Lower(byte letter) => letter >= 'A' && letter <= 'Z' ? (byte)(letter + 32) : letter;

        static int Hash(byte[] data, int start, int length)
        {
            var hash = 2166136261u; // FNV-1a
            for (var i = 0; i < length; i++) hash = unchecked((hash ^ Lower(data[start + i])) * 16777619u);
            return (int)((hash ^ hash >> 16) % Slots);
        }

        static bool Is(byte[] name, byte[] data, int start, int length)
        {
            if (name.Length != length) return false;
            for (var i = 0; i < length; i++)
                if (Lower(data[start + i]) != name[i]) return false;
            return true;
        }
    }
}
