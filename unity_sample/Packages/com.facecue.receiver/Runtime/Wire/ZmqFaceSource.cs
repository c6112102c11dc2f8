using System;

namespace Facecue.Wire
{
    /// <summary>Frames of one actor from a bridge's `zmq://` sink: a ZeroMQ SUB client of our own over TCP.</summary>
    public sealed class ZmqFaceSource : IFaceSource
    {
        public ZmqFaceSource(string host, int port, string actor, CurveKeys curve = null) => throw new NotImplementedException();
        public LinkState State => throw new NotImplementedException();
        public string Detail => throw new NotImplementedException();
        public long Received => throw new NotImplementedException();
        public long Rejected => throw new NotImplementedException();
        public long Dropped => throw new NotImplementedException();
        public bool TryTake(FaceFrame into) => throw new NotImplementedException();
        public void Dispose() => throw new NotImplementedException();
    }

    /// <summary>What an encrypted connection needs: keys as text of 40 characters, as `facecue keys` prints them.</summary>
    public sealed class CurveKeys
    {
        /// <summary>Without a pair of its own (null) the receiver makes one.</summary>
        public CurveKeys(string serverPublicKey, string publicKey = null, string secretKey = null) => throw new NotImplementedException();
    }
}
