namespace Facecue.Wire
{
    /// <summary>Keys as text: five letters for four bytes (ZeroMQ RFC 32).</summary>
    static class Z85
    {
        const string Letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

        /// <summary>The 32 bytes of a key; null where the text is none.</summary>
        public static byte[] Key(string text)
        {
            if (text == null || text.Length != 40) return null;
            var key = new byte[32];
            for (var i = 0; i < 8; i++)
            {
                ulong value = 0;
                for (var j = 0; j < 5; j++)
                {
                    var digit = Letters.IndexOf(text[5 * i + j]);
                    if (digit < 0) return null;
                    value = 85 * value + (ulong)digit;
                }
                if (value > uint.MaxValue) return null;
                Bits.PutBig32(key, 4 * i, (uint)value);
            }
            return key;
        }
    }
}
