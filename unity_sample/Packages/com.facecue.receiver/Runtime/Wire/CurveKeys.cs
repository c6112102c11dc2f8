using System;

namespace Facecue.Wire
{
    /// <summary>What an encrypted connection needs: keys as text of 40 characters (Z85), as `facecue keys` prints them.</summary>
    public sealed class CurveKeys
    {
        /// <summary>The bridge's public key, which proves that it is the bridge.</summary>
        public readonly string ServerPublicKey;

        /// <summary>The receiver's own pair; null: it makes one.</summary>
        public readonly string PublicKey, SecretKey;

        public CurveKeys(string serverPublicKey, string publicKey = null, string secretKey = null)
        {
            ServerPublicKey = serverPublicKey;
            PublicKey = publicKey;
            SecretKey = secretKey;
        }
    }
}
