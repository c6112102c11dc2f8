using System;
using Facecue.Wire;

namespace Facecue.Voice
{
    /// <summary>
    /// A VoiceFace as a source of frames, so that a FaceReceiver plays it as it plays those of a bridge. It is not its to
    /// dispose: a receiver closes its source whenever it is switched off.
    /// </summary>
    public sealed class VoiceSource : IFaceSource
    {
        public VoiceSource(VoiceFace face, string detail)
        {
            _face = face;
            Detail = detail;
        }

        public LinkState State =>
            _closed ? LinkState.Closed : FaceClock.NowS - _takenS < 1 ? LinkState.Receiving : LinkState.Connected;

        public string Detail { get; }
        public long Received { get; private set; }
        public long Rejected => 0;
        public long Dropped => _face.Dropped;

        public bool TryTake(FaceFrame into)
        {
            if (_closed || !_face.TryTake(into)) return false;
            _takenS = FaceClock.NowS;
            Received++;
            return true;
        }

        public void Dispose() => _closed = true;

        readonly VoiceFace _face;
        double _takenS = double.NegativeInfinity;
        bool _closed;
    }
}
