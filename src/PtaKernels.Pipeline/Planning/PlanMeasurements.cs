using System.Diagnostics;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Sampling;
using PtaKernels.Corpus.Stores;
using PtaKernels.Text;
using PtaKernels.Training;

namespace PtaKernels.Pipeline.Planning;

/// <summary>A model as the corpus shows it.</summary>
/// <param name="Name">Its tokenizer, or its number.</param>
/// <param name="TokensPerTarget">Its tokens for each of the target's.</param>
/// <param name="Lengths">[documents] its tokens; null where only a count of tokens is known.</param>
internal sealed record PlannedModel(string Name, Estimate TokensPerTarget, double[]? Lengths);

/// <summary>A model's documents as a store.</summary>
/// <param name="BytesPerToken">Bytes for each of the model's own tokens.</param>
/// <param name="Timing">Rounds of its import, tokens being its own; null where the documents lie in a store.</param>
internal sealed record StoredModel(Estimate BytesPerToken, StageTiming? Timing);

/// <summary>Everything that is measured for a plan, on samples and in a folder that is removed afterwards.</summary>
internal sealed class PlanMeasurements
{
    /// <summary>Processor seconds above which a program has done more than to start.</summary>
    private const double LongestStart = 3;

    private PlanMeasurements()
    {
    }

    /// <summary>The models, the target first.</summary>
    public IReadOnlyList<PlannedModel> Models { get; private set; } = [];

    /// <summary>Target tokens of the corpus; null where there is none.</summary>
    public double? CorpusTokens { get; private set; }

    /// <summary>The sample of texts, or null.</summary>
    public TextMeasurement? Texts { get; private set; }

    /// <summary>The models' stores; empty where there are no documents.</summary>
    public IReadOnlyList<StoredModel> Stores { get; private set; } = [];

    /// <summary>Candidates per position of the stores; null where there are none.</summary>
    public int? Candidates { get; private set; }

    /// <summary>The aligned sample, or null.</summary>
    public AlignmentMeasurement? Alignment { get; private set; }

    /// <summary>What this program took to start, as every stage's does; nothing where it has done other work before, and so cannot tell.</summary>
    public Lap Program { get; private init; }

    /// <summary>What opening the vocabularies took.</summary>
    public Lap Vocabularies { get; private set; }

    /// <summary>The packed sample; null where there is none, or official columns.</summary>
    public PackMeasurement? Packing { get; private set; }

    /// <summary>What was looked at, or null.</summary>
    public PlanSample? Sample { get; private set; }

