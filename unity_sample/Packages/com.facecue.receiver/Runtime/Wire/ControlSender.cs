using System;

namespace Facecue.Wire
{
    /// <summary>Sends the controls of docs/control.md over OSC. UDP: nobody says whether they arrived.</summary>
    public sealed class ControlSender : IDisposable
    {
        public ControlSender(string address, int port, string token = null, string actor = null) => throw new NotImplementedException();
        /// <summary>What kept it from sending last; null where nothing did.</summary>
        public string Problem => throw new NotImplementedException();
        public long Sent => throw new NotImplementedException();
        public void Send(string control, float value) => throw new NotImplementedException();
        public void Send(string control, string value) => throw new NotImplementedException();
        public void Send(string control, bool value) => throw new NotImplementedException();
        /// <summary>As a fader does, 0..1.</summary>
        public void SendUnit(string control, float value) => throw new NotImplementedException();
        /// <summary>As a button does: `reset`, `emotion/happy`, `neutral/capture`, `preset/load/calm`.</summary>
        public void Press(string path) => throw new NotImplementedException();
        /// <summary>The eyes look at a point of the resting head's frame (cm); one bundle: target and its x, y, z.</summary>
        public void LookAt(float x, float y, float z) => throw new NotImplementedException();
        public void Dispose() => throw new NotImplementedException();
    }
}
