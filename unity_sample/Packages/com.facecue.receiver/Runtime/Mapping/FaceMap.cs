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
            // the main preset, then the others for parts of the face that it does not move
            if (preset == PresetName.Auto)
                foreach (var candidate in PresetFit.Best(meshes)) Take(candidate, meshes, chosen, taken);
            else if (preset != PresetName.None) Take(Preset.Find(preset), meshes, chosen, taken);
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

        void Take(Preset preset, IList<MeshShapes> meshes, Dictionary<long, Row> chosen, HashSet<FacePart> taken)
        {
            var fit = new PresetFit(preset, meshes, taken);
            if (fit.Picks.Count == 0) return;
            var first = _recipes.Count;
            _recipes.AddRange(preset.Recipes);
            foreach (var pick in fit.Picks)
            {
                chosen[Key(pick.Mesh, pick.Shape)] = new Row { Recipe = first + pick.Recipe, Gain = 1, Max = 1 };
                taken.Add(preset.Recipes[pick.Recipe].Part);
            }
            // shapes of brows and lips show moods already
            if (preset.Name == PresetName.Arkit || preset.Name == PresetName.CharacterCreator) taken.Add(FacePart.Emotion);
            if (preset.Rest >= 0) { _restFirst = first; _restCount = preset.Recipes.Length; _rest = first + preset.Rest; }
            if (Report.Presets.Count == 0)
                foreach (var recipe in preset.Recipes)
                    if (recipe.InsteadOf == null && !fit.Found.Contains(recipe.Name)) Report.Missing.Add(recipe.Name);
            Report.Presets.Add(preset.Name);
        }

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
            Report.Found.Add(_recipes[row.Recipe].Name + " moves " + meshes[mesh].Name + "." + meshes[mesh].Shapes[shape]);
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
