// Written by unity_sample/recipes.py from bridge/rigs; change it there.
using System.Collections.Generic;

namespace Facecue.Mapping
{
    static class RecipeTables
    {
        // distance of the resting face's mouth corners, cm
        public const float RestingMouthWidth = 5.364258f;

        // cm of inner-lip gap at weight 1: what parts lips
        public static readonly float[] PartingLips =
        {
            0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f,
            0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f,
            0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f,
            3.6017013f, 0f, -3.6017008f, 0f, 0f, 0f, 0f, 0.9356449f,
            0f, 0.29670888f, 0.29670888f, 0f, 0f, 0f, 0f, 0f,
            0f, 0f, 0f, 0f, 0f, 0f, 0f, 0.31334957f,
            0.3133496f, 0f, 0f, 0f,
        };

        // cm of inner-lip gap at weight 1: all else
        public static readonly float[] FollowingLips =
        {
            -0.000036902104f, -0.00003690211f, 0.0003275231f, 0.0000030751755f, 0.0000030751755f, -0.10029305f, -0.0014365021f, -0.0014365021f,
            0f, 0f, 0.0000030751755f, 0.0000030751755f, 0.0000030751755f, 0.0000030751755f, 0.0000030751755f, 0.0000030751755f,
            0.0000030751755f, 0.0000030751755f, -0.000018451055f, -0.000018451055f, 0.0000030751755f, 0.0000030751755f, -0.35590285f, -0.06825141f,
            0f, -0.06825141f, 0f, -0.056012075f, -0.056012075f, -0.034841876f, -0.034841876f, 0f,
            -0.08807932f, 0f, 0f, -0.14618318f, -0.14618318f, -0.23173553f, -0.08807932f, 0.37848073f,
            -0.40671438f, -0.8704514f, 0.47236556f, -0.042391714f, -0.042391714f, -0.030172072f, -0.030172072f, 0f,
            0f, 0.27769047f, 0.2776905f, 0f,
        };

        // bridge/rigs/vrm0.toml
        public static IEnumerable<Recipe> Vrm()
        {
            yield return new Recipe("Joy", FacePart.Emotion).Of("happy", 1.25f).Offset(-0.25f).Called("happy", "Fcl_ALL_Joy");
            yield return new Recipe("Angry", FacePart.Emotion).Of("angry", 1.25f).Of("disgusted", 0.6f).Of("contempt", 0.3f).Offset(-0.25f).Called("Fcl_ALL_Angry");
            yield return new Recipe("Sorrow", FacePart.Emotion).Of("sad", 1.25f).Of("fear", 0.4f).Offset(-0.25f).Called("sad", "Fcl_ALL_Sorrow");
            yield return new Recipe("Fun", FacePart.Emotion).Of("neutral", 0.5f).Of("happy", 1f).Unless("happy", 1f).Unless("angry", 2f).Unless("sad", 2f).Unless("fear", 2f).Unless("disgusted", 2f).Unless("surprised", 2f).Unless("contempt", 2f).Offset(-0.5f).Called("relaxed", "Fcl_ALL_Fun");
            yield return new Recipe("Surprised", FacePart.Emotion).Of("surprised", 1.25f).Of("fear", 0.4f).Offset(-0.25f).Called("Fcl_ALL_Surprised");
            yield return new Recipe("Neutral", FacePart.Emotion).Of("neutral", 1f).Called("Fcl_ALL_Neutral");
            yield return new Recipe("A", FacePart.Mouth).Of("jawOpen", 2.6f).Of("mouthClose", -2.6f).Unless("mouthPucker", 1.8f).Unless("mouthFunnel", 1.2f).Unless("mouthStretchLeft", 0.5f).Unless("mouthStretchRight", 0.5f).Called("aa", "Fcl_MTH_A", "\u3042");
            yield return new Recipe("I", FacePart.Mouth).Of("mouthStretchLeft", 0.8f).Of("mouthStretchRight", 0.8f).Of("mouthLowerDownLeft", 0.6f).Of("mouthLowerDownRight", 0.6f).Unless("jawOpen", 1.8f).Unless("mouthPucker", 3f).Called("ih", "Fcl_MTH_I", "\u3044");
            yield return new Recipe("U", FacePart.Mouth).Of("mouthPucker", 2.2f).Of("mouthFunnel", 0.6f).Unless("jawOpen", 1.8f).Called("ou", "Fcl_MTH_U", "\u3046");
            yield return new Recipe("E", FacePart.Mouth).Of("mouthStretchLeft", 0.8f).Of("mouthStretchRight", 0.8f).Of("mouthDimpleLeft", 0.4f).Of("mouthDimpleRight", 0.4f).Of("jawOpen", 0.5f).Of("mouthClose", -0.5f).Unless("mouthPucker", 3f).Unless("mouthFunnel", 1f).Unless("mouthClose", 4f).Offset(-0.05f).Called("ee", "Fcl_MTH_E", "\u3048");
            yield return new Recipe("O", FacePart.Mouth).Of("mouthFunnel", 1.4f).Of("mouthPucker", 1f).Of("jawOpen", 0.6f).Of("mouthClose", -0.6f).Unless("mouthClose", 4f).Unless("mouthStretchLeft", 0.8f).Unless("mouthStretchRight", 0.8f).Offset(-0.12f).Called("oh", "Fcl_MTH_O", "\u304a");
            yield return new Recipe("Blink", FacePart.Eyes).Of("blinkBoth", 1f).Called("Fcl_EYE_Close", "\u307e\u3070\u305f\u304d");
            yield return new Recipe("Blink_L", FacePart.Eyes).Of("eyeBlinkLeft", 1f).Of("eyeBlinkRight", -1f).Called("Fcl_EYE_Close_L");
            yield return new Recipe("Blink_R", FacePart.Eyes).Of("eyeBlinkRight", 1f).Of("eyeBlinkLeft", -1f).Called("Fcl_EYE_Close_R");
            yield return new Recipe("LookUp", FacePart.Look).Of("eyeLookUpLeft", 0.5f).Of("eyeLookUpRight", 0.5f);
            yield return new Recipe("LookDown", FacePart.Look).Of("eyeLookDownLeft", 0.5f).Of("eyeLookDownRight", 0.5f);
            yield return new Recipe("LookLeft", FacePart.Look).Of("eyeLookOutLeft", 0.5f).Of("eyeLookInRight", 0.5f);
            yield return new Recipe("LookRight", FacePart.Look).Of("eyeLookOutRight", 0.5f).Of("eyeLookInLeft", 0.5f);
        }

