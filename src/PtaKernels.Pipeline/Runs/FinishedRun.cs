using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Pipeline;

/// <summary>The output folder of a <c>pta fuse</c> whose alignment is done, opened for reading: what it was made from, its documents, their fused rows, what became of the students.</summary>
public sealed class FinishedRun
{
    private readonly FuseRun _run;

    private FinishedRun(string folder, FuseRun run)
    {
        Folder = folder;
        _run = run;
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>What was asked for; paths are absolute, but for the output, which is the folder itself.</summary>
    public FuseConfig Config => _run.Config;

    /// <summary>What the stages left: students that are not trained yet are not among its students, and scores that were not made are null.</summary>
    /// <exception cref="AlignmentDataException">A file of a finished stage is damaged.</exception>
    public FuseOutcome Outcome => _run.Recorded();

    /// <summary>The receiving model.</summary>
    internal FuseModel Target => _run.Target;

    /// <summary>The giving models.</summary>
    internal IReadOnlyList<FuseModel> Sources => _run.Sources;

    /// <summary>The students, controls last.</summary>
    internal IReadOnlyList<Student> Students => _run.Students;

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">What a configuration of <c>pta fuse</c> named as its output.</param>
    /// <param name="backend">The kernels that its vocabularies are to be used with.</param>
    /// <param name="notice">Told what is unusual.</param>
    /// <exception cref="AlignmentDataException">There is no such folder, it is no run's, the run has not come far enough, or a model is gone.</exception>
    public static FinishedRun Open(string folder, IKernelBackend backend, Action<string> notice)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(notice);
        if (!Directory.Exists(folder))
            throw new AlignmentDataException($"{folder}: no such folder; name the output of a `pta fuse`.");
        string file = Path.Combine(folder, FuseRun.ConfigName);
        if (!File.Exists(file))
        {
            throw new AlignmentDataException(IsRun(folder)
                ? $"{folder}: has no {FuseRun.ConfigName}; run the same `pta fuse` once more, which writes it and does nothing twice."
                : $"{folder}: is no output of `pta fuse`.");
        }

        var run = new FuseRun(FuseConfigFile.Read(file), folder, backend, new NoticesAlone(notice));
        foreach (FuseModel model in run.Sources.Prepend(run.Target))
        {
            if (!run.IsFinished($"capture {model.Name}"))
                throw Unfinished(folder, $"{model.Name} is not captured yet");
        }

        return new FinishedRun(folder, run);
    }

    /// <summary>Whether a folder looks like the output of a <c>pta fuse</c>, finished or not.</summary>
    /// <param name="folder">The folder.</param>
    public static bool IsRun(string folder) => File.Exists(Path.Combine(folder, FuseRun.ConfigName)) || Directory.Exists(Path.Combine(folder, FuseRun.StagesName));

    /// <summary>The checkpoint of a student.</summary>
    /// <param name="student">Its name.</param>
    public string ModelOf(string student) => _run.ModelOf(student);

    /// <summary>A student's teachers with their vocabularies, maps and the target's encoder, as its alignment had them.</summary>
    internal IReadOnlyList<AlignmentSource> SourcesOf(Student student) => _run.SourcesOf(student);

    /// <summary>The sources of a student best first, as its alignment took them: indices of <see cref="SourcesOf"/>.</summary>
    /// <exception cref="AlignmentDataException">The student is not aligned.</exception>
    internal IReadOnlyList<int> OrderOf(Student student) => StoreOf(student).Header.SourceOrder ?? [.. Enumerable.Range(0, _run.SourcesOf(student).Length)];

    /// <summary>The aligned documents of a student; a control's are those of the student that it is compared with.</summary>
    /// <exception cref="AlignmentDataException">It is not aligned.</exception>
    internal StoreReader StoreOf(Student student)
    {
        string name = student.Like ?? student.Name;
        if (!_run.IsAligned(Students.First(s => s.Name == name)))
            throw Unfinished(Folder, $"student {name} is not aligned yet, or was aligned for another configuration");
        return new StoreReader(_run.AlignedFolder(name));
    }

    /// <summary>What the models captured, the target's first, then a student's sources.</summary>
    internal IReadOnlyList<IDocumentReader> ReadersOf(Student student) =>
        [.. SourcesOf(student).Select(static s => s.Name).Prepend(Target.Name).Select(name => DocumentFiles.Open(_run.CapturedFolder(name)))];

    /// <summary>The documents of a student as its models saw them, in the order of the corpus; those that were set aside are left out.</summary>
    /// <exception cref="AlignmentDataException">The student is not aligned, or a file is damaged.</exception>
    internal IEnumerable<RunDocument> Documents(Student student)
    {
        IReadOnlyList<IDocumentReader> readers = ReadersOf(student);
        StoreReader store = StoreOf(student);
        HashSet<string>? kept = store.Totals.Quarantined == 0 ? null : [.. Records(store).Select(static r => r.Aligned().Id)];
        foreach (IDocumentRecord[] records in new CorpusDocuments(readers[0], [.. readers.Skip(1)], new DocumentSelection()).All())
        {
            TokenizedDocument target = records[0].Parse();
            if (kept?.Contains(target.Id) ?? true)
                yield return new RunDocument(target, [.. records.Skip(1).Select(static r => r.Parse())]);
        }
    }

    /// <summary>The fused rows of a student, document by document in the order of <see cref="Documents"/>. Under output official, where nothing is merged, those of its first source.</summary>
    /// <remarks>Stored are values, rule, source, missing mass and kappa; source row, transport and teacher signal are not.</remarks>
    /// <exception cref="AlignmentDataException">The student is not aligned, or a file is damaged.</exception>
    internal IEnumerable<AlignedDocument> Aligned(Student student) => Records(StoreOf(student)).Select(static r => r.Aligned().Groups[0]);

    private static IEnumerable<StoreRecord> Records(StoreReader store) => store.Splits.SelectMany(split => store.Read(split)).Cast<StoreRecord>();

    private static AlignmentDataException Unfinished(string folder, string what) => new($"{folder}: {what}; run the same `pta fuse` once more, which goes on where it was.");

    /// <summary>Nothing is run, so there is nothing else to tell.</summary>
    private sealed class NoticesAlone(Action<string> notice) : IFuseProgress
    {
        public void Run(string title, string unit, Action<Action<long, double>> work) => throw new InvalidOperationException($"{title}: a finished run runs nothing.");

        public void Done(string title, string outcome, double seconds, bool reused)
        {
        }

        public void Notice(string sentence) => notice(sentence);
    }
}

/// <summary>A document as all models of an alignment saw it.</summary>
/// <param name="Target">The receiving model's view.</param>
/// <param name="Sources">The giving models' views, in the order of the sources.</param>
public sealed record RunDocument(TokenizedDocument Target, IReadOnlyList<TokenizedDocument> Sources);