    /// <summary>Measures what the request has inputs for.</summary>
    /// <exception cref="AlignmentDataException">Bad input.</exception>
    public static PlanMeasurements Of(PlanRequest request, Func<IKernelBackend> open, Action<string> notice, CancellationToken cancellation)
    {
        var measured = new PlanMeasurements { Program = StartOfProgram(), Models = [.. Enumerable.Range(0, 1 + Math.Max(request.SourceNames, request.SourceModels.Count)).Select(static m => new PlannedModel(m == 0 ? "target" : $"source {m}", Estimate.Exactly(1), null))] };
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("pta-plan-");
        try
        {
            if (request.Texts is { } texts)
                measured.MeasureTexts(request, texts, scratch.FullName, cancellation);
            if (request.Target is not null)
                measured.MeasureDocuments(request, open, notice, scratch.FullName, cancellation);
            return measured;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static Lap StartOfProgram()
    {
        double processor = Environment.CpuUsage.TotalTime.TotalSeconds;
        return processor > LongestStart ? default : new Lap((DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds, processor);
    }

    private void MeasureTexts(PlanRequest request, string path, string folder, CancellationToken cancellation)
    {
        TextEncoder[] encoders = [.. request.SourceVocabularies.Prepend(request.TargetVocabulary!).Select(TextEncoder.Load)];
        var sample = new TextSample(path, encoders, request.Length, request.Sample, request.Seed, request.Most, folder);
        Texts = sample.Run(request.Rounds, cancellation);
        Models = [.. encoders.Select((e, m) => new PlannedModel(
            e.Vocabulary.Name, m == 0 ? Estimate.Exactly(1) : DocumentBootstrap.Ratio(Texts.Tokens[m], Texts.Tokens[0], request.Seed), Texts.Lengths[m]))];
        CorpusTokens = sample.CorpusBytes * Texts.Tokens[0].Sum() / Texts.TextBytes.Sum();
        Sample = new PlanSample(sample.Count, sample.CorpusDocuments, (long)Texts.Tokens[0].Sum(), request.Sample, request.Seed, request.Rounds);
    }

    private void MeasureDocuments(PlanRequest request, Func<IKernelBackend> open, Action<string> notice, string folder, CancellationToken cancellation)
    {
        IDocumentReader[] readers = [.. request.Sources.Prepend(request.Target!).Select(DocumentFiles.Open)];
        (TokenVocabulary? target, IFirstToken? encoder, TokenVocabulary[] vocabularies, TokenEmbeddings[] embeddings) = (null, null, [], []);
        Vocabularies = Lap.Of(() =>
        {
            (target, encoder) = VocabularyFile.ReadTarget(request.TargetVocabulary!, request.Options, notice);
            vocabularies = [target, .. request.SourceVocabularies.Select(VocabularyFile.Read)];
            embeddings = [.. request.Embeddings.Select((file, s) => EmbeddingsFile.Read(file, vocabularies[s + 1], target))];
        });
        for (int m = 0; m < readers.Length; m++)
            (readers[m] as StoreReader)?.Header.Tokenizer.Require(readers[m].Path, vocabularies[m]);
        DocumentSample drawn = DocumentSample.Draw(readers, request.Sample, request.Seed, request.Most);
        if (drawn.Count < FewDocuments)
            notice($"the sample has {drawn.Count} documents of {drawn.CorpusDocuments}; with fewer than {FewDocuments}, intervals tend to be too narrow. A larger --sample mends that.");
        var importer = new ImportSample(drawn, vocabularies, request.Store, folder);
        bool stored = readers[0] is StoreReader;
        StoreReader[] stores = stored ? [.. readers.Cast<StoreReader>()] : [.. importer.Import(cancellation)];
        DocumentSample aligned = stored ? drawn : DocumentSample.Draw(stores, 1, request.Seed, int.MaxValue) with { CorpusDocuments = drawn.CorpusDocuments };
        var sample = new AlignmentSample
        {
            Backend = open(), Options = request.Options, Target = target!, TargetEncoder = encoder, Sources = vocabularies[1..], Embeddings = embeddings, Documents = aligned, Store = request.Store,
        };
        Alignment = sample.Run(request.Rounds, cancellation);
        if (Alignment.Quarantined > 0)
            notice($"{Alignment.Quarantined} documents of the sample are bad input and were left out; `pta align --on-error quarantine` tells why.");
        double[] tokens = Alignment.Tokens;
        Models = [.. vocabularies.Select((v, m) =>
        {
            double[] own = m == 0 ? tokens : Alignment.Each(d => d.SourceTokens[m - 1]);
            return new PlannedModel(v.Name, m == 0 ? Estimate.Exactly(1) : DocumentBootstrap.Ratio(own, tokens, request.Seed), own);
        })];
        Stores = [.. stores.Select((store, m) =>
        {
            (StageTiming? timing, StoreReader whole) = (null, store);
            if (!stored)
                (timing, whole) = importer.Time(m, request.Rounds, cancellation);
            return new StoredModel(BytesOf(whole, Models[m].Lengths!, request.Seed), timing);
        })];
        Candidates = stores[0].Header.K;
        CorpusTokens = stored ? stores[0].Totals.Tokens : drawn.CorpusDocuments * tokens.Sum() / drawn.Count;
        if (request.Options.Output != OutputUnit.Official)
            Packing = new PackSample(sample, request.Length, folder).Run(request.Rounds, cancellation);
        Sample = new PlanSample(drawn.Count, drawn.CorpusDocuments, (long)tokens.Sum(), drawn.Share, request.Seed, request.Rounds);
    }

    /// <summary>Below so many, draws from a sample spread too little.</summary>
    private const int FewDocuments = 30;

    /// <summary>Bytes per token of a store, where a document adds an offset to each of its columns and two numbers, whatever its length.</summary>
    private static Estimate BytesOf(StoreReader store, double[] lengths, long seed)
    {
        double bytes = store.Shards.Sum(static s => (double)s.Bytes), each = (4 * StoreColumns.FieldsOf(store.Header).Count) + 16;
        double perToken = (bytes - (each * store.Totals.Documents)) / store.Totals.Tokens, here = bytes / store.Totals.Tokens;
        Estimate spread = DocumentBootstrap.Ratio([.. lengths.Select(l => each + (perToken * l))], lengths, seed);
        return new Estimate(here, Math.Min(here, spread.Low), Math.Max(here, spread.High));
    }
}
