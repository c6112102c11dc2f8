using System;
using System.Collections.Generic;
using System.Text;

namespace Facecue.Wire.Tests
{
    /// <summary>The publisher's side of a connection, as bytes.</summary>
    static class ZmtpPeer
    {
        public static byte[] Greeting(byte minor = 1, string mechanism = "NULL", byte major = 3)
        {
            var data = new byte[64];
            ZmtpGreeting.Write(data, mechanism);
            data[10] = major;
            data[11] = minor;
            return data;
        }

        public static byte[] Frame(byte flags, byte[] body, bool asLong = false)
        {
            var bytes = new List<byte>();
            if (asLong || body.Length > 255)
            {
                bytes.Add((byte)(flags | 2));
                for (var shift = 56; shift >= 0; shift -= 8) bytes.Add((byte)((long)body.Length >> shift));
            }
            else
            {
                bytes.Add(flags);
                bytes.Add((byte)body.Length);
            }
            bytes.AddRange(body);
            return bytes.ToArray();
        }

        public static byte[] Command(string name, params byte[] body)
        {
            var bytes = new List<byte> { (byte)name.Length };
            bytes.AddRange(Encoding.ASCII.GetBytes(name));
            bytes.AddRange(body);
            return Frame(4, bytes.ToArray());
        }

        public static byte[] Ready(string socketType = "PUB")
        {
            var body = new List<byte>();
            foreach (var pair in new[] { new[] { "Socket-Type", socketType }, new[] { "Identity", "" } })
            {
                body.Add((byte)pair[0].Length);
                body.AddRange(Encoding.ASCII.GetBytes(pair[0]));
                body.AddRange(new byte[] { 0, 0, 0, (byte)pair[1].Length });
                body.AddRange(Encoding.ASCII.GetBytes(pair[1]));
            }
            return Command("READY", body.ToArray());
        }

        public static byte[] Message(params byte[][] parts)
        {
            var bytes = new List<byte>();
            for (var i = 0; i < parts.Length; i++) bytes.AddRange(Frame((byte)(i < parts.Length - 1 ? 1 : 0), parts[i]));
            return bytes.ToArray();
        }

        public static byte[] Name(string actor) => Encoding.UTF8.GetBytes(actor);

        /// <summary>Hands bytes to a link, so many at a time; false where it closes the line.</summary>
        public static bool Give(ZmtpLink link, byte[] bytes, int step = int.MaxValue, double nowS = 0)
        {
            for (var at = 0; at < bytes.Length;)
            {
                var room = link.Frames.Room(out var offset);
                var count = Math.Min(Math.Min(step, room), bytes.Length - at);
                Buffer.BlockCopy(bytes, at, link.Frames.Data, offset, count);
                link.Frames.Filled(count);
                at += count;
                if (!link.Read(nowS)) return false;
            }
            return true;
        }

        /// <summary>What a link wants to send; it counts as sent.</summary>
        public static byte[] Taken(ZmtpLink link)
        {
            var bytes = new byte[link.Pending];
            Buffer.BlockCopy(link.Out, 0, bytes, 0, bytes.Length);
            link.Pending = 0;
            return bytes;
        }

        /// <summary>A link whose handshake is over.</summary>
        public static ZmtpLink Up(string actor, FrameRing ring, byte minor = 1)
        {
            var link = new ZmtpLink(actor, ring);
            Shake(link, minor);
            return link;
        }

        /// <summary>A new connection of a link, up to the end of the handshake.</summary>
        public static void Shake(ZmtpLink link, byte minor = 1)
        {
            link.Open(0);
            Give(link, Greeting(minor));
            Give(link, Ready());
            Taken(link);
        }
    }
}
