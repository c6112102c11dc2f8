using System;

namespace Facecue.Wire
{
    /// <summary>Frames from `osc://` (of one actor) or `vmc://` over UDP; several sources may share one port.</summary>
    public sealed class OscFaceSource : IFaceSource
    {
        /// <summary>`address` is the local one to listen on: 127.0.0.1, or 0.0.0.0 for every network.</summary>
        public OscFaceSource(string address, int port, string actor) => throw new NotImplementedException();
        public LinkState State => throw new NotImplementedException();
        public string Detail => throw new NotImplementedException();
        public long Received => throw new NotImplementedException();
        public long Rejected => throw new NotImplementedException();
        public long Dropped => throw new NotImplementedException();
        public bool TryTake(FaceFrame into) => throw new NotImplementedException();
        public void Dispose() => throw new NotImplementedException();
    }
}
