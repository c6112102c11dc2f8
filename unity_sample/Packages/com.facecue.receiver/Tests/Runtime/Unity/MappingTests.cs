using System.Collections.Generic;
using Facecue.Mapping;
using Facecue.Wire;
using NUnit.Framework;

namespace Facecue.Tests
{
    public sealed class MappingTests
    {
        static FaceMap Map(PresetName preset, IList<ShapeSetting> settings, params string[] shapes)
          => new FaceMap(new[] { new MeshShapes("Face", shapes) }, preset, settings);

        static FaceMap Auto(params string[] shapes) => Map(PresetName.Auto, null, shapes);

        static string[] Spelled(System.Func<string, string> spell)
          => System.Array.ConvertAll(FaceNames.Arkit, name => spell(name));

        static FaceFrame With(string arkit, float weight)
        {
            var frame = new FaceFrame();
            frame.Arkit[FaceNames.IndexOfArkit(arkit)] = weight;
            return frame;
        }

        // weight of a blend shape by its index in the only mesh; -1 where it does not move
        static float WeightOf(FaceMap map, FaceFrame frame, int shape)
        {
            var weights = map.Evaluate(frame);
            for (var slot = 0; slot < map.Count; slot++)
                if (map.ShapeOf(slot) == shape) return weights[slot];
            return -1;
        }

        static string Upper(string name) => char.ToUpperInvariant(name[0]) + name.Substring(1);

        static string Snake(string name)
        {
            var text = "";
            foreach (var c in name) text += char.IsUpper(c) ? "_" + char.ToLowerInvariant(c) : c.ToString();
            return text;
        }

        static string Sided(string name)
        {
            if (name.EndsWith("Left")) return name.Substring(0, name.Length - 4) + "_L";
            return name.EndsWith("Right") ? name.Substring(0, name.Length - 5) + "_R" : name;
        }

        [Test]
        public void EverySpellingOfArkitIsFoundWhole()
        {
            var spellings = new Dictionary<string, string[]>
            {
                { "camel", Spelled(n => n) },
                { "pascal", Spelled(Upper) },
                { "lower", Spelled(n => n.ToLowerInvariant()) },
                { "upper snake", Spelled(n => Snake(n).ToUpperInvariant()) },
                { "snake", Spelled(Snake) },
                { "sided", Spelled(Sided) },
                { "maya", Spelled(n => "blendShape1." + n) },
                { "head prefix", Spelled(n => "Head_" + n) },
                { "mesh and prefix", Spelled(n => "CC_Base_Body." + Upper(n)) },
                { "dashes", Spelled(n => Snake(n).Replace('_', '-')) },
                { "numbered", Spelled(n => "A25_" + string.Join("_", System.Array.ConvertAll(Snake(n).Split('_'), Upper))) },
            };
            foreach (var spelling in spellings)
            {
                var map = Auto(spelling.Value);
                Assert.AreEqual(52, map.Count, spelling.Key + ": " + map.Report);
                Assert.AreEqual(PresetName.Arkit, map.Report.Presets[0], spelling.Key);
                Assert.AreEqual(0, map.Report.Missing.Count, spelling.Key);
                for (var i = 0; i < 52; i++)
                {
                    var frame = new FaceFrame();
                    frame.Arkit[i] = 0.5f;
                    for (var shape = 0; shape < 52; shape++)
                        Assert.AreEqual(shape == i ? 0.5f : 0, WeightOf(map, frame, shape), 1e-6f,
                                        spelling.Key + ": " + FaceNames.Arkit[i] + " moves " + spelling.Value[shape]);
                }
            }
        }

        [Test]
        public void TheNearestNameOfAMeshIsTaken()
        {
            var map = Auto("Old_jawOpen", "jawOpen", "mouthClose", "eyeBlinkLeft");
            Assert.AreEqual(-1, WeightOf(map, With("jawOpen", 1), 0));
            Assert.AreEqual(1, WeightOf(map, With("jawOpen", 1), 1), 1e-6f);
            Assert.AreEqual(new[] { "Face.Old_jawOpen" }, map.Report.Unused.ToArray());
        }

