using System.IO.Compression;

namespace PtaKernels.Text;

/// <summary>The bytes of a vocabulary file, unpacked where it is gzip, and the name that goes with its path.</summary>
internal static class VocabularyContent
{
    /// <summary>Four times the largest tokenizer file in use; what is larger is not a vocabulary, and gzip can claim any size.</summary>
    public const int MaxBytes = 128 << 20;

    private static readonly string[] Endings = [".gz", ".json", ".model", ".tiktoken"];

    /// <summary>File names that say nothing: the folder's name is the tokenizer's.</summary>
    private static readonly string[] Nameless = ["tokenizer", "vocab", "spiece", "sentencepiece", "sentencepiece.bpe"];

    /// <summary>Reads a whole file, without a byte order mark.</summary>
    /// <exception cref="AlignmentDataException">The file is missing, unreadable, cut off or too large.</exception>
    public static byte[] Read(string file)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            byte[] content = ReadAll(file, stream);
            if (content is [0x1F, 0x8B, ..])
            {
                using var unpacked = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
                content = ReadAll(file, unpacked);
            }

            return content is [0xEF, 0xBB, 0xBF, ..] ? content[3..] : content;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new AlignmentDataException($"{file}: {Reason(e)}; expected a vocabulary: {VocabularyFile.Formats}.", e);
        }
    }

    /// <summary>Whether a file's name ends so, <c>.gz</c> aside.</summary>
    public static bool HasExtension(string file, string extension) =>
        WithoutGzip(file).EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    /// <summary>A file in the same folder.</summary>
    public static string Beside(string file, string name) => Path.Combine(Path.GetDirectoryName(file) ?? "", name);

    /// <summary>The path without <c>.gz</c> and without the ending before it.</summary>
    public static string Stem(string file) => Path.ChangeExtension(WithoutGzip(file), null);

    /// <summary>A short name for messages and reports.</summary>
    public static string NameOf(string file)
    {
        string name = Path.GetFileName(file);
        foreach (string ending in Endings)
            name = name.EndsWith(ending, StringComparison.OrdinalIgnoreCase) ? name[..^ending.Length] : name;
        if (Nameless.Contains(name, StringComparer.OrdinalIgnoreCase) && Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(file))) is { Length: > 0 } folder)
            name = folder;
        return name.Length == 0 ? "vocabulary" : name;
    }

    private static string WithoutGzip(string file) => file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? file[..^3] : file;

    private static byte[] ReadAll(string file, Stream stream)
    {
        using var content = new MemoryStream();
        byte[] block = new byte[1 << 16];
        while (stream.Read(block) is > 0 and int count)
        {
            content.Write(block, 0, count);
            if (content.Length > MaxBytes)
                throw new AlignmentDataException($"{file}: is larger than {MaxBytes >> 20} MiB unpacked; expected a vocabulary.");
        }

        return content.ToArray();
    }

    private static string Reason(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        InvalidDataException => "not a whole gzip file",
        _ => e.Message,
    };
}
