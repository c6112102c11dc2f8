using System;

namespace Facecue.Wire
{
    /// <summary>Where a source stands.</summary>
    public enum LinkState
    {
        /// <summary>Disposed, or could not be opened; Detail says why.</summary>
        Closed,
        /// <summary>Nobody there yet; it keeps trying.</summary>
        Connecting,
        /// <summary>The line stands (ZeroMQ), or the port is open (OSC); no frame for a second or more.</summary>
        Connected,
        /// <summary>Frames come.</summary>
        Receiving,
        /// <summary>What comes cannot be used (another wire version, a wrong key); Detail says why.</summary>
        Refused,
    }

    /// <summary>
    /// Frames of one actor, received by a thread of the source. TryTake is for one thread, all else for any.
    /// Whatever comes in, nothing is thrown here: it is counted, and Detail has one line about it.
    /// </summary>
    public interface IFaceSource : IDisposable
    {
        LinkState State { get; }

        /// <summary>One line for people: where it listens, or what is wrong.</summary>
        string Detail { get; }

        /// <summary>Frames that were read whole.</summary>
        long Received { get; }

        /// <summary>Messages and packets that were no frame of ours.</summary>
        long Rejected { get; }

        /// <summary>Frames that nobody took in time.</summary>
        long Dropped { get; }

        /// <summary>Copies the oldest frame that waits; false where none does. Allocates nothing.</summary>
        bool TryTake(FaceFrame into);
    }
}
