using System;
using System.Collections.Generic;

namespace Facecue.Mapping
{
    /// <summary>Finds the recipe of a preset that a blend shape's name asks for.</summary>
    // A better match has fewer words left out before it: "Head_jawOpen" yields to "jawOpen" of the same mesh.
    sealed class NameMatcher
    {
        public struct Match
        {
            public int Recipe;

            /// <summary>0 for the name itself, then one for each word left out; more for words in another order.</summary>
            public int Distance;

            public bool Found => Recipe >= 0;
        }

        readonly Preset _preset;
        readonly Dictionary<string, int> _keys = new Dictionary<string, int>();
        readonly Dictionary<string, int> _sorted = new Dictionary<string, int>();
        static readonly Match _none = new Match { Recipe = -1 };
        const int OtherOrder = 100;
        const int Ambiguous = -1;

        // these may stand before a name of one or two letters
        static readonly HashSet<string> _viseme
          = new HashSet<string> { "v", "vrc", "viseme", "vowel", "mouth", "mth", "lip", "phoneme", "ph", "aiueo" };

        // a mood on one part of the face is not the mood
        static readonly HashSet<string> _parts = new HashSet<string>
          { "brow", "brows", "brw", "eye", "eyes", "eyebrow", "mth", "mouth", "lip", "lips", "cheek", "nose", "jaw", "ha", "hair" };

        public NameMatcher(Preset preset)
        {
            _preset = preset;
            for (var i = 0; i < preset.Recipes.Length; i++)
                foreach (var spelling in preset.Recipes[i].Spellings)
                {
                    var words = ShapeName.Words(spelling);
                    _keys[ShapeName.Key(words)] = i;
                    if (words.Count < 2) continue;
                    var sorted = ShapeName.SortedKey(words);
                    int other;
                    _sorted[sorted] = _sorted.TryGetValue(sorted, out other) && other != i ? Ambiguous : i;
                }
        }

        public Match Find(string shape)
        {
            var words = ShapeName.Words(shape);
            for (var first = 0; first < words.Count; first++)
            {
                int recipe;
                var key = ShapeName.Key(words, first);
                if (_keys.TryGetValue(key, out recipe) && Fits(words, first, key, recipe))
                    return new Match { Recipe = recipe, Distance = first };
                if (words.Count - first > 1 && _sorted.TryGetValue(ShapeName.SortedKey(words, first), out recipe)
                    && recipe != Ambiguous && Fits(words, first, key, recipe))
                    return new Match { Recipe = recipe, Distance = OtherOrder + first };
            }
            return HalfOfOne(words);
        }

        // browInnerUp_L where the preset knows one shape for both sides
        Match HalfOfOne(List<string> words)
        {
            var last = words.Count - 1;
            if (last < 2 || words[last] != "left" && words[last] != "right") return _none;
            words.RemoveAt(last);
            for (var first = 0; first < words.Count - 1; first++)
            {
                int recipe;
                var key = ShapeName.Key(words, first);
                if (_keys.TryGetValue(key, out recipe) && _preset.Recipes[recipe].InsteadOf == null
                    && _preset.Name == PresetName.Arkit)
                    return new Match { Recipe = recipe, Distance = OtherOrder + first };
            }
            return _none;
        }

        bool Fits(List<string> words, int first, string key, int recipe)
        {
            if (first == 0) return true;
            if (key.Length <= 2) return _viseme.Contains(words[first - 1]);
            if (_preset.Recipes[recipe].Part != FacePart.Emotion) return true;
            for (var i = 0; i < first; i++)
                if (_parts.Contains(words[i])) return false;
            return true;
        }
    }
}
