using System;
using System.Security.Cryptography;
using System.Text;

namespace Facecue.Wire
{
    /// <summary>
    /// The client's side of CURVE (ZeroMQ RFC 26): HELLO, WELCOME, INITIATE, READY, then MESSAGEs. Each connection has
    /// keys of its own that are forgotten with it.
    /// </summary>
    sealed class CurveSession
    {
        /// <summary>Bytes that a MESSAGE has before its text: name, number, tag, flags.</summary>
        public const int Overhead = 8 + 8 + 16 + 1;

        public const byte More = 1, Command = 2; // flags within a MESSAGE

        static readonly byte[] Hello = ZmtpCommand.Ascii("HELLO");
        static readonly byte[] Welcome = ZmtpCommand.Ascii("WELCOME");
        static readonly byte[] Initiate = ZmtpCommand.Ascii("INITIATE");
        static readonly byte[] Message = ZmtpCommand.Ascii("MESSAGE");
        const int CookieLength = 96;

        readonly byte[] _server, _public, _secret;
        readonly byte[] _ourNonce = Nonce("CurveZMQMESSAGEC");
        readonly byte[] _theirNonce = Nonce("CurveZMQMESSAGES");
        readonly byte[] _transientSecret, _transientPublic;
        readonly CurveBox _helloBox;
        CurveBox _box;
        ulong _ours, _theirs;

        CurveSession(byte[] server, byte[] publicKey, byte[] secret)
        {
            _server = server;
            _public = publicKey;
            _secret = secret;
            _transientSecret = Random(32);
            _transientPublic = Curve25519.PublicKey(_transientSecret);
            _helloBox = new CurveBox(_transientSecret, _server);
        }

        /// <summary>A session with these keys; null where they cannot be, and why.</summary>
        public static CurveSession Begin(CurveKeys keys, out string problem)
        {
            problem = null;
            var server = Z85.Key(keys.ServerPublicKey);
            byte[] secret = Z85.Key(keys.SecretKey), publicKey = Z85.Key(keys.PublicKey);
            if (server == null) problem = "the bridge's public key is no key; copy the 40 characters that facecue keys printed";
            else if (secret == null && !string.IsNullOrEmpty(keys.SecretKey)) problem = "the receiver's secret key is no key of 40 characters";
            else if (publicKey == null && !string.IsNullOrEmpty(keys.PublicKey)) problem = "the receiver's public key is no key of 40 characters";
            else if (secret == null && publicKey != null) problem = "the receiver's public key was given without its secret key";
            if (problem != null) return null;
            if (secret == null) secret = Random(32);
            var own = Curve25519.PublicKey(secret);
            if (publicKey != null && !Bits.Equal(publicKey, 0, 32, own))
            {
                problem = "the receiver's two keys are no pair";
                return null;
            }
            return new CurveSession(server, own, secret);
        }

        /// <summary>The first command's body; its length.</summary>
        public int PutHello(byte[] into)
        {
            var at = Name(Hello, into);
            into[at] = 1; // CurveZMQ 1.0
            Array.Clear(into, at + 1, 73); // and padding, so that an answer is no longer than a question
            at += 74;
            Buffer.BlockCopy(_transientPublic, 0, into, at, 32);
            at += 32;
            var nonce = Nonce("CurveZMQHELLO---");
            at = Number(1, into, at, nonce);
            Array.Clear(into, at, 16 + 64);
            _helloBox.Seal(into, at, 64, nonce);
            return at + 16 + 64;
        }

