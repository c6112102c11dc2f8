using System;
using Facecue.Voice;
using Unity.InferenceEngine;

namespace Facecue.Inference
{
    /// <summary>
    /// Runs one graph in Unity's Inference Engine, on the CPU: a frame is too small for a graphics card to be worth the way
    /// there and back, and the answer is wanted at once. For the main thread, as workers are.
    /// </summary>
    public sealed class InferenceNetwork : INetwork
    {
        public InferenceNetwork(ModelAsset asset, GraphContract contract)
        {
            _contract = contract;
            var model = ModelLoader.Load(asset);
            foreach (var port in contract.Inputs)
                if (!model.inputs.Exists(input => input.name == port.Name)) throw Missing(asset, port);
            foreach (var port in contract.Outputs)
                if (!model.outputs.Exists(output => output.name == port.Name)) throw Missing(asset, port);
            _worker = new Worker(model, BackendType.CPU);
            _given = Array.ConvertAll(contract.Inputs, port => new Tensor<float>(new TensorShape(port.Shape)));
        }

        public void Run(float[][] given, float[][] made)
        {
            for (var i = 0; i < _given.Length; i++)
            {
                _given[i].Upload(given[i]);
                _worker.SetInput(_contract.Inputs[i].Name, _given[i]);
            }
            _worker.Schedule();
            for (var i = 0; i < made.Length; i++)
            {
                var output = (Tensor<float>)_worker.PeekOutput(_contract.Outputs[i].Name);
                output.CompleteAllPendingOperations();
                output.AsReadOnlySpan().CopyTo(made[i]);
            }
        }

        public void Dispose()
        {
            _worker.Dispose();
            foreach (var tensor in _given) tensor.Dispose();
        }

        readonly GraphContract _contract;
        readonly Worker _worker;
        readonly Tensor<float>[] _given;

        static FormatException Missing(ModelAsset asset, Port port) =>
            new FormatException(asset.name + " has no " + port.Name + ": it and the JSON are not of one export");
    }
}
