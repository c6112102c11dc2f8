using System;
using System.Collections.Generic;
using Facecue.Wire;

namespace Facecue.Mapping
{
    /// <summary>Blend shapes of a mesh, by name.</summary>
    public sealed class MeshShapes
    {
        public readonly string Name;
        public readonly string[] Shapes;

        public MeshShapes(string name, string[] shapes) { Name = name; Shapes = shapes; }
    }

    /// <summary>
    /// Which blend shape follows what: built once from names and settings, then frame in, weights out. Weights are 1 for
    /// a shape as it was made; Unity's 100 is for the caller.
    /// </summary>
    // Applying allocates nothing. Not thread safe.
    public sealed class FaceMap
    {
        struct Slot { public int Mesh, Shape; public float Min, Max; }
        struct Row { public int Slot, Recipe; public float Gain, Offset, Min, Max; }

        readonly List<Slot> _slots = new List<Slot>();
        readonly List<Row> _rows = new List<Row>();
        readonly List<Recipe> _recipes = new List<Recipe>();
        readonly FaceInputs _inputs = new FaceInputs();
        int _restFirst = -1, _restCount, _rest;
        float[] _values, _weights;

        public readonly MapReport Report = new MapReport();

        /// <summary>Blend shapes that move.</summary>
        public int Count => _slots.Count;

        /// <summary>Index of the mesh and of its blend shape of one that moves.</summary>
        public int MeshOf(int slot) => _slots[slot].Mesh;
        public int ShapeOf(int slot) => _slots[slot].Shape;

        public FaceMap(IList<MeshShapes> meshes, PresetName preset, IList<ShapeSetting> settings)
        {
            var chosen = new Dictionary<long, Row>();
            var taken = new HashSet<FacePart>();
            foreach (var candidate in Order(meshes, preset)) Take(candidate, meshes, chosen, taken);
            var rows = new List<KeyValuePair<long, Row>>(chosen);
            rows.Sort((a, b) => a.Key.CompareTo(b.Key));
            Settle(meshes, rows, settings ?? new ShapeSetting[0]);
            ReportUnused(meshes);
            _values = new float[_recipes.Count];
            _weights = new float[_slots.Count];
        }

        /// <summary>Weights of the blend shapes that move, for a frame; the array is this map's own.</summary>
        public float[] Evaluate(FaceFrame frame)
        {
            _inputs.Fill(frame);
            for (var i = 0; i < _values.Length; i++) _values[i] = _recipes[i].Evaluate(_inputs.Values);
            if (_restFirst >= 0) ShareOut();
            Array.Clear(_weights, 0, _weights.Length);
            for (var i = 0; i < _rows.Count; i++)
            {
                var row = _rows[i];
                var value = _values[row.Recipe] * row.Gain + row.Offset;
                _weights[row.Slot] += Math.Min(Math.Max(value, row.Min), row.Max);
            }
            for (var i = 0; i < _weights.Length; i++)
                _weights[i] = Math.Min(Math.Max(_weights[i], _slots[i].Min), _slots[i].Max);
            return _weights;
        }

        /// <summary>Whether a blend shape that moves is one of the eyes' looking; eyes that turn as bones may do without.</summary>
        public bool IsLook(int slot)
        {
            for (var i = 0; i < _rows.Count; i++)
                if (_rows[i].Slot == slot && _recipes[_rows[i].Recipe].Part != FacePart.Look) return false;
            return true;
        }

        #region Building

        // the presets to try, the best first: the main one, then the others for parts it does not move
        static List<Preset> Order(IList<MeshShapes> meshes, PresetName preset)
        {
            var order = new List<Preset>();
            if (preset == PresetName.None) return order;
            if (preset != PresetName.Auto) { order.Add(Preset.Find(preset)); return order; }
            var scores = new Dictionary<Preset, int>();
            foreach (var candidate in Preset.All) scores[candidate] = Score(candidate, meshes);
            order.AddRange(Preset.All);
            // a stable order: List.Sort is none
            for (var i = 1; i < order.Count; i++)
                for (var j = i; j > 0 && scores[order[j]] > scores[order[j - 1]]; j--)
                { var other = order[j]; order[j] = order[j - 1]; order[j - 1] = other; }
            order.RemoveAll(candidate => scores[candidate] == 0);
            return order;
        }

