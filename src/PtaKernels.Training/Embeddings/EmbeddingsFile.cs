using System.Globalization;
using System.Runtime.InteropServices;
using PtaKernels.Training.Safetensors;

namespace PtaKernels.Training;

/// <summary>Embeddings on disk: a safetensors file with the tensors <c>source</c> and <c>target</c>, I8 [tokens, dimensions], and what they are of in its metadata. Reading needs no libtorch.</summary>
public static class EmbeddingsFile
{
    /// <summary>The version written here, and the newest that is read.</summary>
    public const int CurrentVersion = 1;

    private const string FormatKey = "format";
    private const string FormatName = "pta-embeddings";
    private const string VersionKey = "version";
    private const string FingerprintKey = "fingerprint";
    private const string SourceName = "source";
    private const string TargetName = "target";
    private const string Type = "I8";

    /// <summary>Writes a file.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="fitted">The vectors and what they are of.</param>
    public static void Write(Stream stream, FittedEmbeddings fitted)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(fitted);
        TokenEmbeddings embeddings = fitted.Embeddings;
        long middle = embeddings.Source.Length, end = middle + embeddings.Target.Length;
        KeyValuePair<string, string>[] metadata =
        [
            new(FormatKey, FormatName), new(VersionKey, CurrentVersion.ToString(CultureInfo.InvariantCulture)), new(FingerprintKey, embeddings.Fingerprint), .. fitted.Header.Described(),
        ];
        stream.Write(new SafetensorsHeader(metadata,
        [
            new SafetensorsEntry(SourceName, Type, [embeddings.SourceKnown.Length, embeddings.Dimensions], 0, middle),
            new SafetensorsEntry(TargetName, Type, [embeddings.TargetKnown.Length, embeddings.Dimensions], middle, end),
        ]).ToBytes());
        stream.Write(MemoryMarshal.AsBytes(embeddings.Source));
        stream.Write(MemoryMarshal.AsBytes(embeddings.Target));
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="AlignmentDataException">It is missing, damaged or no such file.</exception>
    public static FittedEmbeddings Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new AlignmentDataException($"{path}: no such file; `pta embed` makes one.");
        using var file = new SafetensorsFile(path);
        Dictionary<string, string> metadata = new(file.Header.Metadata ?? [], StringComparer.Ordinal);
        if (metadata.GetValueOrDefault(FormatKey) != FormatName)
            throw new AlignmentDataException($"{path}: is a safetensors file of something else, not of embeddings; `pta embed` makes one.");
        if (metadata.GetValueOrDefault(VersionKey) != CurrentVersion.ToString(CultureInfo.InvariantCulture))
            throw new AlignmentDataException($"{path}: is version {metadata.GetValueOrDefault(VersionKey) ?? "unknown"} of embeddings, and this program reads {CurrentVersion}; make it again with `pta embed`.");
        EmbeddingsHeader header;
        try
        {
            header = EmbeddingsHeader.Of(metadata);
        }
        catch (Exception e) when (e is KeyNotFoundException or FormatException or OverflowException)
        {
            throw Damaged(path, e);
        }

        (sbyte[] source, long width) = Table(file, SourceName);
        (sbyte[] target, long other) = Table(file, TargetName);
        if (width != other || width is < TokenEmbeddings.Block or > TokenEmbeddings.MaxDimensions || width % TokenEmbeddings.Block != 0)
            throw Damaged(path);
        var embeddings = new TokenEmbeddings((int)width, source, target);
        return embeddings.Fingerprint == metadata.GetValueOrDefault(FingerprintKey) ? new FittedEmbeddings(embeddings, header) : throw Damaged(path);
    }

    /// <summary>Reads a file for two vocabularies.</summary>
    /// <exception cref="AlignmentDataException">It is missing, damaged or no such file, or of other vocabularies.</exception>
    public static TokenEmbeddings Read(string path, TokenVocabulary source, TokenVocabulary target)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        FittedEmbeddings read = Read(path);
        Require(path, "source", read.Header.Source, read.Header.SourceFingerprint, source);
        Require(path, "target", read.Header.Target, read.Header.TargetFingerprint, target);
        read.Embeddings.RequireFor(source, target);
        return read.Embeddings;
    }

    private static void Require(string path, string side, string name, string fingerprint, TokenVocabulary vocabulary)
    {
        if (fingerprint != vocabulary.Fingerprint)
            throw new AlignmentDataException($"{path}: its {side} vectors are of vocabulary {name} (fingerprint {fingerprint}), not of {vocabulary.Name} ({vocabulary.Fingerprint}); make them for these models with `pta embed`.");
    }

    private static (sbyte[] Table, long Width) Table(SafetensorsFile file, string name)
    {
        SafetensorsEntry? entry = file.Header.Entries.FirstOrDefault(e => e.Name == name);
        return entry is { Type: Type, Shape.Length: 2, Length: <= int.MaxValue }
            ? (MemoryMarshal.Cast<byte, sbyte>(file.Bytes(entry, 0, (int)entry.Length)).ToArray(), entry.Shape[1])
            : throw Damaged(file.FilePath);
    }

    private static AlignmentDataException Damaged(string path, Exception? cause = null)
    {
        string sentence = $"{path}: is damaged; copy it again, or make it again with `pta embed`.";
        return cause is null ? new AlignmentDataException(sentence) : new AlignmentDataException(sentence, cause);
    }
}
