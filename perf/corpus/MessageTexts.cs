using System.Buffers.Binary;
using System.Text;

namespace PtaKernels.CorpusBench;

/// <summary>The translations of a compiled message catalogue of gettext.</summary>
internal static class MessageTexts
{
    private const uint Magic = 0x950412DE;

    /// <summary>Every translation but the catalogue's own header; none where the file is no such catalogue in UTF-8.</summary>
    public static IEnumerable<string> Read(string file)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            yield break;
        }

        if (bytes.Length < 20 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
            yield break;
        int count = Number(bytes, 8), table = Number(bytes, 16);
        // The first entry is the header: its original is the empty string.
        for (int i = 1; i < count && (long)table + (8L * i) + 8 <= bytes.Length; i++)
        {
            int length = Number(bytes, table + (8 * i)), at = Number(bytes, table + (8 * i) + 4);
            if (length < 0 || at < 0 || (long)at + length > bytes.Length)
                yield break;
            string text = Encoding.UTF8.GetString(bytes, at, length);
            foreach (string form in text.Contains('\uFFFD', StringComparison.Ordinal) ? [] : text.Split('\0'))
            {
                if (form.Trim() is { Length: > 0 } trimmed)
                    yield return trimmed;
            }
        }
    }

    private static int Number(byte[] bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
}
