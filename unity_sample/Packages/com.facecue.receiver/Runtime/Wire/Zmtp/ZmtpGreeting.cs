using System;
using System.Text;

namespace Facecue.Wire
{
    /// <summary>The first 64 bytes of each side of a ZMTP 3 connection: signature, version, mechanism.</summary>
    static class ZmtpGreeting
    {
        public const int Length = 64;
        public const byte Signature = 0xFF;
        public const string NoZeroMq = "whoever answers there is no ZeroMQ; check host and port";
        const int Mechanism = 12, MechanismLength = 20;

        /// <summary>Writes ours: ZMTP 3.1, a client.</summary>
        public static int Write(byte[] into, string mechanism)
        {
            Array.Clear(into, 0, Length);
            into[0] = Signature;
            into[9] = 0x7F;
            into[10] = 3;
            into[11] = 1;
            Encoding.ASCII.GetBytes(mechanism, 0, mechanism.Length, into, Mechanism);
            return Length;
        }

        /// <summary>Null where the peer's can be talked to, else why not.</summary>
        public static string Problem(byte[] data, int start, string mechanism)
        {
            if (data[start] != Signature || data[start + 9] != 0x7F) return NoZeroMq;
            if (data[start + 10] < 3) return $"the peer speaks ZMTP {data[start + 10]}, and 3 is needed: its ZeroMQ is older than 4.0";
            for (var i = 0; i < MechanismLength; i++)
            {
                var expected = i < mechanism.Length ? (byte)mechanism[i] : 0;
                if (data[start + Mechanism + i] != expected)
                    return mechanism == "NULL"
                        ? "the bridge asks for CURVE keys; give the receiver the bridge's public key"
                        : $"keys are given, but the peer does not speak {mechanism}; open the bridge's sink with ?curve=NAME";
            }
            return null;
        }

        /// <summary>Whether the peer knows the commands of ZMTP 3.1.</summary>
        public static bool KnowsCommands(byte[] data, int start) => data[start + 10] > 3 || data[start + 11] >= 1;
    }
}
