using System.Text;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Parts;
using PtaKernels.Text;
using CorpusInput = PtaKernels.Corpus.Stores.StoreInput;

namespace PtaKernels.Training;

/// <summary>Packs aligned documents, or plain text for training without teachers, into a dataset folder that <see cref="PackedDataset"/> opens.</summary>
public sealed class PackingRun
{
    /// <summary>Shortest sequence: a next token needs two positions.</summary>
    private const int ShortestLength = 2;

    /// <summary>Documents read in parallel at a time; bounds the memory, never the result.</summary>
    private const int DocumentsAtOnce = 64;

    /// <summary>Aligned documents: JSON lines, or a dataset folder, whose splits are packed each for itself. With an <see cref="Encoder"/>: texts.</summary>
    public required string InputPath { get; init; }

    /// <summary>Encodes texts, each between the begin and the end of a sequence; null where the input has tokens.</summary>
    public TextEncoder? Encoder { get; init; }

    /// <summary>The folder to write.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether a dataset of that name may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>Positions of a sequence.</summary>
    public int Length { get; init; } = 2048;

    /// <summary>The official packing of official columns instead of ours of fused rows.</summary>
    public bool Official { get; init; }

    /// <summary>Documents of a batch of the official packing.</summary>
    public int BatchSize { get; init; } = OfficialPacker.OfficialBatch;

    /// <summary>In the official packing, leave out documents with a metric that is not a number.</summary>
    public bool FilterNaN { get; init; }

    /// <summary>Which part of the documents is packed; null = all. A sequence never holds documents of two parts.</summary>
    public CorpusPart? Part { get; init; }

    /// <summary>Whether the part is there already, made by the same command from the same documents.</summary>
    public bool IsFinished => Part is not null && DatasetPart.IsFinished(OutputPath, Described());

    /// <summary>Told now and then: tokens so far, share of the input read.</summary>
    public Action<long, double>? Progress { get; init; }

    /// <summary>Runs to the end.</summary>
    /// <exception cref="AlignmentDataException">Bad input; nothing is written under the final name.</exception>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is written under the final name.</exception>
    public PackingReport Run(CancellationToken cancellation)
    {
        if (Length < ShortestLength)
            throw new ArgumentException($"--length is {Length}; it must be at least {ShortestLength}.");
        if (BatchSize < 1)
            throw new ArgumentException($"--pack-batch is {BatchSize}; it must be at least 1.");
        if (Encoder is not null && Official)
            throw new ArgumentException("Texts have no official columns; leave --preset reference or --tokenizer out.");
        AlignedInput? input = Encoder is null ? AlignedInput.Open(InputPath) : null;
        bool isDict = input?.IsDict ?? false;
        using var output = new DatasetOutput(OutputPath, Replace, [InputPath]);
        output.Create(own: Part is not null);
        if (Part is not null && input is not null)
            CorpusPart.Require(InputPath, input.Splits.Sum(input.CountOf), Part.Count);
        var report = new PackingReport();
        foreach (string split in input?.Splits ?? ["train"])
        {
            using var writer = new PackedWriter(isDict ? Path.Combine(output.Partial, split) : output.Partial, split);
            long before = report.Documents;
            if (Official)
                PackOfficially(Parsed(Of(input!, split).Select(static r => new Unread<OfficialRow>(r.Where, r.Share, r.Official)), report, cancellation), writer, report);
            else
                Pack(Parsed(input is null ? Texts() : Of(input, split).Select(static r => new Unread<AlignedTokens>(r.Where, r.Share, r.Fused)), report, cancellation), writer, report);
            if (writer.Count == 0 && Part is not null)
                continue;
            if (writer.Count == 0)
                throw new AlignmentDataException($"{InputPath}: holds no document{(isDict ? $" in split {split}" : "")}{(report.Documents > before ? " that is left" : "")}; nothing to pack.");
            writer.Finish();
        }

        if (isDict)
            DatasetFiles.WriteDict(output.Partial, input!.Splits);
        if (Part is not null)
            DatasetPart.Write(output.Partial, Described(), report.Sums);
        output.Commit();
        return report;
    }

    /// <summary>The part with what decides its sequences.</summary>
    private CorpusPart Described() => Part! with
    {
        Producer = Part.Producer with
        {
            Options = new Dictionary<string, string>
            {
                ["length"] = FormattableString.Invariant($"{Length}"), ["official"] = Official ? FormattableString.Invariant($"batches of {BatchSize}{(FilterNaN ? ", without NaN" : "")}") : "no", ["tokenizer"] = Encoder?.Vocabulary.Fingerprint ?? "none",
            },
            Inputs = [new CorpusInput(InputPath, Encoder is null ? AlignedInput.Open(InputPath).Identity : TextDocument.IdentityOf(InputPath))],
        },
    };