        /// <summary>Reads the answer and writes the second command's body; its length, 0 where the answer is none.</summary>
        public int TakeWelcome(byte[] data, int start, int length, byte[] metadata, byte[] into)
        {
            if (!ZmtpCommand.Is(data, start, length, Welcome, out var body) || start + length - body != 16 + 144) return 0;
            var nonce = Nonce("WELCOME-");
            Buffer.BlockCopy(data, body, nonce, 8, 16);
            if (!_helloBox.Open(data, body + 16, 144, nonce)) return 0;
            var transientServer = Part(data, body + 32, 32);
            _box = new CurveBox(_transientSecret, transientServer);
            var at = Name(Initiate, into);
            Buffer.BlockCopy(data, body + 64, into, at, CookieLength);
            at += CookieLength;
            nonce = Nonce("CurveZMQINITIATE");
            at = Number(2, into, at, nonce);
            _ours = 2;
            var text = at + 16;
            Buffer.BlockCopy(_public, 0, into, text, 32);
            var vouch = Nonce("VOUCH---");
            var chance = Random(16);
            Buffer.BlockCopy(chance, 0, vouch, 8, 16);
            Buffer.BlockCopy(chance, 0, into, text + 32, 16);
            Buffer.BlockCopy(_transientPublic, 0, into, text + 64, 32);
            Buffer.BlockCopy(_server, 0, into, text + 96, 32);
            new CurveBox(_secret, transientServer).Seal(into, text + 48, 64, vouch);
            Buffer.BlockCopy(metadata, 0, into, text + 128, metadata.Length);
            _box.Seal(into, at, 128 + metadata.Length, nonce);
            return at + 16 + 128 + metadata.Length;
        }

        /// <summary>Opens READY in place; where the peer's metadata is. False where it is none.</summary>
        public bool TakeReady(byte[] data, int start, int length, out int at)
        {
            at = start;
            if (!ZmtpCommand.Is(data, start, length, ZmtpCommand.Ready, out var body) || start + length - body < 24) return false;
            var nonce = Nonce("CurveZMQREADY---");
            Buffer.BlockCopy(data, body, nonce, 16, 8);
            _theirs = Bits.Big64(data, body);
            at = body + 24;
            return _box.Open(data, body + 8, start + length - body - 8, nonce);
        }

        /// <summary>Seals a text into a MESSAGE; its length. The text is `length` bytes at `text`.</summary>
        public int Seal(byte flags, byte[] text, int length, byte[] into, int at)
        {
            var start = at;
            into[at++] = (byte)Message.Length;
            Buffer.BlockCopy(Message, 0, into, at, Message.Length);
            at = Number(++_ours, into, at + Message.Length, _ourNonce);
            into[at + 16] = flags;
            Buffer.BlockCopy(text, 0, into, at + 17, length);
            _box.Seal(into, at, 1 + length, _ourNonce);
            return at + 17 + length - start;
        }

        /// <summary>Opens a MESSAGE in place; its flags, and where its text is. False where it was not sealed so.</summary>
        public bool Open(byte[] data, ref int start, ref int length, out byte flags)
        {
            flags = 0;
            if (!ZmtpCommand.Is(data, start, length, Message, out var body) || length < Overhead) return false;
            var number = Bits.Big64(data, body);
            if (number <= _theirs) return false; // said before
            Buffer.BlockCopy(data, body, _theirNonce, 16, 8);
            if (!_box.Open(data, body + 8, start + length - body - 8, _theirNonce)) return false;
            _theirs = number;
            flags = data[body + 24];
            start += Overhead;
            length -= Overhead;
            return true;
        }

        static int Name(byte[] name, byte[] into)
        {
            into[0] = (byte)name.Length;
            Buffer.BlockCopy(name, 0, into, 1, name.Length);
            return 1 + name.Length;
        }

        static int Number(ulong number, byte[] into, int at, byte[] nonce)
        {
            Bits.PutBig32(into, at, (uint)(number >> 32));
            Bits.PutBig32(into, at + 4, (uint)number);
            Buffer.BlockCopy(into, at, nonce, 16, 8);
            return at + 8;
        }

        static byte[] Nonce(string text)
        {
            var nonce = new byte[CurveBox.NonceLength];
            Encoding.ASCII.GetBytes(text, 0, text.Length, nonce, 0);
            return nonce;
        }

        static byte[] Part(byte[] data, int at, int length)
        {
            var part = new byte[length];
            Buffer.BlockCopy(data, at, part, 0, length);
            return part;
        }

        static byte[] Random(int length)
        {
            var bytes = new byte[length];
            using (var chance = RandomNumberGenerator.Create()) chance.GetBytes(bytes);
            return bytes;
        }
    }
}
