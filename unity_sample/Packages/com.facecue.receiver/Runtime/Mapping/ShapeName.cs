using System;
using System.Collections.Generic;
using System.Text;

namespace Facecue.Mapping
{
    /// <summary>
    /// A blend shape's name taken to its words, so that "jawOpen", "Jaw_Open", "blendShape1.JawOpen", "Head_jaw-open" and
    /// "A25_Jaw_Open" meet.
    /// </summary>
    // Words part at separators and humps; a lone L or R is left or right. What stands before the last dot is left out.
    public static class ShapeName
    {
        /// <summary>Words of a name in lower case.</summary>
        public static List<string> Words(string name)
        {
            name = name.Substring(LastDot(name) + 1);
            var words = new List<string>();
            var word = new StringBuilder();
            for (var i = 0; i < name.Length; i++)
            {
                var c = name[i];
                if (!char.IsLetterOrDigit(c)) { Close(words, word); continue; }
                if (word.Length > 0 && char.IsUpper(c) && StartsWord(name, i)) Close(words, word);
                word.Append(char.ToLowerInvariant(c));
            }
            Close(words, word);
            return words;
        }

        /// <summary>The words from `first` on as one key.</summary>
        public static string Key(List<string> words, int first = 0)
        {
            var key = new StringBuilder();
            for (var i = first; i < words.Count; i++) key.Append(words[i]);
            return key.ToString();
        }

        /// <summary>The same key for the same words in any order.</summary>
        public static string SortedKey(List<string> words, int first = 0)
        {
            var sorted = words.GetRange(first, words.Count - first);
            sorted.Sort(StringComparer.Ordinal);
            return string.Join(" ", sorted.ToArray());
        }

        /// <summary>Whether two names mean the same shape, whatever their case, separators and the mesh before the dot.</summary>
        public static bool Same(string a, string b) => Key(Words(a)) == Key(Words(b));

        // a dot parts a mesh from its shape; one at the very end parts nothing
        static int LastDot(string name)
        {
            var dot = name.LastIndexOf('.');
            return dot == name.Length - 1 ? -1 : dot;
        }

        // Open in jawOpen, Open in JAWOpen; not the second P in PP
        static bool StartsWord(string name, int i)
          => !char.IsUpper(name[i - 1]) || i + 1 < name.Length && char.IsLower(name[i + 1]);

        static void Close(List<string> words, StringBuilder word)
        {
            if (word.Length == 0) return;
            var text = word.ToString();
            // "mouthsmile_left" and "mouthSmileLeft" part differently: the side is a word of its own in both
            foreach (var side in _sides)
            {
                if (text.Length <= side.Length || !text.EndsWith(side, StringComparison.Ordinal)) continue;
                words.Add(text.Substring(0, text.Length - side.Length));
                text = side;
                break;
            }
            words.Add(text == "l" ? "left" : text == "r" ? "right" : text);
            word.Length = 0;
        }

        static readonly string[] _sides = { "left", "right" };
    }
}
