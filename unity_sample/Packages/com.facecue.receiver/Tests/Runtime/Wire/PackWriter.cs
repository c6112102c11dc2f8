using System;
using System.Collections.Generic;
using System.Text;

namespace Facecue.Wire.Tests
{
    /// <summary>MessagePack for tests: as much of it as they need.</summary>
    sealed class PackWriter
    {
        readonly List<byte> _bytes = new List<byte>();

        public byte[] Bytes => _bytes.ToArray();

        public PackWriter Raw(params byte[] bytes)
        {
            _bytes.AddRange(bytes);
            return this;
        }

        public PackWriter Map(int pairs) => Raw(0xDE, (byte)(pairs >> 8), (byte)pairs);

        public PackWriter Text(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return Raw(0xD9, (byte)bytes.Length).Raw(bytes);
        }

        public PackWriter Integer(long value)
        {
            Raw(0xD3);
            for (var shift = 56; shift >= 0; shift -= 8) Raw((byte)(value >> shift));
            return this;
        }

        public PackWriter Real(double value)
        {
            Raw(0xCB);
            var bits = BitConverter.DoubleToInt64Bits(value);
            for (var shift = 56; shift >= 0; shift -= 8) Raw((byte)(bits >> shift));
            return this;
        }

        public PackWriter Floats(float[] values)
        {
            var size = 4 * values.Length;
            Raw(0xC5, (byte)(size >> 8), (byte)size);
            foreach (var value in values)
            {
                var bits = Bits.ToBits(value);
                Raw((byte)bits, (byte)(bits >> 8), (byte)(bits >> 16), (byte)(bits >> 24));
            }
            return this;
        }

        /// <summary>A frame's map; `more` pairs are to be written behind it by the caller.</summary>
        public PackWriter Frame(FaceFrame frame, int version = 1, int more = 0)
        {
            Map(10 + more);
            Text("v").Integer(version).Text("n").Integer(frame.Number);
            Text("t").Real(frame.TimeS).Text("latency_s").Real(frame.LatencyS);
            Text("landmarks").Floats(frame.Landmarks).Text("gaze").Floats(frame.Gaze);
            Text("head_rotation").Floats(frame.HeadRotation).Text("head_translation").Floats(frame.HeadTranslation);
            return Text("emotion").Floats(frame.Emotion).Text("arkit").Floats(frame.Arkit);
        }
    }
}
