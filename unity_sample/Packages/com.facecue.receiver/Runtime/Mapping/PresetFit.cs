using System;
using System.Collections.Generic;

namespace Facecue.Mapping
{
    /// <summary>How a preset fits a character: for each mesh and recipe the blend shape whose name is nearest.</summary>
    sealed class PresetFit
    {
        public struct Pick { public int Mesh, Shape, Recipe; }

        public readonly Preset Preset;
        public readonly List<Pick> Picks = new List<Pick>();

        /// <summary>Names of the recipes that have a shape.</summary>
        public readonly HashSet<string> Found = new HashSet<string>();

        /// <summary>Recipes of a full set that have a shape: what tells one family from another.</summary>
        public int Score
        {
            get
            {
                var score = 0;
                foreach (var recipe in Preset.Recipes)
                    if (recipe.InsteadOf == null && Found.Contains(recipe.Name)) score++;
                return score;
            }
        }

        /// <summary>Leaves recipes aside that move a part of the face that is taken.</summary>
        public PresetFit(Preset preset, IList<MeshShapes> meshes, HashSet<FacePart> taken)
        {
            Preset = preset;
            var matcher = new NameMatcher(preset);
            for (var mesh = 0; mesh < meshes.Count; mesh++) Fit(matcher, mesh, meshes[mesh].Shapes, taken);
            Picks.RemoveAll(pick =>
            {
                var instead = preset.Recipes[pick.Recipe].InsteadOf;
                return instead != null && Found.Contains(instead);
            });
        }

        /// <summary>All presets that fit at all, the best first; those that fit alike as in Preset.All.</summary>
        public static List<Preset> Best(IList<MeshShapes> meshes)
        {
            var fits = new List<PresetFit>();
            foreach (var preset in Preset.All)
            {
                var fit = new PresetFit(preset, meshes, new HashSet<FacePart>());
                var at = fits.FindIndex(other => other.Score < fit.Score);
                if (fit.Score > 0) fits.Insert(at < 0 ? fits.Count : at, fit);
            }
            return fits.ConvertAll(fit => fit.Preset);
        }

        void Fit(NameMatcher matcher, int mesh, string[] shapes, HashSet<FacePart> taken)
        {
            // of each recipe the whole, the left and the right half: browInnerUp_L and _R are two shapes of one recipe
            var nearest = new int[3 * Preset.Recipes.Length];
            var shapeOf = new int[nearest.Length];
            for (var i = 0; i < shapes.Length; i++)
            {
                var match = matcher.Find(shapes[i]);
                if (!match.Found || taken.Contains(Preset.Recipes[match.Recipe].Part)) continue;
                var slot = 3 * match.Recipe + HalfOf(shapes[i], Preset.Recipes[match.Recipe].Name);
                if (nearest[slot] != 0 && nearest[slot] <= match.Distance + 1) continue;
                nearest[slot] = match.Distance + 1;
                shapeOf[slot] = i;
            }
            for (var slot = 0; slot < nearest.Length; slot++)
            {
                var whole = slot - slot % 3;
                if (nearest[slot] == 0 || slot != whole && nearest[whole] != 0) continue;
                Picks.Add(new Pick { Mesh = mesh, Shape = shapeOf[slot], Recipe = slot / 3 });
                Found.Add(Preset.Recipes[slot / 3].Name);
            }
        }

        // 1 and 2 for the left and the right half of a recipe that has no side
        static int HalfOf(string shape, string recipe)
        {
            if (recipe.EndsWith("Left", StringComparison.Ordinal) || recipe.EndsWith("Right", StringComparison.Ordinal)) return 0;
            var words = ShapeName.Words(shape);
            var last = words[words.Count - 1];
            return last == "left" ? 1 : last == "right" ? 2 : 0;
        }
    }
}
