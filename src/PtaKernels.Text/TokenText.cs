using System.Globalization;
using System.Text;

namespace PtaKernels.Text;

/// <summary>From a vocabulary's token strings to the bytes they stand for (SPEC A3.1).</summary>
public static class TokenText
{
    private static readonly Dictionary<char, byte> ByteOfCharacter = ByteLevelAlphabet();

    private static readonly char[] CharacterOfByte = [.. ByteOfCharacter.OrderBy(static p => p.Value).Select(static p => p.Key)];

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

    /// <summary>The byte-level BPE string of some bytes: the inverse of <see cref="FromByteLevel"/>.</summary>
    public static string ToByteLevel(ReadOnlySpan<byte> text)
    {
        var token = new StringBuilder(text.Length);
        foreach (byte b in text)
            token.Append(CharacterOfByte[b]);
        return token.ToString();
    }

    /// <summary>Bytes of a SentencePiece string: <c>&lt;0xNN&gt;</c> is that byte, the marker <c>▁</c> is a space, everything else is UTF-8.</summary>
    public static byte[] FromSentencePiece(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return TryByteFallback(token, out byte value) ? [value] : FromPiece(token, "▁");
    }

    /// <summary>Bytes of a piece that is not a byte: the marker is a space, everything else is UTF-8.</summary>
    internal static byte[] FromPiece(string token, string marker) => Encoding.UTF8.GetBytes(token.Replace(marker, " ", StringComparison.Ordinal));

    /// <summary>The byte of a byte-fallback piece <c>&lt;0xNN&gt;</c>.</summary>
    internal static bool TryByteFallback(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
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
