using System;

namespace Facecue.Wire
{
    /// <summary>Names of blend shapes and emotions, in the order of every frame (docs/wire.md).</summary>
    public static class FaceNames
    {
        /// <summary>The 52 ARKit blend shapes, alphabetical; left and right are the subject's.</summary>
        public static readonly string[] Arkit =
        {
            "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
            "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
            "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
            "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight",
            "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight",
            "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft",
            "jawOpen", "jawRight", "mouthClose", "mouthDimpleLeft",
            "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
            "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft",
            "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower",
            "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
            "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft",
            "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
        };

        /// <summary>The eight emotions.</summary>
        public static readonly string[] Emotions =
        {
            "angry", "contempt", "disgusted", "fear",
            "happy", "neutral", "sad", "surprised",
        };

        /// <summary>Place of the emotion that a resting face has.</summary>
        public static readonly int Neutral = Array.IndexOf(Emotions, "neutral");

        /// <summary>Place of a blend shape, its case left aside; -1 where there is none of that name.</summary>
        public static int IndexOfArkit(string name)
        {
            for (var i = 0; i < Arkit.Length; i++)
                if (string.Equals(Arkit[i], name, StringComparison.OrdinalIgnoreCase)) return i;
            return -1;
        }
    }
}
