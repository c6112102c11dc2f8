using System;
using System.Text;

namespace Facecue.Mapping
{
    /// <summary>What part of a head turns with.</summary>
    public enum HeadTurn { Head, RightEye, LeftEye }

    /// <summary>A part of a head's surface: a colour and a stretch of its triangles.</summary>
    public sealed class HeadPart
    {
        public string Name;

        /// <summary>RGBA, 0..1, sRGB.</summary>
        public readonly float[] Colour = new float[4];

        public float Smoothness, Glow;
        public HeadTurn Turn;
        public int FirstIndex, IndexCount;
    }

    /// <summary>A shape: what it moves, in the file's own steps.</summary>
    public sealed class HeadMorph
    {
        public string Name;
        public float Scale, NormalScale;
        public ushort[] Indices;
        public short[] Deltas, Normals; // three for each index
    }

    /// <summary>
    /// facecue's head as docs/head.md has it, read from bytes: cm in the head frame, right-handed, nothing turned to an
    /// engine's axes yet.
    /// </summary>
    // Every number is checked before it is believed; FormatException says what is wrong, and nothing else is thrown.
    public sealed class HeadFile
    {
        public const uint Version = 1;
        public const int MostVertices = 65536, MostIndices = 1 << 20, MostParts = 64, MostMorphs = 256;

        public readonly float UnitM;
        public readonly float[] HeadPivot, RightEye, LeftEye; // x y z
        public readonly float EyeRadius;

        /// <summary>Gaze in radians at eyeLook weight 1: yaw, up, down.</summary>
        public readonly float[] LookFull;

        public readonly HeadPart[] Parts;
        public readonly float[] Vertices, Normals; // three for each vertex

        /// <summary>1 for a vertex that goes wholly with the head, 0 for one of the bust.</summary>
        public readonly float[] HeadShare;

        public readonly byte[] Colours; // four for each vertex
        public readonly ushort[] Triangles;
        public readonly HeadMorph[] Morphs;

        public int VertexCount => HeadShare.Length;

        readonly byte[] _bytes;
        int _at;

        public HeadFile(byte[] bytes)
        {
            _bytes = bytes ?? throw new FormatException("a head has bytes; none were given");
            if (Text(4) != "FCH1") throw new FormatException("this is no facecue head: it does not begin with FCH1");
            var version = U32();
            if (version != Version)
                throw new FormatException("head version " + version + "; this reader knows version " + Version);
            var vertices = Count("vertices", 1, MostVertices);
            var indices = Count("indices", 3, MostIndices);
            if (indices % 3 != 0) throw new FormatException(indices + " indices are no whole triangles");
            var parts = Count("parts", 1, MostParts);
            var morphs = Count("morphs", 0, MostMorphs);
            UnitM = Floats(1)[0];
            if (!(UnitM > 0 && UnitM <= 1)) throw new FormatException("a unit of " + UnitM + " m; 0.01 is a centimetre");
            HeadPivot = Floats(3);
            RightEye = Floats(3);
            LeftEye = Floats(3);
            EyeRadius = Floats(1)[0];
            LookFull = Floats(3);
            Parts = new HeadPart[parts];
            var first = 0;
            for (var i = 0; i < parts; i++) first = ReadPart(i, first, indices);
            if (first != indices) throw new FormatException("the parts hold " + first + " of " + indices + " indices");
            Vertices = Floats(3 * vertices);
            Normals = Floats(3 * vertices);
            HeadShare = Floats(vertices);
            foreach (var share in HeadShare)
                if (share < 0 || share > 1) throw new FormatException("a head share of " + share + " is not within 0 and 1");
            Colours = Take(4 * vertices);
            Triangles = U16s(indices);
            foreach (var corner in Triangles)
                if (corner >= vertices) throw new FormatException("a triangle of vertex " + corner + " of " + vertices);
            Morphs = new HeadMorph[morphs];
            for (var i = 0; i < morphs; i++) Morphs[i] = ReadMorph(vertices);
            if (_at != bytes.Length) throw new FormatException((bytes.Length - _at) + " bytes behind the head's end");
            _bytes = null;
        }

