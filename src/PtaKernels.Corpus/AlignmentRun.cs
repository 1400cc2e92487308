using PtaKernels.Alignment;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus;

/// <summary>What happens to a document that is bad input (SPEC A5).</summary>
public enum OnError
{
    /// <summary>The run ends with its message and writes nothing under the final name.</summary>
    Stop,

    /// <summary>It goes to the quarantine file with its reason and the run continues.</summary>
    Quarantine,
}

/// <summary>How far a run is.</summary>
/// <param name="Tokens">Target tokens aligned by this run.</param>
/// <param name="Share">Share of the input behind it, 0..1.</param>
/// <param name="Part">What is being written, as <c>shard 3</c>; null where the output has no parts.</param>
public readonly record struct RunProgress(long Tokens, double Share, string? Part = null);

/// <summary>Aligns a corpus: one reader for the target, one per source, the same documents in the same order, split by split.</summary>
/// <remarks>One thread reads, one aligns on each core, one writes in order; the queues between them are bounded, so that memory does not grow with the corpus.</remarks>
public sealed class AlignmentRun
{
    /// <summary>The target's documents.</summary>
    public required IDocumentReader TargetDocuments { get; init; }

    /// <summary>The target's vocabulary.</summary>
    public required TokenVocabulary Target { get; init; }

    /// <summary>Each source's documents, in listing order.</summary>
    public required IReadOnlyList<IDocumentReader> SourceDocuments { get; init; }

    /// <summary>The sources, in listing order.</summary>
    public required IReadOnlyList<AlignmentSource> Sources { get; init; }

    /// <summary>The output, of the target's kind.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether an existing output may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>Whether the output is a store that lacks shards, which are made again in place.</summary>
    public bool Repair { get; init; }

    /// <summary>What happens to bad documents.</summary>
    public OnError OnError { get; init; }

    /// <summary>Indices of the sources, best first; null = by corpus bits per byte, which reads the documents once more.</summary>
    public IReadOnlyList<int>? SourceOrder { get; init; }

    /// <summary>Which documents are taken.</summary>
    public DocumentSelection Selection { get; init; } = new();

    /// <summary>Program and command line that a store notes.</summary>
    public StoreProducer Producer { get; init; } = StoreProducer.Of("PtaKernels");

    /// <summary>How a store keeps its rows.</summary>
    public StoreOptions Store { get; init; } = new();

    /// <summary>Documents aligned at a time; 0 = one for each core, or as the backend asks for.</summary>
    public int Workers { get; init; }

    /// <summary>Told after every batch.</summary>
    public Action<RunProgress>? Progress { get; init; }

    /// <summary>Told once for each thing that a user should know but that is no error.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>The quarantine file of an output that keeps none itself.</summary>
    public string QuarantinePath => Path.TrimEndingDirectorySeparator(OutputPath) + ".quarantine.jsonl";

    /// <summary>Order of the sources used by the last <see cref="Run"/>, best first.</summary>
    public IReadOnlyList<int> UsedOrder { get; private set; } = [];

    /// <summary>Target tokens that the last <see cref="Run"/> found written already.</summary>
    public long ResumedTokens { get; private set; }

    /// <summary>Where the last <see cref="Run"/> put the documents that it set aside.</summary>
    public string UsedQuarantine { get; private set; } = "";

    /// <summary>Runs to the end.</summary>
    /// <exception cref="AlignmentDataException">Bad input; nothing is written under the final names.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is written under the final names.</exception>
    public AlignmentRunReport Run(IKernelBackend backend, AlignmentOptions options, CancellationToken cancellation)
    {
        var documents = new CorpusDocuments(TargetDocuments, SourceDocuments, Selection);
        documents.RequireSameCorpus();
        RequireTokenizers();
        using IDocumentWriter output = TargetDocuments.OpenOutput(new OutputRequest
        {
            Path = OutputPath,
            Replace = Replace,
            Repair = Repair,
            Sources = SourceDocuments,
            Inputs = [TargetDocuments, .. SourceDocuments],
            Options = options,
            Target = Target,
            SourceVocabularies = [.. Sources.Select(static s => s.Vocabularies.Source)],
            Embeddings = OutputRequest.EmbeddingsOf(options.Cost, Sources.Select(static s => s.Vocabularies.Embeddings)),
            Producer = Producer,
            Store = Store,
            Selection = Selection,
            OnError = OnError,
            Notice = Notice,
        });
        using QuarantineFile? quarantine = OnError == OnError.Quarantine && !output.KeepsQuarantine ? new QuarantineFile(QuarantinePath) : null;
        UsedQuarantine = output.KeepsQuarantine ? Path.Combine(OutputPath, "quarantine-*.jsonl") : QuarantinePath;
        UsedOrder = SourceOrder ?? output.KnownSourceOrder ?? new SourceRanking(Target, Sources, OnError, Notice).Order(documents, options, cancellation);
        output.Begin(UsedOrder);
        var aligner = new DocumentAligner(backend, Sources, options, UsedOrder);
        var worker = new AlignmentWorker(aligner, documents, output, Sources.Count, OnError, together: backend.DocumentsAtOnce > 1);
        var report = new AlignmentRunReport(Sources.Count);
        long aligned = 0;
        ResumedTokens = 0;
        // A device's call works on many documents: two of them overlap parsing with it.
        int workers = Workers == 0 && backend.DocumentsAtOnce > 1 ? 2 : Workers;
        OrderedPipeline.Run(documents.Items(output.WrittenAt, output.NextWritten, backend.DocumentsAtOnce), worker.Work, done =>
        {
            if (done.Written is { } part)
            {
                output.Skip(part);
                ResumedTokens += part.Tokens;
                if (part.Counts is { } counts)
                    report.Add(counts, part.Documents, part.Tokens, part.Quarantined);
                return;
            }

            report.Add(done.Report);
            aligned += done.Report.TargetTokens;
            foreach (byte[] line in done.Quarantined)
                quarantine?.Write(line);
            done.Append!();
            Progress?.Invoke(new RunProgress(aligned, documents.ShareOf(done.Share, report.Documents + report.Quarantined), output.Part));
        }, workers, cancellation);
        if (report.Documents + report.Quarantined == 0 && Selection.Part.Count == 1)
            throw new AlignmentDataException($"{TargetDocuments.Path}: holds no document{(Selection == new DocumentSelection() ? "" : " that was asked for")}.");
        quarantine?.Commit();
        output.Commit();
        return report;
    }

    /// <summary>The order of the sources over all documents that are taken, which runs over parts of them must be given (SPEC A3.5); writes nothing.</summary>
    /// <returns>Indices of the sources, best first.</returns>
    /// <exception cref="AlignmentDataException">The inputs do not fit together.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IReadOnlyList<int> RankSources(AlignmentOptions options, CancellationToken cancellation)
    {
        var documents = new CorpusDocuments(TargetDocuments, SourceDocuments, Selection);
        documents.RequireSameCorpus();
        RequireTokenizers();
        return new SourceRanking(Target, Sources, OnError, Notice).Order(documents, options, cancellation);
    }

    /// <summary>A store knows whose ids it holds.</summary>
    private void RequireTokenizers()
    {
        (TargetDocuments as StoreReader)?.Header.Tokenizer.Require(TargetDocuments.Path, Target);
        for (int s = 0; s < Sources.Count; s++)
            (SourceDocuments[s] as StoreReader)?.Header.Tokenizer.Require(SourceDocuments[s].Path, Sources[s].Vocabularies.Source);
    }
}
