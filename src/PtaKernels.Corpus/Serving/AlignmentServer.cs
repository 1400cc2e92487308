using PtaKernels.Rules;

namespace PtaKernels.Corpus.Serving;

/// <summary>Answers requests for alignments until they end: a batch is read, aligned and answered before the next one is looked at, so that no queue grows.</summary>
/// <remarks>One source's rows per stream, as <see cref="IKernelBackend.AlignBatch"/> gives them; choosing between sources is the caller's.</remarks>
internal sealed class AlignmentServer
{
    private static readonly AlignmentStage[] Stages = Enum.GetValues<AlignmentStage>();

    private readonly IKernelBackend _backend;
    private readonly VocabularyPair _vocabularies;
    private readonly AlignmentOptions _options;
    private readonly HashSet<string> _noticed = new(StringComparer.Ordinal);

    /// <summary>Prepares to answer.</summary>
    /// <param name="backend">What aligns.</param>
    /// <param name="vocabularies">Of all documents.</param>
    /// <param name="options">All switches.</param>
    /// <exception cref="ArgumentException">A switch that only has a meaning among several sources, or beside label cross-entropies, which requests do not have.</exception>
    public AlignmentServer(IKernelBackend backend, VocabularyPair vocabularies, in AlignmentOptions options)
    {
        if (options.WithTarget)
            throw new ArgumentException("with-target chooses between sources, and pta serve gives each one's own rows: use --with-target off, or pta align.");
        if (options.LabelMass == LabelMass.Chain)
            throw new ArgumentException("label-mass chain reads label cross-entropies, which requests do not have: use --label-mass candidates, or pta align.");
        (_backend, _vocabularies, _options) = (backend, vocabularies, options);
    }

    /// <summary>Documents aligned at a time where the backend takes one per call; -1 = one on each core.</summary>
    public int Workers { get; init; } = -1;

    /// <summary>Whether a fused call of the backend takes all documents of a batch and shares them out itself; step by step they go one by one.</summary>
    public bool Together { get; init; }

    /// <summary>Name and version of the program, for the answers' schema.</summary>
    public string Program { get; init; } = "pta";

    /// <summary>Told what a user should know, each sentence once.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Reads requests and writes answers (<see cref="ServingProtocol"/>) until the requests end.</summary>
    /// <param name="input">Requests.</param>
    /// <param name="output">Answers; each batch's are flushed before the next is read.</param>
    /// <exception cref="AlignmentDataException">The requests are no such stream, or arrays of a document disagree; answers end without an end marker.</exception>
    /// <exception cref="IOException">A stream failed.</exception>
    public void Run(Stream input, Stream output)
    {
        var requests = new RequestStream(input, "standard input");
        var columns = new RequestColumns(requests.Schema, _options.Output);
        using var answers = new AnswerWriter(output, ServingProtocol.AnswersOf(_backend, _vocabularies, Program));
        while (requests.Next() is { } batch)
        {
            using (batch)
            {
                DocumentPair[] documents = requests.Guard(() => columns.Read(batch));
                answers.Write(Align(documents));
            }
        }

        answers.End();
    }

    private Answer[] Align(DocumentPair[] documents)
    {
        var answers = new Answer[documents.Length];
        if ((Together && FusedPreset.Match(_options) >= 0) || _backend.DocumentsAtOnce > 1)
            AlignTogether(documents, answers);
        else
            Parallel.For(0, documents.Length, new ParallelOptions { MaxDegreeOfParallelism = Workers }, d => AlignTogether(documents.AsSpan(d, 1), answers.AsSpan(d, 1)));
        return answers;
    }

    /// <summary>One call for all documents; those that are bad input are asked for again, each for itself, and say what is wrong with them.</summary>
    private void AlignTogether(ReadOnlySpan<DocumentPair> documents, Span<Answer> answers)
    {
        var found = new AlignedDocument[documents.Length];
        var report = new AlignmentReport();
        try
        {
            _backend.AlignBatch(documents, _vocabularies, _options, found, report);
        }
        catch (AlignmentDataException e) when (documents.Length == 1)
        {
            answers[0] = new Answer(null, e.Message);
            return;
        }
        catch (AlignmentDataException)
        {
            for (int d = 0; d < found.Length; d++)
            {
                if (found[d] is null)
                    AlignTogether(documents.Slice(d, 1), answers.Slice(d, 1));
            }
        }

        Add(documents, [.. Enumerable.Range(0, found.Length).Where(d => found[d] is not null)], found, report, answers);
    }

    private void Add(ReadOnlySpan<DocumentPair> documents, int[] good, AlignedDocument[] found, AlignmentReport report, Span<Answer> answers)
    {
        foreach (int d in good)
        {
            bool first = d == good[0], repaired = report.RepairedDocuments > 0 && (documents.Length == 1 || Differs(documents[d]));
            answers[d] = new Answer(found[d], null, repaired, first ? report.ProjectionTies : 0, [.. Stages.Select(stage => first ? report.SecondsOf(stage) : 0)]);
        }

        lock (_noticed)
        {
            foreach (string notice in report.Notices.Where(_noticed.Add))
                Notice?.Invoke(notice);
        }
    }

    private bool Differs(DocumentPair pair) =>
        !BoundaryMap.Between(pair.Target.Id, DocumentSpans.Of(pair.Source, _vocabularies.Source), DocumentSpans.Of(pair.Target, _vocabularies.Target)).Exact;
}
