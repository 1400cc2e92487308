using PtaKernels.Alignment;
using PtaKernels.Corpus;

namespace PtaKernels.Pipeline;

/// <summary>The output folder of a <c>pta fuse</c> whose alignment is done, opened for reading: what it was made from, its documents, what became of the students.</summary>
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

    /// <summary>The models that teach a student.</summary>
    internal IReadOnlyList<FuseModel> TeachersOf(Student student) => _run.TeachersOf(student);

    /// <summary>A student's teachers as its alignment had them: with vocabularies, and maps and embeddings read from their files.</summary>
    internal IReadOnlyList<AlignmentSource> SourcesOf(Student student) => _run.SourcesOf(student);

    /// <summary>The sources of a student best first, as its alignment took them. Several are ranked again, which reads what they captured.</summary>
    /// <param name="student">The student.</param>
    /// <param name="sources">Its <see cref="SourcesOf"/>, whose indices are given.</param>
    internal IReadOnlyList<int> OrderOf(Student student, IReadOnlyList<AlignmentSource> sources)
    {
        IReadOnlyList<IDocumentReader> readers = ReadersOf(student);
        return new SourceRanking(Target.Encoder.Vocabulary, sources, OnError.Quarantine, null)
            .Order(new CorpusDocuments(readers[0], [.. readers.Skip(1)], new DocumentSelection()), student.Options, CancellationToken.None);
    }

    /// <summary>The folder of a student's aligned documents.</summary>
    /// <exception cref="AlignmentDataException">It is not aligned.</exception>
    internal string AlignedOf(Student student) => _run.IsAligned(student)
        ? _run.AlignedFolder(student.Name)
        : throw Unfinished(Folder, $"student {student.Name} is not aligned yet, or was aligned for another configuration");

    /// <summary>What the models captured, the target's first, then a student's sources.</summary>
    internal IReadOnlyList<IDocumentReader> ReadersOf(Student student) =>
        [.. TeachersOf(student).Prepend(Target).Select(m => DocumentFiles.Open(_run.CapturedFolder(m.Name)))];

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