        int ReadPart(int i, int first, int indices)
        {
            var part = new HeadPart { Name = Name() };
            Array.Copy(Floats(4), part.Colour, 4);
            part.Smoothness = Floats(1)[0];
            part.Glow = Floats(1)[0];
            var turn = U32();
            if (turn > 2) throw new FormatException("part " + part.Name + " turns with " + turn + "; 0, 1 and 2 are known");
            part.Turn = (HeadTurn)turn;
            var begins = U32();
            var count = U32();
            U32();
            if (begins != first || count % 3 != 0 || count > (uint)(indices - first))
                throw new FormatException("part " + part.Name + " holds indices " + begins + " + " + count + " of " + indices);
            part.FirstIndex = first;
            part.IndexCount = (int)count;
            Parts[i] = part;
            return first + part.IndexCount;
        }

        HeadMorph ReadMorph(int vertices)
        {
            var morph = new HeadMorph { Name = Name() };
            var count = U32();
            if (count > vertices) throw new FormatException(morph.Name + " moves " + count + " of " + vertices + " vertices");
            morph.Scale = Floats(1)[0];
            morph.NormalScale = Floats(1)[0];
            morph.Indices = U16s((int)count);
            for (var i = 0; i < count; i++)
                if (morph.Indices[i] >= vertices || i > 0 && morph.Indices[i] <= morph.Indices[i - 1])
                    throw new FormatException(morph.Name + " names vertex " + morph.Indices[i] + " out of order or range");
            morph.Deltas = I16s(3 * (int)count);
            morph.Normals = I16s(3 * (int)count);
            return morph;
        }

        #region Bytes

        void Need(long count)
        {
            if (count > _bytes.Length - _at)
                throw new FormatException("the head ends at byte " + _bytes.Length + "; " + (_at + count) + " are needed");
        }

        uint U32()
        {
            Need(4);
            var value = _bytes[_at] | (uint)_bytes[_at + 1] << 8 | (uint)_bytes[_at + 2] << 16 | (uint)_bytes[_at + 3] << 24;
            _at += 4;
            return value;
        }

        int Count(string what, int least, int most)
        {
            var value = U32();
            if (value < least || value > most)
                throw new FormatException(value + " " + what + "; a head has " + least + " to " + most);
            return (int)value;
        }

        float[] Floats(int count)
        {
            Need(4L * count);
            var values = new float[count];
            for (var i = 0; i < count; i++, _at += 4)
            {
                values[i] = BitConverter.IsLittleEndian ? BitConverter.ToSingle(_bytes, _at) : Turned();
                if (float.IsNaN(values[i]) || float.IsInfinity(values[i]))
                    throw new FormatException("no number at byte " + _at);
            }
            return values;
        }

        float Turned()
          => BitConverter.ToSingle(new[] { _bytes[_at + 3], _bytes[_at + 2], _bytes[_at + 1], _bytes[_at] }, 0);

        ushort[] U16s(int count)
        {
            Need(2L * count);
            var values = new ushort[count];
            for (var i = 0; i < count; i++, _at += 2) values[i] = (ushort)(_bytes[_at] | _bytes[_at + 1] << 8);
            Pad();
            return values;
        }

        short[] I16s(int count)
        {
            Need(2L * count);
            var values = new short[count];
            for (var i = 0; i < count; i++, _at += 2) values[i] = (short)(_bytes[_at] | _bytes[_at + 1] << 8);
            Pad();
            return values;
        }

        byte[] Take(int count)
        {
            Need(count);
            var values = new byte[count];
            Array.Copy(_bytes, _at, values, 0, count);
            _at += count;
            Pad();
            return values;
        }

        // arrays begin at a multiple of four bytes
        void Pad()
        {
            var gap = -_at & 3;
            Need(gap);
            _at += gap;
        }

        string Text(int count)
        {
            Need(count);
            var length = 0;
            while (length < count && _bytes[_at + length] != 0) length++;
            var text = Encoding.ASCII.GetString(_bytes, _at, length);
            _at += count;
            return text;
        }

        string Name()
        {
            var name = Text(32);
            if (name.Length == 0) throw new FormatException("a name is empty before byte " + _at);
            return name;
        }

        #endregion
    }
}
