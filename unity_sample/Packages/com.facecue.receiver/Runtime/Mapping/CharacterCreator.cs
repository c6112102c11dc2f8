using System.Collections.Generic;

namespace Facecue.Mapping
{
    /// <summary>
    /// Reallusion's Character Creator 4, extended and standard profiles. Older characters carry the ARKit names with a
    /// number before them (A25_Jaw_Open), which the ARKit preset reads.
    /// </summary>
    static class CharacterCreator
    {
        // what is called otherwise than at ARKit; L and R stand for both sides
        static readonly string[,] _sided =
        {
            { "Brow_Drop_L", "browDownLeft" }, { "Brow_Raise_Inner_L", "browInnerUp" },
            { "Brow_Raise_Outer_L", "browOuterUpLeft" }, { "Eye_Blink_L", "eyeBlinkLeft" },
            { "Eye_Squint_L", "eyeSquintLeft" }, { "Eye_Wide_L", "eyeWideLeft" },
            { "Eye_L_Look_Up", "eyeLookUpLeft" }, { "Eye_L_Look_Down", "eyeLookDownLeft" },
            { "Eye_L_Look_L", "eyeLookOutLeft" }, { "Eye_L_Look_R", "eyeLookInLeft" },
            { "Nose_Sneer_L", "noseSneerLeft" }, { "Cheek_Raise_L", "cheekSquintLeft" },
            { "Cheek_Puff_L", "cheekPuff" }, { "Mouth_Smile_L", "mouthSmileLeft" },
            { "Mouth_Frown_L", "mouthFrownLeft" }, { "Mouth_Stretch_L", "mouthStretchLeft" },
            { "Mouth_Dimple_L", "mouthDimpleLeft" }, { "Mouth_Press_L", "mouthPressLeft" },
            { "Mouth_Pucker_Up_L", "mouthPucker" }, { "Mouth_Pucker_Down_L", "mouthPucker" },
            { "Mouth_Funnel_Up_L", "mouthFunnel" }, { "Mouth_Funnel_Down_L", "mouthFunnel" },
            { "Mouth_Roll_In_Upper_L", "mouthRollUpper" }, { "Mouth_Roll_In_Lower_L", "mouthRollLower" },
            { "Mouth_Up_Upper_L", "mouthUpperUpLeft" }, { "Mouth_Down_Lower_L", "mouthLowerDownLeft" },
            { "Mouth_L", "mouthLeft" }, { "Jaw_L", "jawLeft" }
        };

        static readonly string[,] _single =
        {
            { "Jaw_Open", "jawOpen" }, { "Jaw_Forward", "jawForward" }, { "Mouth_Close", "mouthClose" },
            { "Mouth_Shrug_Upper", "mouthShrugUpper" }, { "Mouth_Shrug_Lower", "mouthShrugLower" },
            { "Tongue_Out", "tongueOut" }
        };

        public static IEnumerable<Recipe> Recipes()
        {
            for (var i = 0; i < _sided.GetLength(0); i++)
            {
                string name = _sided[i, 0], arkit = _sided[i, 1];
                yield return Row(name, arkit);
                yield return Row(OtherSide(name), arkit.Replace("Left", "Right"));
            }
            for (var i = 0; i < _single.GetLength(0); i++) yield return Row(_single[i, 0], _single[i, 1]);
            // one shape on the standard profile
            yield return Row("Mouth_Pucker", "mouthPucker").Instead("Mouth_Pucker_Up_L");
            yield return Row("Mouth_Funnel", "mouthFunnel").Instead("Mouth_Funnel_Up_L");
        }

        static Recipe Row(string name, string arkit) => new Recipe(name, Preset.PartOf(arkit)).Of(arkit);

        // Eye_L_Look_L is the left eye looking out; the right eye's is Eye_R_Look_R
        static string OtherSide(string name)
        {
            var words = name.Split('_');
            for (var i = 0; i < words.Length; i++)
                words[i] = words[i] == "L" ? "R" : words[i] == "R" ? "L" : words[i];
            return string.Join("_", words);
        }
    }
}
