using System;
using System.IO;
using NUnit.Framework;

namespace Facecue.Voice.Tests
{
    /// <summary>Files that Python made. They lie outside the package; where they are not told of, tests that want them wait.</summary>
    static class Golden
    {
        /// <summary>A file of tests/golden, by the variable FACECUE_GOLDEN.</summary>
        public static byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(Folder("FACECUE_GOLDEN"), name));

        /// <summary>A file of `python -m export --profile unity`, by the variable FACECUE_NETWORKS.</summary>
        public static byte[] Network(string name) => File.ReadAllBytes(Path.Combine(Folder("FACECUE_NETWORKS"), name));

        public static float[] Floats(string name)
        {
            var bytes = Bytes(name);
            var values = new float[bytes.Length / 4];
            Buffer.BlockCopy(bytes, 0, values, 0, bytes.Length);
            return values;
        }

        /// <summary>A second of bundled speech.</summary>
        public static float[] Sound()
        {
            var bytes = Bytes("voice_sound.bin");
            var values = new float[bytes.Length / 2];
            for (var i = 0; i < values.Length; i++) values[i] = BitConverter.ToInt16(bytes, 2 * i) / 32768f;
            return values;
        }

        static string Folder(string variable)
        {
            var folder = Environment.GetEnvironmentVariable(variable);
            if (string.IsNullOrEmpty(folder)) Assert.Ignore(variable + " is not set: run tests/unity/test_voice.py");
            return folder;
        }
    }
}
