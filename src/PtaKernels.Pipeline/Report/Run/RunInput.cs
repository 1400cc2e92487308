using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <summary>What a report is made from: aligned documents, the documents they were made of, and how.</summary>
internal sealed record RunInput
{
    /// <summary>The report's heading.</summary>
    public required string Title { get; init; }

    /// <summary>The student, or the name of the aligned documents.</summary>
    public required string Name { get; init; }

    /// <summary>The preset that the switches started from.</summary>
    public required string Preset { get; init; }

    /// <summary>All switches.</summary>
    public required AlignmentOptions Options { get; init; }

    /// <summary>The giving models with their vocabularies.</summary>
    public required IReadOnlyList<AlignmentSource> Sources { get; init; }

    /// <summary>Indices of the sources, best first.</summary>
    public required IReadOnlyList<int> Order { get; init; }

    /// <summary>The documents as the models saw them, the target's first.</summary>
    public required IReadOnlyList<IDocumentReader> Readers { get; init; }

    /// <summary>The aligned documents; null under output official, whose values are no probabilities to compare.</summary>
    public required AlignedInput? Aligned { get; init; }

    /// <summary>The kernels.</summary>
    public required IKernelBackend Backend { get; init; }

    /// <summary>What a run left beside the alignment; null where there is none.</summary>
    public FinishedRun? Run { get; init; }

    /// <summary>A student of a finished run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="name">The student; null for the first.</param>
    /// <param name="backend">The kernels.</param>
    /// <exception cref="AlignmentDataException">There is no such student, or it is not aligned.</exception>
    public static RunInput Of(FinishedRun run, string? name, IKernelBackend backend)
    {
        Student[] taught = [.. run.Students.Where(static s => !s.IsControl)];
        Student student = name is null ? taught[0] : Array.Find(taught, s => s.Name == name)
            ?? throw new AlignmentDataException($"{run.Folder}: has no student {name} that was taught; there are {string.Join(", ", taught.Select(static s => s.Name))}.");
        string aligned = run.AlignedOf(student);
        IReadOnlyList<AlignmentSource> sources = run.SourcesOf(student);
        return new RunInput
        {
            Title = $"{student.Name}: {run.Target.Name} taught by {string.Join(" and ", sources.Select(static s => s.Name))}",
            Name = student.Name,
            Preset = student.Preset,
            Options = student.Options,
            Sources = sources,
            Order = run.OrderOf(student, sources),
            Readers = run.ReadersOf(student),
            Aligned = student.Official ? null : AlignedInput.Open(aligned),
            Backend = backend,
            Run = run,
        };
    }
}