        // bridge/rigs/oculus15.toml
        public static IEnumerable<Recipe> Oculus()
        {
            yield return new Recipe("sil", FacePart.Mouth);
            yield return new Recipe("PP", FacePart.Mouth).Of("lipGap", 1f).Unless("one", 1.2f).Unless("jawOpen", -10f).Curve(0.1f, 1f, 0.3f, 0f);
            yield return new Recipe("FF", FacePart.Mouth).Of("mouthRollLower", 2.5f).Of("mouthUpperUpLeft", 1f).Of("mouthUpperUpRight", 1f).Of("mouthLowerDownLeft", -1.5f).Of("mouthLowerDownRight", -1.5f).Unless("lipGap", 1.2f).Unless("mouthPucker", 3f).Offset(-0.15f).Between(0f, 0.9f);
            yield return new Recipe("TH", FacePart.Mouth).Of("lipGap", 1f).Unless("one", -0.3f).Unless("mouthPucker", 5f).Unless("mouthFunnel", 1.5f).Unless("mouthWidth", -1.6f).Between(0f, 0.4f).Curve(0.2f, 0f, 0.35f, 1f, 0.5f, 0f);
            yield return new Recipe("DD", FacePart.Mouth).Of("lipGap", 1f).Unless("one", -0.3f).Unless("mouthPucker", 5f).Unless("mouthFunnel", 1.5f).Unless("mouthWidth", -1.6f).Between(0f, 0.8f).Curve(0.12f, 0f, 0.28f, 1f, 0.4f, 1f, 0.55f, 0f);
            yield return new Recipe("kk", FacePart.Mouth).Of("lipGap", 1f).Unless("one", -0.3f).Unless("mouthPucker", 5f).Unless("mouthFunnel", 1.5f).Unless("mouthWidth", -1.6f).Between(0f, 0.5f).Curve(0.6f, 0f, 0.85f, 1f, 1.1f, 0f);
            yield return new Recipe("CH", FacePart.Mouth).Of("mouthFunnel", 3f).Of("mouthPucker", 0.6f).Of("lipGap", 0.3f).Unless("lipGap", 0.9f).Offset(-0.3f).Between(0f, 0.8f);
            yield return new Recipe("SS", FacePart.Mouth).Of("lipGap", 1f).Unless("mouthWidth", -6f).Unless("mouthPucker", 3f).Unless("mouthClose", 4f).Between(0f, 0.9f).Curve(0.4f, 0f, 0.7f, 1f, 1f, 1f, 1.2f, 0f);
            yield return new Recipe("nn", FacePart.Mouth).Of("lipGap", 1f).Unless("one", -0.3f).Unless("mouthPucker", 5f).Unless("mouthFunnel", 1.5f).Unless("mouthWidth", -1.6f).Between(0f, 0.5f).Curve(0.35f, 0f, 0.55f, 1f, 0.8f, 0f);
            yield return new Recipe("RR", FacePart.Mouth).Of("lipGap", 1f).Unless("one", 1.3f).Unless("mouthPucker", -5f).Unless("mouthFunnel", -1.5f).Unless("mouthWidth", 1.6f).Between(0f, 0.5f).Curve(0.15f, 0f, 0.3f, 1f, 0.5f, 0f);
            yield return new Recipe("aa", FacePart.Mouth).Of("lipGap", 1f).Unless("mouthPucker", 1.5f).Curve(1.1f, 0f, 1.35f, 1f);
            yield return new Recipe("E", FacePart.Mouth).Of("lipGap", 1f).Unless("mouthPucker", 3f).Unless("mouthFunnel", 1f).Curve(0.8f, 0f, 1f, 1f, 1.15f, 1f, 1.35f, 0f);
            yield return new Recipe("ih", FacePart.Mouth).Of("lipGap", 1f).Unless("one", -0.3f).Unless("mouthPucker", 5f).Unless("mouthFunnel", 1.5f).Unless("mouthWidth", -1.6f).Between(0f, 0.9f).Curve(0.45f, 0f, 0.65f, 1f, 0.8f, 1f, 1f, 0f);
            yield return new Recipe("oh", FacePart.Mouth).Of("lipGap", 1f).Unless("one", 1.3f).Unless("mouthPucker", -5f).Unless("mouthFunnel", -1.5f).Unless("mouthWidth", 1.6f).Curve(0.4f, 0f, 0.65f, 1f, 1.2f, 1f, 1.5f, 0f);
            yield return new Recipe("ou", FacePart.Mouth).Of("lipGap", 1f).Unless("one", 1.3f).Unless("mouthPucker", -5f).Unless("mouthFunnel", -1.5f).Unless("mouthWidth", 1.6f).Curve(0.1f, 0f, 0.2f, 1f, 0.4f, 1f, 0.65f, 0f);
        }
    }
}
