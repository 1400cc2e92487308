using System.Globalization;
using System.Text;

namespace PtaKernels.Text;

/// <summary>From a vocabulary's token strings to the bytes they stand for (SPEC A3.1).</summary>
public static class TokenText
{
    private static readonly Dictionary<char, byte> ByteOfCharacter = ByteLevelAlphabet();

    /// <summary>Bytes of a byte-level BPE string: each character stands for one byte. Null when a character is outside that alphabet (a special token).</summary>
    public static byte[]? FromByteLevel(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (!ByteOfCharacter.TryGetValue(token[i], out bytes[i]))
                return null;
        }

        return bytes;
    }

    /// <summary>Bytes of a SentencePiece string: <c>&lt;0xNN&gt;</c> is that byte, the marker <c>▁</c> is a space, everything else is UTF-8.</summary>
    public static byte[] FromSentencePiece(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
        {
            return [value];
        }

        return Encoding.UTF8.GetBytes(token.Replace('▁', ' '));
    }

    /// <summary>
    /// GPT-2's bijection: printable Latin-1 bytes stand for themselves, the other 68 for the characters from U+0100 on, in byte order. <c>Ġ</c> is the space.
    /// </summary>
    private static Dictionary<char, byte> ByteLevelAlphabet()
    {
        var map = new Dictionary<char, byte>(256);
        int next = 0x100;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            map[(char)(printable ? b : next++)] = (byte)b;
        }

        return map;
    }
}
