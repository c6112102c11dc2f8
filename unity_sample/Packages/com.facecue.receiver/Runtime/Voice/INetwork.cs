using System;

namespace Facecue.Voice
{
    /// <summary>Runs one graph: Unity's Inference Engine in a game, anything else in a test. It keeps no states.</summary>
    public interface INetwork : IDisposable
    {
        /// <summary>
        /// `given[i]` is input i of its GraphContract, `made[i]` is to be filled with output i. Returns when it is done.
        /// </summary>
        void Run(float[][] given, float[][] made);
    }

    /// <summary>A graph with its states: what comes out of one run goes into the next.</summary>
    public sealed class Stateful
    {
        /// <summary>Inputs; those that are no states are to be filled before Run.</summary>
        public readonly float[][] Given;

        /// <summary>Outputs of the last run.</summary>
        public readonly float[][] Made;

        public readonly GraphContract Contract;

        public Stateful(GraphContract contract, INetwork network)
        {
            Contract = contract;
            _network = network;
            Given = Array.ConvertAll(contract.Inputs, port => new float[port.Count]);
            Made = Array.ConvertAll(contract.Outputs, port => new float[port.Count]);
            Reset();
        }

        /// <summary>Every state as it is before anything was heard.</summary>
        public void Reset()
        {
            for (var i = Contract.Inputs.Length - Contract.States; i < Contract.Inputs.Length; i++)
                for (var k = 0; k < Given[i].Length; k++) Given[i][k] = Contract.Inputs[i].First;
        }

        /// <summary>Runs once and hands the states over, by exchanging the arrays.</summary>
        public void Run()
        {
            _network.Run(Given, Made);
            for (var s = 1; s <= Contract.States; s++)
            {
                var given = Given[Given.Length - s];
                Given[Given.Length - s] = Made[Made.Length - s];
                Made[Made.Length - s] = given;
            }
        }

        readonly INetwork _network;
    }
}
