using System;
using System.Collections.Generic;
using Facecue.Wire;

namespace Facecue.Mapping
{
    /// <summary>Whose shapes a character has.</summary>
    public enum PresetName { Auto, Arkit, Vrm, CharacterCreator, Oculus, None }

    /// <summary>The recipes of one family of rigs.</summary>
    public sealed class Preset
    {
        public readonly PresetName Name;
        public readonly Recipe[] Recipes;

        /// <summary>Index of the recipe that takes what the others leave of 1 (Oculus: sil); -1 for none.</summary>
        public readonly int Rest;

        Preset(PresetName name, IEnumerable<Recipe> recipes, string rest = null)
        {
            Name = name;
            Recipes = new List<Recipe>(recipes).ToArray();
            Rest = rest == null ? -1 : Array.FindIndex(Recipes, r => r.Name == rest);
        }

        /// <summary>All presets, the likelier first.</summary>
        public static readonly Preset[] All =
        {
            new Preset(PresetName.Arkit, ArkitRecipes()),
            new Preset(PresetName.CharacterCreator, CharacterCreator.Recipes()),
            new Preset(PresetName.Oculus, RecipeTables.Oculus(), "sil"),
            new Preset(PresetName.Vrm, RecipeTables.Vrm())
        };

        public static Preset Find(PresetName name)
        {
            foreach (var preset in All)
                if (preset.Name == name) return preset;
            return null;
        }

        /// <summary>The part of the face that an ARKit shape moves.</summary>
        public static FacePart PartOf(string arkit)
        {
            if (Begins(arkit, "eyeLook")) return FacePart.Look;
            if (Begins(arkit, "eye")) return FacePart.Eyes;
            if (Begins(arkit, "brow")) return FacePart.Brows;
            return FacePart.Mouth;
        }

        static bool Begins(string name, string with) => name.StartsWith(with, StringComparison.Ordinal);

        static IEnumerable<Recipe> ArkitRecipes()
        {
            foreach (var name in FaceNames.Arkit)
                yield return new Recipe(name, PartOf(name)).Of(name);
            // rigs that do not part left from right
            foreach (var left in FaceNames.Arkit)
            {
                if (!left.EndsWith("Left", StringComparison.Ordinal) || left == "jawLeft" || left == "mouthLeft") continue;
                var both = left.Substring(0, left.Length - 4);
                yield return new Recipe(both, PartOf(left)).Of(left, 0.5f).Of(both + "Right", 0.5f).Instead(left);
            }
            yield return new Recipe("mouthOpen", FacePart.Mouth).Of("jawOpen").Of("mouthClose", -1).Instead("jawOpen");
        }
    }
}
