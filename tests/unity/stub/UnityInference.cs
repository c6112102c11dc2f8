using System;
using System.Collections.Generic;
using UnityEngine;

// What Facecue.Inference uses of com.unity.ai.inference 2.2, so that it compiles and runs without Unity. A worker's
// answers come from Worker.Answer, which a test sets.
namespace Unity.InferenceEngine
{
    public enum BackendType { GPUCompute, CPU, GPUPixel }

    public enum DataType { Float, Int, Short, Byte, Custom }

    public struct TensorShape
    {
        readonly int[] _sizes;
        public TensorShape(ReadOnlySpan<int> shape) { _sizes = shape.ToArray(); }
        public int rank => _sizes.Length;
        public int length { get { var n = 1; foreach (var size in _sizes) n *= size; return n; } }
    }

    public abstract class Tensor : IDisposable
    {
        public bool Pending;
        public TensorShape shape { get; protected set; }
        public void CompleteAllPendingOperations() => Pending = false;
        public void Dispose() { }
    }

    public class Tensor<T> : Tensor where T : struct // unmanaged there, which mcs does not know
    {
        public readonly T[] Data;
        public Tensor(TensorShape shape, bool clearOnInit = true)
        {
            this.shape = shape;
            Data = new T[shape.length];
        }
        public void Upload(T[] srcData) => Array.Copy(srcData, Data, srcData.Length);
        public ReadOnlySpan<T> AsReadOnlySpan()
        {
            if (Pending) throw new InvalidOperationException("Tensor data is still pending, cannot read from tensor.");
            return Data;
        }
    }

    public class ModelAsset : ScriptableObject
    {
        public Model Model = new Model();
    }

    public class Model
    {
        public struct Input { public string name; public int index; }
        public struct Output { public string name; public int index; }
        public List<Input> inputs = new List<Input>();
        public List<Output> outputs = new List<Output>();
        public readonly Dictionary<string, int> Sizes = new Dictionary<string, int>();
    }

    public static class ModelLoader
    {
        public static Model Load(ModelAsset modelAsset) => modelAsset.Model;
    }

    public class Worker : IDisposable
    {
        /// <summary>Fills the outputs of a run: not Unity's.</summary>
        public static Action<Dictionary<string, Tensor<float>>, Dictionary<string, Tensor<float>>> Answer;
        public static int Alive;

        readonly Dictionary<string, Tensor<float>> _given = new Dictionary<string, Tensor<float>>();
        readonly Dictionary<string, Tensor<float>> _made = new Dictionary<string, Tensor<float>>();
        readonly Model _model;

        public Worker(Model model, BackendType backendType)
        {
            _model = model;
            Alive++;
            foreach (var output in model.outputs)
                _made[output.name] = new Tensor<float>(new TensorShape(new[] { model.Sizes[output.name] }));
        }

        public void SetInput(string name, Tensor input) => _given[name] = (Tensor<float>)input;

        public void Schedule()
        {
            foreach (var input in _model.inputs)
                if (!_given.ContainsKey(input.name)) throw new InvalidOperationException("no " + input.name);
            if (Answer != null) Answer(_given, _made);
            foreach (var output in _made.Values) output.Pending = true;
        }

        public Tensor PeekOutput(string name) => _made[name];

        public void Dispose() => Alive--;
    }
}

namespace UnityEngine
{
    /// <summary>A microphone that hears what a test puts into its clip.</summary>
    public static class Microphone
    {
        public static string[] devices = { "test" };
        public static AudioClip Clip;
        public static int Position;
        public static void GetDeviceCaps(string deviceName, out int minFreq, out int maxFreq) { minFreq = 16000; maxFreq = 16000; }
        public static AudioClip Start(string deviceName, bool loop, int lengthSec, int frequency)
            => Clip = AudioClip.Create("microphone", lengthSec * frequency, 1, frequency, false);
        public static int GetPosition(string deviceName) => Position;
        public static void End(string deviceName) => Clip = null;
    }
}
