namespace Facecue.Wire
{
    /// <summary>What takes the messages of a packet.</summary>
    interface IOscListener
    {
        /// <summary>One message. Its places were checked: the bytes of every argument are there.</summary>
        void Hear(byte[] data, OscMessage message);
    }

    /// <summary>
    /// An OSC message within a packet: where its address, its type tags and its arguments are. Copies nothing.
    /// </summary>
    struct OscMessage
    {
        public int Address, AddressLength;
        public int Tags, TagCount; // behind the comma
        public int Arguments;
        int _end;

        /// <summary>Finds the parts of a message; false where there is no whole one.</summary>
        public static bool Read(byte[] data, int start, int end, out OscMessage message)
        {
            message = default(OscMessage);
            message._end = end;
            var at = start;
            if (at >= end || data[at] != '/') return false;
            message.Address = at;
            if (!Text(data, ref at, end, out message.AddressLength)) return false;
            if (at == end) // senders of old leave the tags out: a message without arguments
            {
                message.Arguments = end;
                return true;
            }
            if (data[at] != ',') return false;
            message.Tags = at + 1;
            if (!Text(data, ref at, end, out message.TagCount)) return false;
            message.TagCount--;
            message.Arguments = at;
            return message.Sized(data);
        }

        /// <summary>Length of the text at a place, which moves behind its zeros.</summary>
        public static bool Text(byte[] data, ref int at, int end, out int length)
        {
            length = 0;
            var start = at;
            while (start + length < end && data[start + length] != 0) length++;
            at = start + length / 4 * 4 + 4;
            return start + length < end && at <= end;
        }

        /// <summary>Whether the arguments begin with these types; more may follow.</summary>
        public bool Begins(byte[] data, byte[] tags)
        {
            if (TagCount < tags.Length) return false;
            for (var i = 0; i < tags.Length; i++)
                if (data[Tags + i] != tags[i]) return false;
            return true;
        }

        bool Sized(byte[] data)
        {
            var at = Arguments;
            for (var i = 0; i < TagCount; i++)
            {
                switch ((char)data[Tags + i])
                {
                    case 'i': case 'f': case 'c': case 'r': case 'm':
                        at += 4;
                        break;
                    case 'h': case 'd': case 't':
                        at += 8;
                        break;
                    case 's': case 'S':
                        if (at > _end || !Text(data, ref at, _end, out _)) return false;
                        break;
                    case 'b':
                        if (_end - at < 4) return false;
                        var size = Bits.Big32(data, at);
                        if (size > (uint)(_end - at - 4)) return false;
                        at += 4 + ((int)size + 3) / 4 * 4;
                        break;
                    case 'T': case 'F': case 'N': case 'I': case '[': case ']':
                        break;
                    default:
                        return false;
                }
                if (at > _end) return false;
            }
            return true;
        }
    }
}
