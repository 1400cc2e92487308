using System.IO.Compression;
using System.Text;

namespace PtaKernels.CorpusBench;

/// <summary>Plain and gzip files as paragraphs.</summary>
internal static class TextFiles
{
    /// <summary>What lies behind the first bytes of a larger file is left out.</summary>
    private const int MostBytes = 4 << 20;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Files below a folder, in ordinal order, links left out; none where the folder is missing.</summary>
    public static string[] Below(string folder, Func<string, bool> taken)
    {
        if (!Directory.Exists(folder))
            return [];
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device };
        return [.. Directory.EnumerateFiles(folder, "*", options).Where(taken).Order(StringComparer.Ordinal)];
    }

    /// <summary>The paragraphs of a file: what stands between empty lines. None where it is not UTF-8 text.</summary>
    public static IEnumerable<string> Paragraphs(string file) => TextOf(file) is { } text ? SplitParagraphs(text) : [];

    /// <summary>A file's text with line feeds alone; null where it is not UTF-8 text or cannot be read.</summary>
    public static string? TextOf(string file)
    {
        try
        {
            using Stream plain = File.OpenRead(file);
            using Stream stream = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(plain, CompressionMode.Decompress) : plain;
            byte[] bytes = new byte[MostBytes];
            int length = stream.ReadAtLeast(bytes, MostBytes, throwOnEndOfStream: false);
            if (length == MostBytes)
                length = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
            if (bytes.AsSpan(0, length).Contains((byte)0))
                return null;
            return Strict.GetString(bytes, 0, length).Replace("\r\n", "\n", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>What stands between empty lines.</summary>
    public static IEnumerable<string> SplitParagraphs(string text) =>
        text.Split("\n\n").Select(static p => p.Trim('\n')).Where(static p => !string.IsNullOrWhiteSpace(p));
}
