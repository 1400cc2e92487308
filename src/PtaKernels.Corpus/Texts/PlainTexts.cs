using System.Text;

namespace PtaKernels.Corpus.Texts;

/// <summary>Text documents as plain files.</summary>
internal static class PlainTexts
{
    private const string Extension = ".txt";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether a file goes by its extension as plain text.</summary>
    public static bool IsPlain(string path) => path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads one file; see <see cref="TextDocument.Read"/>.</summary>
    public static IEnumerable<TextDocument> ReadFile(string path, string? domainField)
    {
        RequireNoField(path, domainField);
        yield return Read(path, Path.GetFileName(path), 1);
    }

    /// <summary>The files of a folder, in order.</summary>
    public static string[] NamesIn(string path) =>
    [
        .. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(IsPlain)
            .Select(f => Path.GetRelativePath(path, f).Replace(Path.DirectorySeparatorChar, '/')).Order(StringComparer.Ordinal),
    ];

    /// <summary>Reads documents of a folder; see <see cref="TextDocument.Read"/>.</summary>
    public static IEnumerable<TextDocument> ReadFolder(string path, string? domainField, long first, long count)
    {
        RequireNoField(path, domainField);
        string[] names = NamesIn(path);
        for (int i = (int)first; i < names.Length && i - first < count; i++)
            yield return Read(Path.Combine(path, names[i]), names[i], (i + 1.0) / names.Length);
    }

    private static TextDocument Read(string file, string id, double share)
    {
        if (!File.Exists(file))
            throw new AlignmentDataException($"{file}: no such file.");
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(file);
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        try
        {
            return new TextDocument(id, "", Strict.GetString(bytes), file, share);
        }
        catch (DecoderFallbackException e)
        {
            throw new AlignmentDataException($"{file}: byte {e.Index} is not UTF-8; convert the file.", e);
        }
    }

    private static void RequireNoField(string path, string? domainField)
    {
        if (domainField is not null)
            throw new AlignmentDataException($"{path}: plain text has no field {domainField}; leave it out, or give JSON lines.");
    }
}