        static int Score(Preset preset, IList<MeshShapes> meshes)
        {
            var matcher = new NameMatcher(preset);
            var found = new HashSet<int>();
            foreach (var mesh in meshes)
                foreach (var shape in mesh.Shapes)
                {
                    var match = matcher.Find(shape);
                    if (match.Found && preset.Recipes[match.Recipe].InsteadOf == null) found.Add(match.Recipe);
                }
            return found.Count;
        }

        void Take(Preset preset, IList<MeshShapes> meshes, Dictionary<long, Row> chosen, HashSet<FacePart> taken)
        {
            var matcher = new NameMatcher(preset);
            var best = new Dictionary<long, NameMatcher.Match>(); // of mesh and recipe: the nearest shape
            var shapes = new Dictionary<long, int>();
            var found = new HashSet<string>();
            for (var m = 0; m < meshes.Count; m++)
                for (var s = 0; s < meshes[m].Shapes.Length; s++)
                {
                    var match = matcher.Find(meshes[m].Shapes[s]);
                    if (!match.Found || taken.Contains(preset.Recipes[match.Recipe].Part)) continue;
                    // both halves of browInnerUp may move: they are two shapes of one recipe
                    var half = IsHalf(meshes[m].Shapes[s], preset.Recipes[match.Recipe].Name);
                    var key = Key(m, 4 * match.Recipe + half);
                    NameMatcher.Match other;
                    if (best.TryGetValue(key, out other) && other.Distance <= match.Distance) continue;
                    best[key] = match;
                    shapes[key] = s;
                    found.Add(preset.Recipes[match.Recipe].Name);
                }
            var parts = new HashSet<FacePart>();
            var first = _recipes.Count;
            var any = false;
            foreach (var pair in best)
            {
                var recipe = preset.Recipes[pair.Value.Recipe];
                if (recipe.InsteadOf != null && found.Contains(recipe.InsteadOf)) continue;
                if (pair.Value.Distance >= 100 && best.ContainsKey(Key((int)(pair.Key >> 32), 4 * pair.Value.Recipe))
                    && (pair.Key & 3) != 0) continue; // the whole shape is there too
                if (!any) { _recipes.AddRange(preset.Recipes); any = true; }
                parts.Add(recipe.Part);
                var mesh = (int)(pair.Key >> 32);
                chosen[Key(mesh, shapes[pair.Key])] = new Row { Recipe = first + pair.Value.Recipe, Gain = 1, Max = 1 };
            }
            if (!any) return;
            if (preset.Rest >= 0) { _restFirst = first; _restCount = preset.Recipes.Length; _rest = first + preset.Rest; }
            if (Report.Presets.Count == 0)
                foreach (var recipe in preset.Recipes)
                    if (recipe.InsteadOf == null && !found.Contains(recipe.Name)) Report.Missing.Add(recipe.Name);
            Report.Presets.Add(preset.Name);
            taken.UnionWith(parts);
            // shapes of brows and lips show moods already
            if (preset.Name == PresetName.Arkit || preset.Name == PresetName.CharacterCreator) taken.Add(FacePart.Emotion);
        }

        static int IsHalf(string shape, string recipe)
        {
            if (Ends(recipe, "Left") || Ends(recipe, "Right")) return 0;
            var words = ShapeName.Words(shape);
            var last = words[words.Count - 1];
            return last == "left" ? 1 : last == "right" ? 2 : 0;
        }

        static bool Ends(string text, string end) => text.EndsWith(end, StringComparison.Ordinal);

        static long Key(int mesh, int number) => ((long)mesh << 32) | (uint)number;

