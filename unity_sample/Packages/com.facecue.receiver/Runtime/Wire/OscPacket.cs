using System.Text;

namespace Facecue.Wire
{
    /// <summary>Takes an OSC packet apart: a message, or a bundle of messages and of bundles.</summary>
    static class OscPacket
    {
        /// <summary>Bundles within bundles.</summary>
        public const int DepthLimit = 8;

        static readonly byte[] BundleHead = Encoding.ASCII.GetBytes("#bundle\0");
        const int HeadLength = 16; // and its time tag, which is left aside

        /// <summary>
        /// Hands every message to a listener, in order; false where the packet is broken from some place on (what
        /// came before that was handed over).
        /// </summary>
        public static bool Read(byte[] data, int start, int length, IOscListener listener)
            => data != null && start >= 0 && length >= 0 && length <= data.Length - start
               && Element(data, start, start + length, listener, 0);

        static bool Element(byte[] data, int start, int end, IOscListener listener, int depth)
        {
            var length = end - start;
            if (length < 4 || length % 4 != 0) return false;
            if (data[start] != '#')
            {
                if (!OscMessage.Read(data, start, end, out var message)) return false;
                listener.Hear(data, message);
                return true;
            }
            if (depth >= DepthLimit || length < HeadLength || !Bits.Equal(data, start, 8, BundleHead)) return false;
            for (var at = start + HeadLength; at < end;)
            {
                if (end - at < 4) return false;
                var size = Bits.Big32(data, at);
                at += 4;
                if (size > (uint)(end - at) || !Element(data, at, at + (int)size, listener, depth + 1)) return false;
                at += (int)size;
            }
            return true;
        }
    }
}
