using System.Buffers;
using System.Text;

namespace PtaKernels.Text;

/// <summary>Characters of UTF-8.</summary>
internal static class Utf8Text
{
    /// <summary>What stands for a byte of no character.</summary>
    public static ReadOnlySpan<byte> Replacement => "\uFFFD"u8;

    /// <summary>Length in bytes of a character of valid UTF-8 by its first byte; 1 for a byte that starts none.</summary>
    public static int LengthByFirst(byte first) => first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

    /// <summary>Length of the longest beginning of a text that is valid UTF-8.</summary>
    public static int WholePrefix(ReadOnlySpan<byte> text)
    {
        int position = 0;
        while (position < text.Length && Decode(text[position..], out _) is > 0 and int length)
            position += length;
        return position;
    }

    /// <summary>Reads a character.</summary>
    /// <returns>Its length in bytes, 0 where the first byte belongs to no character.</returns>
    public static int Decode(ReadOnlySpan<byte> text, out int codePoint)
    {
        if (text[0] < 0x80)
        {
            codePoint = text[0];
            return 1;
        }

        bool whole = Rune.DecodeFromUtf8(text, out Rune rune, out int length) == OperationStatus.Done;
        codePoint = rune.Value;
        return whole ? length : 0;
    }
}
