using System;
using System.Collections.Generic;

namespace Facecue.Mapping
{
    /// <summary>What part of the face a recipe moves.</summary>
    public enum FacePart { Mouth, Eyes, Look, Brows, Emotion }

    /// <summary>
    /// How one shape follows a frame: clamp(curve(sum of factor * input + offset), low, high) * (1 - clamp(sum of
    /// unless, 0, 1)).
    /// </summary>
    // Built once and never changed after; evaluating allocates nothing. The same rule as the rigs of the Python side.
    public sealed class Recipe
    {
        public readonly string Name;
        public readonly FacePart Part;
        public readonly List<string> Spellings = new List<string>();

        /// <summary>Used only where the shape of this name was not found; null for most.</summary>
        public string InsteadOf { get; private set; }

        int[] _inputs = new int[0], _unlessInputs = new int[0];
        float[] _factors = new float[0], _unlessFactors = new float[0];
        float[] _curve;
        float _offset, _low, _high = 1;

        public Recipe(string name, FacePart part)
        {
            Name = name;
            Part = part;
            Spellings.Add(name);
        }

        /// <summary>Adds an input by its name.</summary>
        public Recipe Of(string input, float factor = 1)
        {
            Append(ref _inputs, ref _factors, input, factor);
            return this;
        }

        /// <summary>Adds what takes the shape back.</summary>
        public Recipe Unless(string input, float factor)
        {
            Append(ref _unlessInputs, ref _unlessFactors, input, factor);
            return this;
        }

        public Recipe Offset(float offset) { _offset = offset; return this; }

        public Recipe Between(float low, float high) { _low = low; _high = high; return this; }

        /// <summary>Straight lines through x, y, x, y, ... with rising x, held beyond the ends.</summary>
        public Recipe Curve(params float[] points) { _curve = points; return this; }

        /// <summary>Other names that models give to this shape.</summary>
        public Recipe Called(params string[] spellings) { Spellings.AddRange(spellings); return this; }

        public Recipe Instead(string of) { InsteadOf = of; return this; }

        /// <summary>The value for FaceInputs.Values.</summary>
        public float Evaluate(float[] inputs)
        {
            var value = Sum(_inputs, _factors, inputs) + _offset;
            if (_curve != null) value = Bend(value);
            value = Math.Min(Math.Max(value, _low), _high);
            if (_unlessInputs.Length > 0)
                value *= 1 - Math.Min(Math.Max(Sum(_unlessInputs, _unlessFactors, inputs), 0), 1);
            return value;
        }

        static float Sum(int[] indices, float[] factors, float[] inputs)
        {
            var sum = 0f;
            for (var i = 0; i < indices.Length; i++) sum += factors[i] * inputs[indices[i]];
            return sum;
        }

        float Bend(float x)
        {
            if (x <= _curve[0]) return _curve[1];
            for (var i = 2; i < _curve.Length; i += 2)
            {
                if (x > _curve[i]) continue;
                var share = (x - _curve[i - 2]) / (_curve[i] - _curve[i - 2]);
                return _curve[i - 1] + share * (_curve[i + 1] - _curve[i - 1]);
            }
            return _curve[_curve.Length - 1];
        }

        static void Append(ref int[] indices, ref float[] factors, string input, float factor)
        {
            var index = FaceInputs.IndexOf(input);
            if (index < 0) throw new ArgumentException("no input is called " + input + "; see FaceInputs.NameOf");
            Array.Resize(ref indices, indices.Length + 1);
            Array.Resize(ref factors, factors.Length + 1);
            indices[indices.Length - 1] = index;
            factors[factors.Length - 1] = factor;
        }
    }
}
