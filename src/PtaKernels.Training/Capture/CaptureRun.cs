using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Parts;
using PtaKernels.Text;
using static TorchSharp.torch;
using CorpusInput = PtaKernels.Corpus.Stores.StoreInput;

namespace PtaKernels.Training;

/// <summary>Runs a model over a corpus and stores, per position, the top-k logits, their log-sum-exp and the label's cross-entropy, as a dataset folder that <c>pta align</c> reads.</summary>
/// <remarks>
/// <para>
/// Row t of a document is the distribution of its token t + 1. Logits are kept raw (divided by <see cref="Temperature"/>), in float32, with the float64 log-sum-exp over all ids that have a token: probabilities are exp(logit - log-sum-exp),
/// whichever preset reads them (SPEC A3.3). The cross-entropies are of the same distribution. Padded rows of the model and ids without a token take no part.
/// </para>
/// <para>
/// Documents are taken in windows of <see cref="ShardTokens"/> tokens, each of which becomes a shard, and in a window in batches of like length; borders depend on documents and options alone. A stopped run
/// leaves its finished shards beside the output, and the same run goes on after them: with the same machine, libtorch and number of threads to the same bytes as a run in one piece. Another batch size
/// or other documents beside it change a row only as float32 rounds the products: padding lies behind a document and is never looked at.
/// </para>
/// </remarks>
public sealed class CaptureRun
{
    /// <summary>Default of <see cref="Length"/> where the model is not shorter.</summary>
    public const int DefaultLength = 2048;

    /// <summary>The model's folder.</summary>
    public required string ModelPath { get; init; }

    /// <summary>The model's tokenizer.</summary>
    public required TextEncoder Encoder { get; init; }

    /// <summary>Candidates per position where nothing is said: twice the official code's, which gains more than any switch and costs the space (rows k20 and k40 of the effect study, README).</summary>
    public const int DefaultTopK = 20;

    /// <summary>The corpus (<see cref="Corpus.TextDocument.Read"/>).</summary>
    public required string InputPath { get; init; }

    /// <summary>The folder to write.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether a dataset of that name may be replaced, and what another stopped run left may be removed.</summary>
    public bool Replace { get; init; }

    /// <summary>Candidates per position, 1..64.</summary>
    public int TopK { get; init; } = DefaultTopK;

    /// <summary>Divides every logit before anything is taken from them: what is stored, the cross-entropies too, is of softmax(logits / temperature). Over 0; above 1 for a teacher that is too sure of itself.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Whether the begin of sequence comes first; null = where the tokenizer has one.</summary>
    public bool? Begin { get; init; }

    /// <summary>Whether the end of sequence comes last; null = where the tokenizer has one.</summary>
    public bool? End { get; init; }

    /// <summary>Most tokens of a document, begin and end included; null = 2048, or what the model was made for where that is less.</summary>
    public int? Length { get; init; }

    /// <summary>Positions of a batch, padding included; a longer document is a batch of its own.</summary>
    public int BatchTokens { get; init; } = 4096;

    /// <summary>Tokens of a shard: what is lost at most when a run is stopped.</summary>
    public int ShardTokens { get; init; } = 1 << 18;

    /// <summary>Type of weights and activations: float32 or bfloat16.</summary>
    public ScalarType Compute { get; init; } = ScalarType.Float32;

    /// <summary>Where the model runs: cpu, cuda, cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The field or column of the corpus whose value goes to the column <c>domain</c>; null = no such column.</summary>
    public string? DomainField { get; init; }

    /// <summary>Which part of the corpus is taken; null = all. Windows begin anew with a part, so that its rows may differ from those of a run over all documents as those of other batches do.</summary>
    public CorpusPart? Part { get; init; }

    /// <summary>Whether the part is there already, made by the same command from the same corpus and model.</summary>
    public bool IsFinished => Part is not null && DatasetPart.IsFinished(OutputPath, Part with { Producer = Part.Producer with { Inputs = Inputs } });

    /// <summary>Told after every batch: tokens so far in this run, share of what this run has to do.</summary>
    public Action<long, double>? Progress { get; init; }

    /// <summary>Told once for each thing that a user should know but that is no error.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Runs to the end.</summary>
    /// <exception cref="AlignmentDataException">Bad input; nothing appears under the final name, finished shards are kept.</exception>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    /// <exception cref="OperationCanceledException">Stopped; finished shards are kept.</exception>
    public CaptureReport Run(CancellationToken cancellation)
    {
        TorchRuntime.Load();
        Device device = TorchRuntime.OpenDevice(Device);
        ModelConfig config = ModelFiles.ReadConfig(ModelPath);
        ModelFiles.CheckTokenizer(config, Encoder.Vocabulary.Count, $"{ModelPath} with {Encoder.Vocabulary.Name}");
        CaptureInput input = InputFor(config);
        using var output = new DatasetOutput(OutputPath, Replace, [InputPath, ModelPath]);
        CaptureIdentity identity = IdentityOf(input);
        output.Create(resume: true, takeOver: Part is null ? null : CaptureStore.JournalName);
        var report = new CaptureReport();
        using (var store = new CaptureStore(output.Partial, identity, new CaptureColumns(TopK, DomainField is not null), Replace, Notice))
        {
            Teacher? teacher = null;
            try
            {
                Capture(input, store, () => teacher ??= new Teacher(ModelFiles.Load(ModelPath, Compute, device, Notice), Encoder.Vocabulary, TopK, device, BatchTokens, Temperature), report, cancellation);
            }
            finally
            {
                teacher?.Dispose();
            }

            report.Add(store.Shards);
            store.Finish();
        }

        if (Part is not null)
        {
            DatasetPart.Write(output.Partial, Part with { Producer = Part.Producer with { Options = identity.Described(), Inputs = Inputs } }, new Dictionary<string, double>
            {
                [nameof(report.Documents)] = report.Documents, [nameof(report.Tokens)] = report.Tokens, [nameof(report.Bytes)] = report.Bytes, [nameof(report.Shards)] = report.Shards,
                ["Bits"] = report.BitsPerByte * report.Bytes,
            });
        }

        output.Commit();
        return report;
    }