    /// <summary>The part's documents of a split.</summary>
    private IEnumerable<AlignedRecord> Of(AlignedInput input, string split)
    {
        if (Part is null)
            return input.Read(split);
        (long first, long stop) = CorpusPart.RangeOf(input.CountOf(split), Part.Index, Part.Count);
        return first == stop ? [] : Ranges.Of(input.Read(split, first), 0, stop - first);
    }

    private IEnumerable<Unread<AlignedTokens>> Texts() => TextDocument.ReadPart(InputPath, null, Part).Select(text => new Unread<AlignedTokens>(
        text.Where, text.Share, () => AlignedTokens.Untaught(text.Id, Encoder!.EncodeSequence(Encoding.UTF8.GetBytes(text.Text), begin: true, end: true).Ids)));

    /// <summary>The documents in order, each with its place; the first bad one ends the run.</summary>
    private IEnumerable<(string Where, T Document)> Parsed<T>(IEnumerable<Unread<T>> records, PackingReport report, CancellationToken cancellation)
    {
        foreach (Unread<T>[] together in records.Chunk(DocumentsAtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            T[] parsed = InParallel.Map(together, static one => one.Read());
            for (int i = 0; i < together.Length; i++)
            {
                report.Documents++;
                yield return (together[i].Where, parsed[i]);
            }

            Progress?.Invoke(report.Tokens, together[^1].Share);
        }
    }

    private void Pack(IEnumerable<(string Where, AlignedTokens Document)> documents, PackedWriter writer, PackingReport report)
    {
        var packer = new SequencePacker(Length);
        IEnumerable<PackedSequence> sequences = documents.SelectMany(one =>
        {
            AlignedTokens document = one.Document;
            report.Cut += document.Ids.Length > Length ? 1 : 0;
            report.Tokens += document.Ids.Length;
            return packer.Add(document);
        });
        foreach (PackedSequence sequence in sequences.Concat(packer.Finish()))
        {
            writer.Write(sequence);
            report.Add(sequence.Length, Length, sequence.Rows.Labelled, sequence.Rows.Taught);
        }
    }

    private void PackOfficially(IEnumerable<(string Where, OfficialRow Document)> documents, PackedWriter writer, PackingReport report)
    {
        var packer = new OfficialPacker(Length, BatchSize, FilterNaN);
        string[]? names = null;
        IEnumerable<OfficialRow> blocks = documents.SelectMany(one =>
        {
            OfficialRow document = one.Document;
            names ??= [.. document.Names];
            if (!names.SequenceEqual(document.Names))
                throw new AlignmentDataException($"{one.Where}: its columns {string.Join(", ", document.Names)} are not those of the first document, {string.Join(", ", names)}; align the documents again.");
            report.Tokens += document.Length;
            return packer.Add(document);
        });
        foreach (OfficialRow block in blocks.Concat(packer.Finish()))
        {
            writer.Write(block);
            report.Add(block.Length, Length, block.Length - 1, block.Length);
        }

        report.Filtered += packer.Filtered;
    }

    /// <summary>A document, not yet read; one thread reads it, while others read others.</summary>
    private readonly record struct Unread<T>(string Where, double Share, Func<T> Read);
}

/// <summary>What a packing did.</summary>
public sealed class PackingReport
{
    /// <summary>Documents read.</summary>
    public long Documents { get; internal set; }

    /// <summary>Documents left out for a metric that is not a number.</summary>
    public long Filtered { get; internal set; }

    /// <summary>Documents longer than a sequence, which were cut.</summary>
    public long Cut { get; internal set; }

    /// <summary>Tokens of the documents.</summary>
    public long Tokens { get; internal set; }

    /// <summary>Sequences written.</summary>
    public long Sequences { get; private set; }

    /// <summary>Positions that these sequences could have held.</summary>
    public long Room { get; private set; }

    /// <summary>Positions written.</summary>
    public long Positions { get; private set; }

    /// <summary>Positions with a next token.</summary>
    public long Labelled { get; private set; }

    /// <summary>Positions with a distribution.</summary>
    public long Taught { get; private set; }

    /// <summary>All numbers by name; those of several parts add up.</summary>
    public IReadOnlyDictionary<string, double> Sums => new Dictionary<string, double>
    {
        [nameof(Documents)] = Documents, [nameof(Filtered)] = Filtered, [nameof(Cut)] = Cut, [nameof(Tokens)] = Tokens, [nameof(Sequences)] = Sequences, [nameof(Room)] = Room,
        [nameof(Positions)] = Positions, [nameof(Labelled)] = Labelled, [nameof(Taught)] = Taught,
    };

    internal void Add(int positions, int length, int labelled, int taught)
    {
        Sequences++;
        Room += length;
        Positions += positions;
        Labelled += labelled;
        Taught += taught;
    }
}
