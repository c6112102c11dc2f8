using System;
using Facecue.Wire;

namespace Facecue.Mapping
{
    /// <summary>
    /// What a recipe may read of a frame, one flat array: the 52 ARKit weights, the 8 emotions, and four measures:
    /// lipGap (inner lips, cm), mouthWidth (cm over the resting one), blinkBoth (the smaller eyeBlink) and one.
    /// </summary>
    // A frame without landmarks (OSC with ?landmarks=0, VMC) has its lip gap told by the weights, and the resting width.
    public sealed class FaceInputs
    {
        public const int ArkitCount = 52;
        public const int EmotionCount = 8;
        public const int LipGap = ArkitCount + EmotionCount;
        public const int MouthWidth = LipGap + 1;
        public const int BlinkBoth = LipGap + 2;
        public const int One = LipGap + 3;
        public const int Count = LipGap + 4;

        /// <summary>The inputs of the frame that was filled in last; Count of them.</summary>
        public readonly float[] Values = new float[Count];

        static readonly string[] _measures = { "lipGap", "mouthWidth", "blinkBoth", "one" };

        /// <summary>Index of an input by its name, whatever its case; -1 if there is none.</summary>
        public static int IndexOf(string name)
        {
            for (var i = 0; i < Count; i++)
                if (string.Equals(NameOf(i), name, StringComparison.OrdinalIgnoreCase)) return i;
            return -1;
        }

        /// <summary>Name of an input.</summary>
        public static string NameOf(int input)
        {
            if (input < ArkitCount) return FaceNames.Arkit[input];
            if (input < LipGap) return FaceNames.Emotions[input - ArkitCount];
            return _measures[input - LipGap];
        }

        /// <summary>Reads a frame.</summary>
        public void Fill(FaceFrame frame)
        {
            Array.Copy(frame.Arkit, 0, Values, 0, ArkitCount);
            Array.Copy(frame.Emotion, 0, Values, ArkitCount, EmotionCount);
            Values[LipGap] = frame.HasLandmarks ? GapOf(frame.Landmarks) : GapOfWeights(frame.Arkit);
            Values[MouthWidth] = frame.HasLandmarks
                ? Distance(frame.Landmarks, 48, 54) - RecipeTables.RestingMouthWidth : 0;
            Values[BlinkBoth] = Math.Min(frame.Arkit[_blinkLeft], frame.Arkit[_blinkRight]);
            Values[One] = 1;
        }

        static readonly int _blinkLeft = FaceNames.IndexOfArkit("eyeBlinkLeft");
        static readonly int _blinkRight = FaceNames.IndexOfArkit("eyeBlinkRight");

        // mean distance of the inner lip's three facing pairs
        static float GapOf(float[] landmarks)
          => (Distance(landmarks, 61, 67) + Distance(landmarks, 62, 66) + Distance(landmarks, 63, 65)) / 3;

        static float GapOfWeights(float[] arkit)
        {
            float parting = 0, following = 0;
            for (var i = 0; i < ArkitCount; i++)
            {
                parting += RecipeTables.PartingLips[i] * arkit[i];
                following += RecipeTables.FollowingLips[i] * arkit[i];
            }
            return Math.Max(0, parting + Math.Max(0, following));
        }

        static float Distance(float[] points, int a, int b)
        {
            var x = points[3 * a] - points[3 * b];
            var y = points[3 * a + 1] - points[3 * b + 1];
            var z = points[3 * a + 2] - points[3 * b + 2];
            return (float)Math.Sqrt(x * x + y * y + z * z);
        }
    }
}
