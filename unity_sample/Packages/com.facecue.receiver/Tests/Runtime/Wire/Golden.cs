using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace Facecue.Wire.Tests
{
    /// <summary>
    /// The golden bytes that Python's tests read as well. FACECUE_GOLDEN names their folder; without it, it is looked for
    /// above the folder where the tests run (a Unity project within a checkout).
    /// </summary>
    static class Golden
    {
        static string Folder
        {
            get
            {
                var named = Environment.GetEnvironmentVariable("FACECUE_GOLDEN");
                if (!string.IsNullOrEmpty(named)) return named;
                for (var at = new DirectoryInfo(Directory.GetCurrentDirectory()); at != null; at = at.Parent)
                {
                    var found = Path.Combine(at.FullName, Path.Combine("tests", "golden"));
                    if (Directory.Exists(found)) return found;
                }
                throw new DirectoryNotFoundException("no tests/golden above here; set FACECUE_GOLDEN");
            }
        }

        public static byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(Folder, name));

        /// <summary>All numbers under a key of frame.json, however they are nested.</summary>
        public static double[] Numbers(string key)
        {
            var text = File.ReadAllText(Path.Combine(Folder, "frame.json"));
            var at = text.IndexOf("\"" + key + "\":", StringComparison.Ordinal) + key.Length + 3;
            var found = new List<double>();
            var depth = 0;
            while (true)
            {
                var letter = text[at];
                if (letter == '[') depth++;
                else if (letter == ']') depth--;
                if ("-0123456789".IndexOf(letter) >= 0)
                {
                    var end = at;
                    while ("+-.eE0123456789".IndexOf(text[end]) >= 0) end++;
                    found.Add(double.Parse(text.Substring(at, end - at), CultureInfo.InvariantCulture));
                    at = end;
                }
                else at++;
                if (depth == 0 && found.Count > 0) return found.ToArray();
            }
        }

        /// <summary>The golden frame as numbers.</summary>
        public static FaceFrame Frame()
        {
            var frame = new FaceFrame
            {
                Number = (long)Numbers("n")[0], TimeS = Numbers("t")[0], LatencyS = Numbers("latency_s")[0], HasLandmarks = true,
            };
            Fill("landmarks", frame.Landmarks);
            Fill("gaze", frame.Gaze);
            Fill("head_rotation", frame.HeadRotation);
            Fill("head_translation", frame.HeadTranslation);
            Fill("emotion", frame.Emotion);
            Fill("arkit", frame.Arkit);
            return frame;
        }

        static void Fill(string key, float[] into)
        {
            var numbers = Numbers(key);
            if (numbers.Length != into.Length) throw new InvalidDataException(key + ": " + numbers.Length);
            for (var i = 0; i < into.Length; i++) into[i] = (float)numbers[i];
        }
    }
}