        [Test]
        public void TheSameShapeOfTwoMeshesMovesInBoth()
        {
            var map = new FaceMap(new[] { new MeshShapes("Face", new[] { "jawOpen", "browInnerUp" }),
                                          new MeshShapes("Teeth", new[] { "teeth.JawOpen" }) }, PresetName.Auto, null);
            Assert.AreEqual(3, map.Count);
            Assert.AreEqual(1, map.MeshOf(2));
        }

        [Test]
        public void HalvesOfAShapeBothMoveAndUnpartedPairsTakeTheMean()
        {
            var map = Auto("browInnerUp_L", "browInnerUp_R", "jawOpen", "mouthSmile", "eyeBlinkLeft", "eyeBlinkRight");
            Assert.AreEqual(0.8f, WeightOf(map, With("browInnerUp", 0.8f), 0), 1e-6f);
            Assert.AreEqual(0.8f, WeightOf(map, With("browInnerUp", 0.8f), 1), 1e-6f);
            Assert.AreEqual(0.4f, WeightOf(map, With("mouthSmileLeft", 0.8f), 3), 1e-6f);
        }

        [Test]
        public void CharacterCreatorHasItsOwnNames()
        {
            string[] shapes =
            {
                "Brow_Raise_Inner_L", "Brow_Raise_Inner_R", "Eye_Blink_L", "Eye_Blink_R", "Eye_L_Look_L", "Eye_L_Look_R",
                "Eye_R_Look_L", "Eye_R_Look_R", "Mouth_Pucker_Up_L", "Mouth_Pucker_Down_R", "Mouth_Roll_In_Upper_L",
                "Jaw_Open", "Mouth_Down_Lower_L", "Mouth_L", "Cheek_Raise_R", "Mouth_Smile_Sharp_L", "V_Open", "Ear_Up_L"
            };
            var map = Auto(shapes);
            Assert.AreEqual(PresetName.CharacterCreator, map.Report.Presets[0]);
            Assert.AreEqual(15, map.Count, map.Report.ToString());
            Assert.AreEqual(1, WeightOf(map, With("eyeLookOutLeft", 1), 4), 1e-6f);
            Assert.AreEqual(1, WeightOf(map, With("eyeLookInLeft", 1), 5), 1e-6f);
            Assert.AreEqual(1, WeightOf(map, With("eyeLookInRight", 1), 6), 1e-6f);
            Assert.AreEqual(1, WeightOf(map, With("eyeLookOutRight", 1), 7), 1e-6f);
            Assert.AreEqual(1, WeightOf(map, With("mouthPucker", 1), 8), 1e-6f);
            Assert.AreEqual(1, WeightOf(map, With("mouthLeft", 1), 13), 1e-6f);
            Assert.AreEqual(1, WeightOf(map, With("cheekSquintRight", 1), 14), 1e-6f);
            Assert.AreEqual(3, map.Report.Unused.Count);
        }

        [Test]
        public void VrmIsFoundByEitherGenerationAndByVroid()
        {
            string[][] models =
            {
                new[] { "A", "I", "U", "E", "O", "Joy", "Angry", "Sorrow", "Fun", "Blink", "Blink_L", "Blink_R" },
                new[] { "aa", "ih", "ou", "ee", "oh", "happy", "angry", "sad", "relaxed", "blink", "blinkLeft", "blinkRight" },
                new[]
                {
                    "Fcl_MTH_A", "Fcl_MTH_I", "Fcl_MTH_U", "Fcl_MTH_E", "Fcl_MTH_O", "Fcl_ALL_Joy", "Fcl_ALL_Angry",
                    "Fcl_ALL_Sorrow", "Fcl_ALL_Fun", "Fcl_EYE_Close", "Fcl_EYE_Close_L", "Fcl_EYE_Close_R",
                    "Fcl_BRW_Angry", "Fcl_EYE_Joy", "Fcl_HA_Hide"
                },
            };
            foreach (var shapes in models)
            {
                var map = Auto(shapes);
                Assert.AreEqual(PresetName.Vrm, map.Report.Presets[0], map.Report.ToString());
                Assert.AreEqual(12, map.Count, map.Report.ToString());
                Assert.Greater(WeightOf(map, With("jawOpen", 0.3f), 0), 0.7f);
                var wink = With("eyeBlinkLeft", 1);
                Assert.AreEqual(0, WeightOf(map, wink, 9), 1e-6f);
                Assert.AreEqual(1, WeightOf(map, wink, 10), 1e-6f);
                var happy = new FaceFrame();
                happy.Emotion[4] = 1;
                Assert.AreEqual(1, WeightOf(map, happy, 5), 1e-6f);
            }
        }

