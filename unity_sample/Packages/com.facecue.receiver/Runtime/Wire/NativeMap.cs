using System.Text;

namespace Facecue.Wire
{
    /// <summary>What came of reading a message.</summary>
    public enum Reading
    {
        /// <summary>A whole frame.</summary>
        Frame,
        /// <summary>No frame of ours.</summary>
        Nothing,
        /// <summary>A frame of another wire version.</summary>
        OtherVersion,
    }

    /// <summary>
    /// The MessagePack map of a frame (docs/wire.md). Takes what bridge.sinks.wire.decode takes, leaves aside keys that
    /// it does not know, and never throws.
    /// </summary>
    public static class NativeMap
    {
        /// <summary>Wire version that is read here.</summary>
        public const int Version = 1;

        /// <summary>Bytes a map may have: about fifty times a frame of today.</summary>
        public const int SizeLimit = 65536;

        static readonly byte[][] Keys = Ascii(
            "v", "n", "t", "latency_s", "landmarks", "gaze", "head_rotation", "head_translation", "emotion", "arkit");
        const int VersionKey = 0, NumberKey = 1, TimeKey = 2, LatencyKey = 3, FirstArray = 4;
        const int Everything = (1 << 10) - 1;

        static byte[][] Ascii(params string[] names)
        {
            var found = new byte[names.Length][];
            for (var i = 0; i < names.Length; i++) found[i] = Encoding.ASCII.GetBytes(names[i]);
            return found;
        }

        /// <summary>
        /// Reads a map into a frame, which holds anything at all unless the answer is Reading.Frame. `version` is
        /// the one that the map names, -1 where it names none.
        /// </summary>
        public static Reading Read(byte[] data, int start, int length, FaceFrame into, out long version)
        {
            version = -1;
            if (data == null || start < 0 || length < 0 || length > SizeLimit || length > data.Length - start)
                return Reading.Nothing;
            var reader = new PackReader(data, start, length);
            if (!reader.Next(out var head) || head.Kind != PackReader.Kind.Map) return Reading.Nothing;
            var good = 0; // a bit for each key, as the last value of that name has it
            for (var pair = 0L; pair < head.Count / 2; pair++)
            {
                if (!reader.Next(out var token)) return Reading.Nothing;
                var key = token.Kind == PackReader.Kind.Text ? Find(data, token) : -1;
                if (!reader.Skip(token) || !reader.Next(out token)) return Reading.Nothing;
                if (key >= 0)
                {
                    if (Take(key, data, token, into, ref version)) good |= 1 << key;
                    else good &= ~(1 << key);
                }
                if (!reader.Skip(token)) return Reading.Nothing;
            }
            if (!reader.AtEnd) return Reading.Nothing;
            if ((good & 1) != 0 && version != Version) return Reading.OtherVersion;
            into.HasLandmarks = true;
            return good == Everything ? Reading.Frame : Reading.Nothing;
        }

        static int Find(byte[] data, PackReader.Token name)
        {
            for (var i = 0; i < Keys.Length; i++)
                if (Bits.Equal(data, name.Start, name.Length, Keys[i])) return i;
            return -1;
        }

        static bool Take(int key, byte[] data, PackReader.Token value, FaceFrame into, ref long version)
        {
            switch (key)
            {
                case VersionKey: version = -1; return Count(value, ref version);
                case NumberKey: return Count(value, ref into.Number);
                case TimeKey: return Number(value, ref into.TimeS);
                case LatencyKey: return Number(value, ref into.LatencyS);
                default: return Array(data, value, Field(key - FirstArray, into));
            }
        }

        static float[] Field(int index, FaceFrame frame)
        {
            switch (index)
            {
                case 0: return frame.Landmarks;
                case 1: return frame.Gaze;
                case 2: return frame.HeadRotation;
                case 3: return frame.HeadTranslation;
                case 4: return frame.Emotion;
                default: return frame.Arkit;
            }
        }

        static bool Count(PackReader.Token value, ref long into)
        {
            if (value.Kind != PackReader.Kind.Integer || !value.Fits || value.Integer < 0) return false;
            into = value.Integer;
            return true;
        }

        static bool Number(PackReader.Token value, ref double into)
        {
            if (value.Kind != PackReader.Kind.Integer && value.Kind != PackReader.Kind.Real) return false;
            into = value.Real;
            return Bits.IsFinite(value.Real);
        }

        static bool Array(byte[] data, PackReader.Token value, float[] into)
            => value.Kind == PackReader.Kind.Binary && value.Length == 4 * into.Length
               && Bits.LittleFloats(data, value.Start, into);
    }
}
