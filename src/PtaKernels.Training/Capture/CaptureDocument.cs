using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Parts;
using PtaKernels.Text;

namespace PtaKernels.Training;

/// <summary>A document as the model is to see it.</summary>
/// <param name="Text">The document; its text is not kept.</param>
/// <param name="Bytes">UTF-8 bytes of the text.</param>
/// <param name="Tokens">Its tokens, with the begin and the end of the sequence where asked for.</param>
internal sealed record CaptureDocument(TextDocument Text, int Bytes, EncodedText Tokens)
{
    /// <summary>Number of tokens.</summary>
    public int Length => Tokens.Length;
}

/// <summary>Documents of one shard, in the corpus's order.</summary>
/// <param name="Documents">At least one.</param>
internal sealed record CaptureWindow(IReadOnlyList<CaptureDocument> Documents)
{
    /// <summary>Their tokens.</summary>
    public long Tokens { get; } = Documents.Sum(static d => (long)d.Length);

    /// <summary>About how much of the corpus is read with it, 0..1.</summary>
    public double Share => Documents[^1].Text.Share;

    /// <summary>Hexadecimal SHA-256 of all that the shard is made from beside model and options: names, domains, tokens and their places.</summary>
    public string Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (CaptureDocument document in Documents)
        {
            Add(Encoding.UTF8.GetBytes(document.Text.Id), length);
            Add(Encoding.UTF8.GetBytes(document.Text.Domain), length);
            Add(MemoryMarshal.AsBytes(document.Tokens.Ids.AsSpan()), length);
            hash.AppendData(MemoryMarshal.AsBytes(document.Tokens.Spans.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(ReadOnlySpan<byte> bytes, Span<byte> length)
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
    }
}

/// <summary>Reads and encodes a corpus, and cuts it into windows whose borders depend on documents and options alone.</summary>
internal sealed class CaptureInput
{
    /// <summary>Documents encoded in parallel at a time; bounds the memory, never the result.</summary>
    private const int DocumentsAtOnce = 64;

    /// <summary>The corpus (<see cref="TextDocument.Read"/>).</summary>
    public required string Path { get; init; }

    /// <summary>Which part of it is taken; null = all.</summary>
    public CorpusPart? Part { get; init; }

    /// <summary>The field whose value is the domain, or null.</summary>
    public required string? DomainField { get; init; }

    /// <summary>The tokenizer.</summary>
    public required TextEncoder Encoder { get; init; }

    /// <summary>Whether the begin of sequence comes first.</summary>
    public required bool Begin { get; init; }

    /// <summary>Whether the end of sequence comes last.</summary>
    public required bool End { get; init; }

    /// <summary>Most tokens of a document, begin and end included.</summary>
    public required int Length { get; init; }

    /// <summary>Tokens of a window, at most, unless one document has more.</summary>
    public required int WindowTokens { get; init; }

    /// <summary>The windows, read as they are asked for.</summary>
    /// <exception cref="AlignmentDataException">A document is bad, empty or too long.</exception>
    public IEnumerable<CaptureWindow> Windows()
    {
        List<CaptureDocument> window = [];
        long tokens = 0;
        foreach (CaptureDocument document in TextDocument.ReadPart(Path, DomainField, Part).Chunk(DocumentsAtOnce).SelectMany(texts => InParallel.Map(texts, Encode)))
        {
            if (window.Count > 0 && tokens + document.Length > WindowTokens)
            {
                yield return new CaptureWindow(window);
                (window, tokens) = ([], 0);
            }

            window.Add(document);
            tokens += document.Length;
        }

        if (window.Count > 0)
            yield return new CaptureWindow(window);
    }

    private CaptureDocument Encode(TextDocument text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text.Text);
        EncodedText tokens = Encoder.EncodeSequence(utf8, Begin, End);
        if (utf8.Length == 0 || tokens.Length == 0)
            throw new AlignmentDataException($"{text.Where}: document {text.Id} is empty; remove it, as pta split does.");
        if (tokens.Length > Length)
        {
            throw new AlignmentDataException(
                $"{text.Where}: document {text.Id} has {tokens.Length} tokens of {Encoder.Vocabulary.Name}, where {Length} are the most; cut the corpus for all models at once with `pta split --length {Length}`, so that every model sees the same text.");
        }

        return new CaptureDocument(text with { Text = "" }, utf8.Length, tokens);
    }
}
