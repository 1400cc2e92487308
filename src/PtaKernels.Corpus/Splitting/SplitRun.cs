using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace PtaKernels.Corpus;

/// <summary>Splits a corpus into pieces that fit several tokenizers, as JSON lines.</summary>
/// <remarks>
/// A line has <c>id</c> (the document's where it stays whole, else with <c>#0</c>, <c>#1</c>, ... behind it), <c>document</c> (its id), <c>byte_start</c> (where the
/// piece starts in it, in bytes of UTF-8), the document's other string fields, and <c>text</c>. Lines come in the corpus's order. Empty documents have no line and are counted.
/// </remarks>
public sealed class SplitRun
{
    /// <summary>Documents split in parallel at a time; bounds the memory, never the result.</summary>
    private const int DocumentsAtOnce = 64;

    private const string DocumentField = "document", StartField = "byte_start";

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The corpus (<see cref="TextDocument.Read"/>).</summary>
    public required string InputPath { get; init; }

    /// <summary>The tokenizers that every piece must fit.</summary>
    public required IReadOnlyList<Text.TextEncoder> Encoders { get; init; }

    /// <summary>The file to write; a name ending in <c>.gz</c> is compressed.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether it may exist.</summary>
    public bool Replace { get; init; }

    /// <summary>Positions of a piece at most, the begin and end of sequence included.</summary>
    public int Length { get; init; } = 2048;

    /// <summary>Threads at most; -1 = as many as there are cores.</summary>
    public int Threads { get; init; } = -1;

    /// <summary>Told now and then: bytes of text so far, share of the corpus read.</summary>
    public Action<long, double>? Progress { get; init; }

    /// <summary>Runs to the end.</summary>
    /// <exception cref="AlignmentDataException">Bad input; nothing is written under the final name.</exception>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is written under the final name.</exception>
    public SplitReport Run(CancellationToken cancellation)
    {
        var splitter = new TextSplitter(Encoders, Length);
        var report = new SplitReport(Encoders.Count);
        using var output = new AtomicFile(OutputPath, Replace);
        Stream stream = OutputPath.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(output.Stream, CompressionLevel.Optimal, leaveOpen: true) : output.Stream;
        using (stream == output.Stream ? null : stream)
        {
            foreach (TextDocument[] together in TextDocument.Read(InputPath, keepFields: true).Chunk(DocumentsAtOnce))
            {
                cancellation.ThrowIfCancellationRequested();
                foreach ((byte[] lines, byte[] text, IReadOnlyList<TextPiece> pieces) in Split(splitter, together))
                {
                    stream.Write(lines);
                    report.Add(text.Length, pieces);
                }

                Progress?.Invoke(report.Bytes, together[^1].Share);
            }
        }

        if (report.Pieces == 0)
            throw new AlignmentDataException($"{InputPath}: every document is empty; give a corpus with text.");
        output.Commit();
        return report;
    }

    private (byte[] Lines, byte[] Text, IReadOnlyList<TextPiece> Pieces)[] Split(TextSplitter splitter, TextDocument[] together) => InParallel.Map(together, document =>
    {
        byte[] text = Encoding.UTF8.GetBytes(document.Text);
        IReadOnlyList<TextPiece> pieces = splitter.Split(text, document.Where);
        return (LinesOf(document, text, pieces), text, pieces);
    }, Threads);

    private static byte[] LinesOf(TextDocument document, byte[] text, IReadOnlyList<TextPiece> pieces)
    {
        using var lines = new MemoryStream();
        using var json = new Utf8JsonWriter(lines, Readable);
        for (int n = 0; n < pieces.Count; n++)
        {
            json.WriteStartObject();
            json.WriteString(TextDocument.IdField, pieces.Count == 1 ? document.Id : $"{document.Id}#{n}");
            json.WriteString(DocumentField, document.Id);
            json.WriteNumber(StartField, pieces[n].Start);
            foreach ((string name, string value) in document.Fields)
            {
                if (name is not (DocumentField or StartField))
                    json.WriteString(name, value);
            }

            json.WriteString(TextDocument.TextField, text.AsSpan(pieces[n].Start, pieces[n].End - pieces[n].Start));
            json.WriteEndObject();
            json.Flush();
            lines.WriteByte((byte)'\n');
            json.Reset();
        }

        return lines.ToArray();
    }
}

/// <summary>What a splitting did.</summary>
public sealed class SplitReport
{
    private readonly long[] _tokens;

    internal SplitReport(int tokenizers) => _tokens = new long[tokenizers];

    /// <summary>Documents read.</summary>
    public long Documents { get; private set; }

    /// <summary>Documents cut into several pieces.</summary>
    public long Cut { get; private set; }

    /// <summary>Documents without any text, which have no piece.</summary>
    public long Empty { get; private set; }

    /// <summary>Pieces written.</summary>
    public long Pieces { get; private set; }

    /// <summary>Bytes of their texts.</summary>
    public long Bytes { get; private set; }

    /// <summary>Their tokens by tokenizer, without begin and end of sequence.</summary>
    public IReadOnlyList<long> Tokens => _tokens;

    internal void Add(int bytes, IReadOnlyList<TextPiece> pieces)
    {
        Documents++;
        Cut += pieces.Count > 1 ? 1 : 0;
        Empty += pieces.Count == 0 ? 1 : 0;
        Pieces += pieces.Count;
        Bytes += bytes;
        foreach (TextPiece piece in pieces)
        {
            for (int t = 0; t < _tokens.Length; t++)
                _tokens[t] += piece.Tokens[t];
        }
    }
}
