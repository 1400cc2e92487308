using PtaKernels.Alignment;
using PtaKernels.Corpus;

namespace PtaKernels.Pipeline;

/// <summary>Answers which sources and rules helped or hurt a student: the provenance of every fused row, joined with what three models need for the token that it predicts.</summary>
internal sealed class WhyAnalysis
{
    /// <summary>Resamples behind every interval.</summary>
    public const int Resamples = 2_000;

    /// <summary>Documents joined in parallel at a time; bounds the memory, never the result.</summary>
    private const int DocumentsAtOnce = 64;

    private readonly FinishedRun _run;
    private readonly WhyRequest _request;
    private readonly IFuseProgress _progress;
    private readonly Student _student;
    private readonly Student? _control;
    private readonly DocumentAligner _aligner;

    private WhyAnalysis(FinishedRun run, WhyRequest request, IKernelBackend backend, IFuseProgress progress, Student student)
    {
        (_run, _request, _progress, _student) = (run, request, progress, student);
        _control = run.Students.FirstOrDefault(s => s.IsControl && s.Official == student.Official);
        IReadOnlyList<AlignmentSource> sources = run.SourcesOf(student);
        Sources = [.. sources.Select(static s => s.Name)];
        _aligner = new DocumentAligner(backend, sources, student.Options, run.OrderOf(student, sources));
    }

    /// <summary>Names of the student's teachers, in the order of the provenance's indices.</summary>
    public IReadOnlyList<string> Sources { get; }

    /// <summary>Checks a question before any work is done.</summary>
    /// <param name="run">The run.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="backend">What aligns.</param>
    /// <param name="progress">Is told what happens.</param>
    /// <exception cref="AlignmentDataException">The run has not come far enough.</exception>
    /// <exception cref="ArgumentException">There is no such student, or a value has no meaning.</exception>
    public static WhyAnalysis Open(FinishedRun run, WhyRequest request, IKernelBackend backend, IFuseProgress progress)
    {
        if (request.Top < 0)
            throw new ArgumentException($"--top is {request.Top}; it must be 0 or more.");
        var analysis = new WhyAnalysis(run, request, backend, progress, StudentOf(run, request.Student));
        HashSet<string> trained = [.. run.Outcome.Students.Select(static s => s.Student.Name)];
        foreach (Student needed in analysis._control is { } control ? new[] { analysis._student, control } : [analysis._student])
        {
            if (!trained.Contains(needed.Name))
                throw new AlignmentDataException($"{run.Folder}: {needed.Name} is not trained yet; run the same `pta fuse` once more, which goes on where it was.");
        }

        return analysis;
    }

    /// <summary>Answers.</summary>
    /// <param name="each">Given every document; null where nobody wants them.</param>
    /// <param name="cancellation">Stops; captures that are finished stay.</param>
    /// <exception cref="AlignmentDataException">There is no text, or it is damaged.</exception>
    public WhyReport Run(Action<WhyDocument>? each, CancellationToken cancellation)
    {
        WhyText text = WhyText.Open(_run, _student, _control, _request.Documents, _request.DomainField, _progress, cancellation);
        var groups = new WhyGroups(Sources);
        var passages = new WhyPassages(_request.Top, _run.Target.Encoder.Vocabulary);
        int setAside = 0;
        _progress.Run("join rows and losses", "documents", report =>
        {
            foreach (IDocumentRecord[][] chunk in new CorpusDocuments(text.Readers[0], [.. text.Readers.Skip(1)], new DocumentSelection()).All().Chunk(DocumentsAtOnce))
            {
                cancellation.ThrowIfCancellationRequested();
                WhyDocument?[] joined = InParallel.Map(chunk, records => Join(text, records));
                setAside += joined.Count(static d => d is null);
                foreach (WhyDocument document in joined.OfType<WhyDocument>())
                {
                    groups.Add(document);
                    passages.Add(document);
                    each?.Invoke(document);
                }

                report(groups.Documents, chunk[^1][0].Share);
            }
        });
        if (groups.Documents == 0)
            throw new AlignmentDataException($"{_request.Documents ?? _run.Folder}: no document is left to ask about; the quarantine of the run's alignment has the reasons.");
        return new WhyReport
        {
            Student = _student.Name,
            Preset = _student.Preset,
            Control = _control?.Name,
            Documents = _request.Documents,
            Sources = Sources,
            All = groups.All,
            Tables = groups.Tables(),
            Helped = passages.Helped,
            Hurt = passages.Hurt,
            Notes = [.. Notes(setAside)],
        };
    }

    private static Student StudentOf(FinishedRun run, string? name)
    {
        Student[] taught = [.. run.Students.Where(static s => !s.IsControl)];
        if (name is null)
            return taught[0];
        string there = string.Join(", ", taught.Select(static s => s.Name));
        Student student = run.Students.FirstOrDefault(s => s.Name == name) ?? throw new ArgumentException($"--student {name}: the run has no such student; there are {there}.");
        return student.IsControl ? throw new ArgumentException($"--student {name}: is a control, which no source teaches; ask about {there}.") : student;
    }

    /// <summary>A document's rows, aligned again because what is stored of them lacks source row and signal; null where it cannot be aligned and the run sets such documents aside.</summary>
    private WhyDocument? Join(WhyText text, IDocumentRecord[] records)
    {
        int sources = Sources.Count;
        TokenizedDocument[] views = [.. records.Select(static r => r.Parse())];
        FusedDocument fused;
        try
        {
            fused = _aligner.Align(views[0], views[1..(1 + sources)]);
        }
        catch (AlignmentDataException) when (_run.Config.OnError != "stop")
        {
            return null;
        }

        var losses = new WhyLosses(views[1 + sources], _control is not null ? views[2 + sources] : null, views[^1]);
        return WhyDocument.Of(text.Domains.GetValueOrDefault(views[0].Id, ""), views[0], fused.Merged ?? fused.PerSource[0], losses, _run.Target.Encoder.Vocabulary);
    }

    private IEnumerable<string> Notes(int setAside)
    {
        if (_request.Documents is null)
            yield return "This is the run's own text: the student was trained on it, so that its losses are lower here than on text that it has not seen. Ask with --documents about held-out text.";
        if (_control is null)
            yield return "There is no control: differences are to the target before training, so that they hold what training on the text alone gives, too. `pta fuse --control clm` trains one.";
        if (_student.Official && Sources.Count > 1)
            yield return $"Under output official the sources keep rows of their own; the rows here are those of {Sources[0]}.";
        if (setAside > 0)
            yield return $"{setAside} document{(setAside == 1 ? "" : "s")} could not be aligned and {(setAside == 1 ? "is" : "are")} left out.";
        yield return "Groups tell where a difference stands, not what caused it: a student is trained on all rows together, and what it learns from one shows on others.";
    }
}

/// <summary>What is asked.</summary>
internal sealed record WhyRequest
{
    /// <summary>The student; null for the first.</summary>
    public string? Student { get; init; }

    /// <summary>The text; null for the run's own.</summary>
    public string? Documents { get; init; }

    /// <summary>Its field with the domain; null for that of the run's evaluation, where the documents have it.</summary>
    public string? DomainField { get; init; }

    /// <summary>Passages of each kind.</summary>
    public int Top { get; init; } = 10;
}
