namespace PtaKernels.Cli.Bench;

/// <summary>Documents in batches of one vocabulary pair and one set of options.</summary>
internal sealed class DocumentWork
{
    private readonly List<(VocabularyPair Vocabularies, AlignmentOptions Options, DocumentPair[] Documents, AlignedDocument[] Aligned)> _batches = [];

    private readonly AlignmentReport _report = new();

    public long Tokens { get; private set; }

    public static DocumentWork Of(IReadOnlyCollection<BenchDocument> documents, Func<BenchDocument, AlignmentOptions> options)
    {
        var work = new DocumentWork();
        foreach (IGrouping<(VocabularyPair Vocabularies, AlignmentOptions Options), BenchDocument> batch in documents.GroupBy(d => (d.Vocabularies, options(d))))
        {
            DocumentPair[] pairs = [.. batch.Select(static d => d.Pair)];
            work._batches.Add((batch.Key.Vocabularies, batch.Key.Options, pairs, new AlignedDocument[pairs.Length]));
            work.Tokens += pairs.Sum(static p => (long)p.Target.Length);
        }

        return work;
    }

    public void Run(IKernelBackend backend)
    {
        foreach ((VocabularyPair vocabularies, AlignmentOptions options, DocumentPair[] documents, AlignedDocument[] aligned) in _batches)
            backend.AlignBatch(documents, vocabularies, options, aligned, _report);
    }

    /// <summary>One document at a time, the longest first.</summary>
    public TeamLoop Team(IKernelBackend backend, int threads)
    {
        var pieces = _batches.SelectMany(static b => b.Documents.Select((d, k) => (Batch: b, Document: d, Index: k))).OrderByDescending(static p => p.Document.Target.Length).ToArray();
        return new TeamLoop(backend.Name, Tokens, threads, pieces.Length, p =>
        {
            ((VocabularyPair vocabularies, AlignmentOptions options, _, AlignedDocument[] aligned), DocumentPair document, int index) = pieces[p];
            backend.AlignBatch([document], vocabularies, options, aligned.AsSpan(index, 1), new AlignmentReport());
        });
    }

    /// <summary>Where the time went, where the backend says.</summary>
    public string Stages()
    {
        AlignmentStage[] stages = Enum.GetValues<AlignmentStage>();
        double all = stages.Sum(_report.SecondsOf);
        return all == 0 ? "" : "; " + string.Join(", ", stages.Select(s => FormattableString.Invariant($"{s.ToString().ToLowerInvariant()} {_report.SecondsOf(s) / all:P0}")));
    }
}