    private CorpusInput[] Inputs => [new CorpusInput(InputPath, TextDocument.IdentityOf(InputPath)), new CorpusInput(ModelPath, CaptureIdentity.NearlyOf(ModelPath))];

    private void Capture(CaptureInput input, CaptureStore store, Func<Teacher> teacher, CaptureReport report, CancellationToken cancellation)
    {
        int number = 0;
        double before = 0, known = 0;
        long done = 0;
        foreach (CaptureWindow window in input.Windows())
        {
            cancellation.ThrowIfCancellationRequested();
            string inputs = window.Fingerprint();
            if (store.Has(number, inputs, Notice))
            {
                report.Resumed += window.Tokens;
                before = known = window.Share;
            }
            else
            {
                long at = 0;
                (CapturedRows, int)[] rows = teacher().Run(window, tokens =>
                {
                    (at, done) = (at + tokens, done + tokens);
                    double share = before + ((window.Share - before) * at / window.Tokens);
                    Progress?.Invoke(done, known < 1 ? (share - known) / (1 - known) : 1);
                }, cancellation);
                store.Write(window, inputs, rows);
                before = window.Share;
            }

            number++;
        }

        store.Truncate(number);
    }

    private CaptureInput InputFor(ModelConfig config)
    {
        if (TopK is < 1 or > TopKLogits.MaxK)
            throw new ArgumentException($"--top-k {TopK} must be 1..{TopKLogits.MaxK}.");
        if (!(Temperature > 0 && double.IsFinite(Temperature)))
            throw new ArgumentException(FormattableString.Invariant($"--temperature {Temperature} must be a number over 0."));
        if (BatchTokens < 1)
            throw new ArgumentException($"--batch-tokens {BatchTokens} must be at least 1.");
        if (ShardTokens < 1)
            throw new ArgumentException($"--shard-tokens {ShardTokens} must be at least 1.");
        int length = Length ?? Math.Min(DefaultLength, config.MaxLength);
        if (length < 2)
            throw new ArgumentException($"--length {length} must be at least 2: a position, and the one it predicts.");
        if (length > config.MaxLength)
            Notice?.Invoke($"--length {length} is more than the {config.MaxLength} positions that the model was made for.");
        if (Begin == true && Encoder.Bos is null)
            throw new ArgumentException($"--begin on: {Encoder.Vocabulary.Name} has no begin of sequence; leave it out.");
        if (End == true && Encoder.Eos is null)
            throw new ArgumentException($"--end on: {Encoder.Vocabulary.Name} has no end of sequence; leave it out.");
        return new CaptureInput
        {
            Path = InputPath,
            Part = Part,
            DomainField = DomainField,
            Encoder = Encoder,
            Begin = Begin ?? Encoder.Bos is not null,
            End = End ?? Encoder.Eos is not null,
            Length = length,
            WindowTokens = ShardTokens,
        };
    }

    private CaptureIdentity IdentityOf(CaptureInput input) => new(
        CaptureIdentity.FingerprintOf(ModelPath), Encoder.Vocabulary.Fingerprint,
        FormattableString.Invariant(
            $"top-k {TopK}, temperature {Temperature}, begin {(input.Begin ? "on" : "off")}, end {(input.End ? "on" : "off")}, batch-tokens {BatchTokens}, shard-tokens {ShardTokens}, compute {Compute}, device {Device}, domain {DomainField ?? "none"}"),
        get_num_threads());
}

/// <summary>What a capture did.</summary>
public sealed class CaptureReport
{
    /// <summary>Documents stored.</summary>
    public long Documents { get; private set; }

    /// <summary>Their tokens.</summary>
    public long Tokens { get; private set; }

    /// <summary>Of these, tokens that an earlier run had done.</summary>
    public long Resumed { get; internal set; }

    /// <summary>UTF-8 bytes of their texts.</summary>
    public long Bytes { get; private set; }

    /// <summary>Shards.</summary>
    public int Shards { get; private set; }

    /// <summary>Cross-entropy of all labels in bits, over <see cref="Bytes"/>: comparable across tokenizers, but for whether the begin of sequence predicts the first token.</summary>
    public double BitsPerByte { get; private set; }

    internal void Add(IReadOnlyList<CaptureShard> shards)
    {
        Shards = shards.Count;
        Documents = shards.Sum(static s => s.Documents);
        Tokens = shards.Sum(static s => s.Tokens);
        Bytes = shards.Sum(static s => s.TextBytes);
        BitsPerByte = shards.Sum(static s => s.Nats) / Math.Log(2) / Bytes;
    }
}