        [Test]
        public void VisemesSumToOneAndTheRestOfTheFaceIsTakenFromVrm()
        {
            string[] shapes =
            {
                "vrc.v_sil", "vrc.v_pp", "vrc.v_ff", "vrc.v_th", "vrc.v_dd", "vrc.v_kk", "vrc.v_ch", "vrc.v_ss",
                "vrc.v_nn", "vrc.v_rr", "vrc.v_aa", "vrc.v_e", "vrc.v_ih", "vrc.v_oh", "vrc.v_ou", "Blink", "Hair_E"
            };
            var map = Auto(shapes);
            Assert.AreEqual(PresetName.Oculus, map.Report.Presets[0], map.Report.ToString());
            Assert.AreEqual(PresetName.Vrm, map.Report.Presets[1]);
            Assert.AreEqual(16, map.Count, map.Report.ToString());
            var frame = With("jawOpen", 0.4f);
            var sum = 0f;
            for (var shape = 0; shape < 15; shape++) sum += WeightOf(map, frame, shape);
            Assert.AreEqual(1, sum, 1e-5f);
            Assert.AreEqual(1, WeightOf(map, new FaceFrame(), 0), 1e-6f);
            Assert.Greater(WeightOf(map, frame, 10), 0.9f);
        }

        [Test]
        public void ArkitWinsOverTheMoodsOfAPerfectSyncModel()
        {
            var shapes = new List<string>(FaceNames.Arkit);
            shapes.AddRange(new[] { "A", "I", "Joy", "Angry", "Blink" });
            var map = Auto(shapes.ToArray());
            Assert.AreEqual(52, map.Count);
            Assert.AreEqual(5, map.Report.Unused.Count);
        }

        [Test]
        public void SettingsChangeReplaceAndLeaveAlone()
        {
            var settings = new[]
            {
                new ShapeSetting { Shape = "jawOpen", Gain = 0.5f, Max = 0.3f },
                new ShapeSetting { Shape = "Grin", Source = "mouthSmileLeft" },
                new ShapeSetting { Shape = "Grin", Source = "happy", Gain = 0.5f },
                new ShapeSetting { Shape = "browInnerUp", Off = true },
                new ShapeSetting { Shape = "Nothing" },
                new ShapeSetting { Shape = "jawOpen", Source = "jawOpenn" },
            };
            var map = Map(PresetName.Auto, settings, "jawOpen", "Grin", "browInnerUp", "mouthClose");
            Assert.AreEqual(0.25f, WeightOf(map, With("jawOpen", 0.5f), 0), 1e-6f);
            Assert.AreEqual(0.3f, WeightOf(map, With("jawOpen", 1), 0), 1e-6f);
            var frame = With("mouthSmileLeft", 0.4f);
            frame.Emotion[4] = 0.5f;
            Assert.AreEqual(0.65f, WeightOf(map, frame, 1), 1e-6f);
            Assert.AreEqual(-1, WeightOf(map, frame, 2));
            Assert.AreEqual(2, map.Report.Wrong.Count, map.Report.ToString());
        }

        [Test]
        public void NothingIsMovedWhereNothingFits()
        {
            var map = Auto("Body_Fat", "Height", "E", "Vest_O");
            Assert.LessOrEqual(map.Count, 1); // "E" alone is a vowel
            Assert.AreEqual(0, Auto("Body_Fat", "Height", "Vest_O").Count);
            Assert.AreEqual(0, Map(PresetName.None, null, "jawOpen").Count);
        }

        [Test]
        public void OddNamesDoNoHarm()
        {
            Assert.AreEqual(0, Auto("", ".", "...", "_", "L", "\u00e9\u00e8", "a.b.").Count);
        }
    }
}
