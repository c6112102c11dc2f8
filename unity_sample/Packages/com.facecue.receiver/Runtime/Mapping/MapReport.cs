using System.Collections.Generic;
using System.Text;

namespace Facecue.Mapping
{
    /// <summary>What mapping by name came to, for people.</summary>
    public sealed class MapReport
    {
        /// <summary>The presets that were taken, the main one first.</summary>
        public readonly List<PresetName> Presets = new List<PresetName>();

        /// <summary>"recipe moves mesh.shape", one for each shape that moves.</summary>
        public readonly List<string> Found = new List<string>();

        /// <summary>Shapes of the main preset that no mesh has.</summary>
        public readonly List<string> Missing = new List<string>();

        /// <summary>Blend shapes that nothing moves.</summary>
        public readonly List<string> Unused = new List<string>();

        /// <summary>Settings that name no shape or no source, with what is wrong.</summary>
        public readonly List<string> Wrong = new List<string>();

        public override string ToString()
        {
            var text = new StringBuilder();
            text.Append(Presets.Count == 0 ? "no preset fits" : string.Join(" + ", Presets.ConvertAll(p => p.ToString())));
            text.Append(": ").Append(Found.Count).Append(" shapes move, ").Append(Missing.Count).Append(" missing, ");
            text.Append(Unused.Count).Append(" unused");
            if (Wrong.Count > 0) text.Append(", ").Append(Wrong.Count).Append(" settings wrong");
            Append(text, "Wrong", Wrong);
            Append(text, "Missing", Missing);
            Append(text, "Unused", Unused);
            Append(text, "Found", Found);
            return text.ToString();
        }

        static void Append(StringBuilder text, string title, List<string> lines)
        {
            if (lines.Count == 0) return;
            text.Append('\n').Append(title).Append(":\n  ").Append(string.Join("\n  ", lines.ToArray()));
        }
    }
}