        void Settle(IList<MeshShapes> meshes, List<KeyValuePair<long, Row>> rows, IList<ShapeSetting> settings)
        {
            var byShape = new Dictionary<string, List<ShapeSetting>>();
            foreach (var setting in settings) Sort(setting, meshes, byShape);
            foreach (var pair in rows)
            {
                int mesh = (int)(pair.Key >> 32), shape = (int)(uint)pair.Key;
                List<ShapeSetting> own;
                if (!byShape.TryGetValue(ShapeName.Key(ShapeName.Words(meshes[mesh].Shapes[shape])), out own))
                { Add(meshes, mesh, shape, pair.Value, 0, 1); continue; }
                var changed = own.Find(s => s.Source.Length == 0);
                if (own.Exists(s => s.Off) || own.Exists(s => s.Source.Length > 0) || changed == null) continue;
                var row = pair.Value;
                row.Gain = changed.Gain;
                row.Offset = changed.Offset;
                row.Min = changed.Min;
                row.Max = changed.Max;
                Add(meshes, mesh, shape, row, changed.Min, changed.Max);
            }
            for (var mesh = 0; mesh < meshes.Count; mesh++)
                for (var shape = 0; shape < meshes[mesh].Shapes.Length; shape++)
                {
                    List<ShapeSetting> own;
                    if (byShape.TryGetValue(ShapeName.Key(ShapeName.Words(meshes[mesh].Shapes[shape])), out own)
                        && !own.Exists(s => s.Off)) AddOwn(meshes, mesh, shape, own);
                }
        }

        void Sort(ShapeSetting setting, IList<MeshShapes> meshes, Dictionary<string, List<ShapeSetting>> byShape)
        {
            var key = ShapeName.Key(ShapeName.Words(setting.Shape ?? ""));
            var known = false;
            foreach (var mesh in meshes)
                known |= Array.Exists(mesh.Shapes, shape => ShapeName.Key(ShapeName.Words(shape)) == key);
            if (!known) { Report.Wrong.Add("no mesh has a shape \"" + setting.Shape + "\""); return; }
            if (setting.Source == null) setting.Source = "";
            if (setting.Source.Length > 0 && FaceInputs.IndexOf(setting.Source) < 0)
            { Report.Wrong.Add(setting.Shape + ": no source is called \"" + setting.Source + "\""); return; }
            if (setting.Min > setting.Max)
            { Report.Wrong.Add(setting.Shape + ": min " + setting.Min + " is over max " + setting.Max); return; }
            List<ShapeSetting> own;
            if (!byShape.TryGetValue(key, out own)) byShape[key] = own = new List<ShapeSetting>();
            own.Add(setting);
        }

        void AddOwn(IList<MeshShapes> meshes, int mesh, int shape, List<ShapeSetting> own)
        {
            var sourced = own.FindAll(s => s.Source.Length > 0);
            float min = 0, max = 0;
            foreach (var setting in sourced) { min = Math.Min(min, setting.Min); max = Math.Max(max, setting.Max); }
            foreach (var setting in sourced)
            {
                _recipes.Add(new Recipe(setting.Source, FacePart.Mouth).Of(setting.Source)
                    .Between(float.NegativeInfinity, float.PositiveInfinity));
                var row = new Row
                {
                    Recipe = _recipes.Count - 1, Gain = setting.Gain, Offset = setting.Offset,
                    Min = setting.Min, Max = setting.Max
                };
                Add(meshes, mesh, shape, row, min, max);
            }
        }

        void Add(IList<MeshShapes> meshes, int mesh, int shape, Row row, float min, float max)
        {
            var slot = _slots.FindIndex(s => s.Mesh == mesh && s.Shape == shape);
            if (slot < 0)
            {
                slot = _slots.Count;
                _slots.Add(new Slot { Mesh = mesh, Shape = shape, Min = min, Max = max });
            }
            row.Slot = slot;
            _rows.Add(row);
            Report.Found.Add(_recipes[row.Recipe].Name + " from " + meshes[mesh].Name + "." + meshes[mesh].Shapes[shape]);
        }

        void ReportUnused(IList<MeshShapes> meshes)
        {
            for (var mesh = 0; mesh < meshes.Count; mesh++)
                for (var shape = 0; shape < meshes[mesh].Shapes.Length; shape++)
                    if (!_slots.Exists(s => s.Mesh == mesh && s.Shape == shape))
                        Report.Unused.Add(meshes[mesh].Name + "." + meshes[mesh].Shapes[shape]);
        }

        #endregion

        // visemes sum to 1 at most, and the one of rest takes what they leave
        void ShareOut()
        {
            var sum = 0f;
            for (var i = _restFirst; i < _restFirst + _restCount; i++) if (i != _rest) sum += _values[i];
            if (sum > 1)
                for (var i = _restFirst; i < _restFirst + _restCount; i++) _values[i] /= sum;
            _values[_rest] = Math.Max(0, 1 - sum);
        }
    }
}
