using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Sampling;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Pipeline.Planning;

/// <summary>Aligns a sample for real, from the mapped shards of stores to record batches in memory, and takes the time.</summary>
/// <remarks>
/// What a run over the corpus does is done: shards are hashed in and out, documents parsed, aligned and encoded by the same pipeline. Only files are neither read from a disk nor written to one.
/// A corpus brings a token again and again whose nearest tokens were searched once, a sample does not; so documents are timed against the same ones when all of their tokens were seen.
/// </remarks>
internal sealed class AlignmentSample
{
    /// <summary>Items of the pipeline that each core has in a round, so that all of them work almost to its end.</summary>
    private const int ItemsPerCore = 12;

    private const int DocumentsOfItem = 32;
    private const int NoveltyRounds = 3;

    /// <summary>The kernels.</summary>
    public required IKernelBackend Backend { get; init; }

    /// <summary>All switches.</summary>
    public required AlignmentOptions Options { get; init; }

    /// <summary>The target's vocabulary.</summary>
    public required TokenVocabulary Target { get; init; }

    /// <summary>The target's encoder, where the switches ask for it.</summary>
    public IFirstToken? TargetEncoder { get; init; }

    /// <summary>The sources' vocabularies.</summary>
    public required IReadOnlyList<TokenVocabulary> Sources { get; init; }

    /// <summary>The sources' embeddings; none where the cost reads none.</summary>
    public IReadOnlyList<TokenEmbeddings> Embeddings { get; init; } = [];

    /// <summary>The documents, from stores; the target's first.</summary>
    public required DocumentSample Documents { get; init; }

    /// <summary>How the store keeps its rows.</summary>
    public required StoreOptions Store { get; init; }

    /// <summary>How often each document is in a round.</summary>
    public int Repeats => Math.Max(1, (int)Math.Ceiling((double)ItemsPerCore * DocumentsOfItem * Environment.ProcessorCount / Documents.Count));

    /// <summary>Measures.</summary>
    /// <param name="rounds">Rounds at least 1.</param>
    /// <param name="cancellation">Stops it.</param>
    public AlignmentMeasurement Run(int rounds, CancellationToken cancellation)
    {
        AlignmentSource[] sources = FreshSources();
        int[] all = [.. Enumerable.Range(0, Documents.Count)];
        Lap cold = Lap.Of(() => Align(sources, all, 1, details: false, cancellation));
        SampleWriter details = Align(sources, all, 1, details: true, cancellation);
        if (details.Documents.Count == 0)
            throw new AlignmentDataException($"{Documents.Readers[0].Path}: every document of the sample is bad input; align some with --on-error quarantine, which tells why.");
        Lap warm = Lap.Of(() => Align(sources, all, 1, details: false, cancellation));
        double[] news = [.. Enumerable.Range(0, Documents.Count < 2 ? 0 : NoveltyRounds).Select(r => SecondsOfNew(r % 2, cancellation))];
        int[] repeated = [.. Enumerable.Repeat(all, Repeats).SelectMany(static d => d)];
        double tokens = 0;
        Lap[] laps = [.. Enumerable.Range(0, rounds).Select(_ => Lap.Of(() => tokens = Align(sources, repeated, 0, details: false, cancellation).Tokens))];
        return new AlignmentMeasurement(
            details.Documents, details.Columns, new StageTiming(laps, tokens, cold.Beyond([warm])), new NewTokens(news.Length == 0 ? 0 : Math.Max(0, DocumentBootstrap.Median(news)), details.Tokens / 2.0),
            details.OpeningBytes, details.Quarantined);
    }

    /// <summary>The sample as a run over these documents sees it.</summary>
    /// <param name="sources">The sources.</param>
    /// <param name="which">The documents, some perhaps several times.</param>
    /// <param name="workers">Threads that align; 0 = one for each core.</param>
    /// <param name="output">The store; its name has no effect where <paramref name="open"/> is given.</param>
    /// <param name="open">What takes the aligned documents; null for a store.</param>
    public AlignmentRun RunOver(AlignmentSource[] sources, int[] which, int workers, string output, Func<OutputRequest, IDocumentWriter>? open)
    {
        SampledReader[] readers = [.. Documents.Readers.Select((reader, m) => new SampledReader(reader, [.. which.Select(d => Documents.Records[m][d])])
        {
            HashedBytes = HashedBytesOf(reader, which.Length),
            Output = m == 0 ? open : null,
        })];
        return new AlignmentRun
        {
            TargetDocuments = readers[0],
            Target = Target,
            SourceDocuments = readers[1..],
            Sources = sources,
            OutputPath = output,
            OnError = OnError.Quarantine,
            Store = Store,
            Workers = workers,
        };
    }

    /// <summary>The sources as a process has them that has aligned nothing yet.</summary>
    public AlignmentSource[] FreshSources() =>
        [.. Sources.Select((s, i) => new AlignmentSource(s.Name, new VocabularyPair(s, Target) { TargetEncoder = TargetEncoder, Embeddings = Embeddings.Count == 0 ? null : Embeddings[i] }))];

    private SampleWriter Align(AlignmentSource[] sources, int[] which, int workers, bool details, CancellationToken cancellation)
    {
        SampleWriter? writer = null;
        RunOver(sources, which, workers, "sample", request => writer = new SampleWriter(request, details)).Run(Backend, Options, cancellation);
        return writer!;
    }

    /// <summary>Processor seconds that half of the documents take longer when only the other half was seen than when all were.</summary>
    private double SecondsOfNew(int half, CancellationToken cancellation)
    {
        AlignmentSource[] sources = FreshSources();
        int[] first = [.. Enumerable.Range(0, Documents.Count).Where(d => d % 2 == half)], second = [.. Enumerable.Range(0, Documents.Count).Where(d => d % 2 != half)];
        Align(sources, first, 1, details: false, cancellation);
        Lap unseen = Lap.Of(() => Align(sources, second, 1, details: false, cancellation));
        Lap seen = Lap.Of(() => Align(sources, second, 1, details: false, cancellation));
        return unseen.Processor - seen.Processor;
    }

    private static long HashedBytesOf(IDocumentReader reader, int documents) =>
        reader is StoreReader store ? (long)((double)store.Shards.Sum(static s => s.Bytes) / Math.Max(1, store.Totals.Documents) * documents) : 0;
}

/// <summary>What aligning a sample came to.</summary>
/// <param name="Documents">Its documents.</param>
/// <param name="Columns">Names of the columns of the aligned store.</param>
/// <param name="Timing">Rounds on all cores, tokens seen before.</param>
/// <param name="New">What tokens took that were not seen before.</param>
/// <param name="OpeningBytes">Bytes that every shard begins with.</param>
/// <param name="Quarantined">Documents of the sample that were set aside.</param>
internal sealed record AlignmentMeasurement(
    IReadOnlyList<SampledDocument> Documents, IReadOnlyList<string> Columns, StageTiming Timing, NewTokens New, long OpeningBytes, long Quarantined)
{
    /// <summary>[documents] target tokens.</summary>
    public double[] Tokens => [.. Documents.Select(static d => (double)d.Tokens)];

    /// <summary>[documents] something else.</summary>
    public double[] Each(Func<SampledDocument, double> value) => [.. Documents.Select(value)];
}
