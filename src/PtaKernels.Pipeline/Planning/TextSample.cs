using System.Text;
using System.Text.Json;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Sampling;
using PtaKernels.Text;

namespace PtaKernels.Pipeline.Planning;

/// <summary>Splits a sample of texts for real, into a folder that is removed afterwards.</summary>
internal sealed class TextSample
{
    private readonly IReadOnlyList<TextEncoder> _encoders;
    private readonly int _length;
    private readonly string _folder;
    private readonly TextDocument[] _documents;

    /// <summary>Draws texts.</summary>
    /// <param name="path">The corpus.</param>
    /// <param name="encoders">The tokenizers, the target's first.</param>
    /// <param name="length">Positions of a piece.</param>
    /// <param name="share">Chance of each document.</param>
    /// <param name="seed">Which sample.</param>
    /// <param name="most">Documents at most.</param>
    /// <param name="folder">Where to write.</param>
    /// <exception cref="AlignmentDataException">There is no such corpus, or no document was drawn.</exception>
    public TextSample(string path, IReadOnlyList<TextEncoder> encoders, int length, double share, long seed, int most, string folder)
    {
        (_encoders, _length, _folder) = (encoders, length, folder);
        if (!Path.Exists(path))
            throw new AlignmentDataException($"{path}: no such file or folder.");
        var selection = new DocumentSelection { Sample = share, Seed = seed };
        var taken = new Reservoir<TextDocument>(most, seed);
        foreach (TextDocument document in TextDocument.Read(path))
        {
            CorpusBytes += Encoding.UTF8.GetByteCount(document.Text);
            if (selection.Draws("", CorpusDocuments++))
                taken.Add(document);
        }

        _documents = [.. taken.Kept];
        if (_documents.Sum(static t => t.Text.Length) == 0)
            throw new AlignmentDataException(FormattableString.Invariant($"{path}: a sample of {share} holds no text of its {CorpusDocuments} documents; give a larger --sample or another --seed."));
    }

    /// <summary>Documents of the corpus.</summary>
    public long CorpusDocuments { get; }

    /// <summary>UTF-8 bytes of its texts.</summary>
    public long CorpusBytes { get; }

    /// <summary>Documents drawn.</summary>
    public int Count => _documents.Length;

    /// <summary>Measures.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="cancellation">Stops it.</param>
    public TextMeasurement Run(int rounds, CancellationToken cancellation)
    {
        string texts = Path.Combine(_folder, "texts.jsonl"), pieces = Path.Combine(_folder, "pieces.jsonl");
        using (var file = new StreamWriter(texts))
        {
            foreach (TextDocument document in _documents)
                file.WriteLine(JsonSerializer.Serialize(new Dictionary<string, string> { [TextDocument.IdField] = document.Id, [TextDocument.TextField] = document.Text }));
        }

        SplitReport? report = null;
        StageTiming timing = StageTiming.Of(
            rounds, () => report!.Tokens[0], () => report = new SplitRun { InputPath = texts, Encoders = _encoders, OutputPath = pieces, Replace = true, Length = _length }.Run(cancellation));
        var splitter = new TextSplitter(_encoders, _length);
        IReadOnlyList<TextPiece>[] cut = [.. _documents.Select(d => splitter.Split(Encoding.UTF8.GetBytes(d.Text), d.Where))];
        return new TextMeasurement(
            timing, (double)new FileInfo(pieces).Length / report!.Tokens[0],
            [.. _documents.Select(static d => (double)Encoding.UTF8.GetByteCount(d.Text))],
            [.. _encoders.Select((_, t) => cut.Select(pieces => pieces.Sum(p => (double)p.Tokens[t])).ToArray())],
            [.. _encoders.Select((_, t) => cut.SelectMany(pieces => pieces.Select(p => (double)p.Tokens[t])).ToArray())]);
    }
}

/// <summary>What splitting a sample came to.</summary>
/// <param name="Timing">Rounds; tokens are the target's.</param>
/// <param name="BytesPerToken">Bytes of the pieces per target token.</param>
/// <param name="TextBytes">[documents] UTF-8 bytes.</param>
/// <param name="Tokens">[tokenizers][documents] tokens.</param>
/// <param name="Lengths">[tokenizers][pieces] tokens.</param>
internal sealed record TextMeasurement(StageTiming Timing, double BytesPerToken, double[] TextBytes, double[][] Tokens, double[][] Lengths);
