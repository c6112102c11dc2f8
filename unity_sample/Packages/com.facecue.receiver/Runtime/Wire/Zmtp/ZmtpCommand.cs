using System;
using System.Text;

namespace Facecue.Wire
{
    /// <summary>ZMTP commands: a name with its length before it, then what belongs to it.</summary>
    static class ZmtpCommand
    {
        public const byte CommandFlag = 4;

        public static readonly byte[] Ready = Ascii("READY");
        public static readonly byte[] Error = Ascii("ERROR");
        public static readonly byte[] Ping = Ascii("PING");
        public static readonly byte[] Pong = Ascii("PONG");
        public static readonly byte[] Subscribe = Ascii("SUBSCRIBE");

        /// <summary>Letters of a peer's own words that are shown.</summary>
        const int ReasonLimit = 80;

        static readonly byte[] SocketType = Ascii("Socket-Type");

        public static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

        /// <summary>Whether the body of a command has this name; `body` is where what belongs to it begins.</summary>
        public static bool Is(byte[] data, int start, int length, byte[] name, out int body)
        {
            body = start + 1 + name.Length;
            return length > name.Length && data[start] == name.Length
                   && Bits.Equal(data, start + 1, name.Length, name);
        }

        /// <summary>What a SUB socket says of itself.</summary>
        public static byte[] Metadata()
        {
            var type = Ascii("SUB");
            var data = new byte[1 + SocketType.Length + 4 + type.Length];
            data[0] = (byte)SocketType.Length;
            Buffer.BlockCopy(SocketType, 0, data, 1, SocketType.Length);
            Bits.PutBig32(data, 1 + SocketType.Length, (uint)type.Length);
            Buffer.BlockCopy(type, 0, data, data.Length - type.Length, type.Length);
            return data;
        }

        /// <summary>Null where a peer's metadata names a publisher, else what is wrong with it.</summary>
        public static string MetadataProblem(byte[] data, int at, int end)
        {
            while (at < end)
            {
                var name = at + 1;
                int nameLength = data[at];
                at = name + nameLength;
                if (end - at < 4) return "the peer's READY is broken";
                var length = Bits.Big32(data, at);
                at += 4;
                if (length > (uint)(end - at)) return "the peer's READY is broken";
                var type = Bits.Equal(data, name, nameLength, SocketType) ? Words(data, at, (int)length) : "PUB";
                if (type != "PUB" && type != "XPUB") return $"the peer is a {type} socket, no publisher; check the port";
                at += (int)length;
            }
            return null;
        }

        /// <summary>What an ERROR says.</summary>
        public static string Reason(byte[] data, int at, int end)
            => at < end && data[at] <= end - at - 1 ? Words(data, at + 1, data[at]) : "no reason given";

        /// <summary>Printable ASCII of a peer's bytes: they may end in a log.</summary>
        static string Words(byte[] data, int at, int length)
        {
            var text = new StringBuilder();
            for (var i = 0; i < Math.Min(length, ReasonLimit); i++)
            {
                var letter = (char)data[at + i];
                text.Append(letter >= ' ' && letter <= '~' ? letter : '?');
            }
            return text.ToString();
        }
    }
}
