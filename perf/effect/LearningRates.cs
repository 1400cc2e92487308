using PtaKernels.Cli.Bench;
using PtaKernels.Pipeline;

namespace PtaKernels.Effect;

/// <summary>Highest learning rates of students.</summary>
/// <param name="Alone">Without teachers.</param>
/// <param name="WithTeachers">With teachers.</param>
internal sealed record LearningRates(double Alone, double WithTeachers)
{
    /// <summary>Those that gave the fewest bits per byte.</summary>
    /// <param name="tried">Rates of the control and of <c>fusion</c>.</param>
    public static LearningRates Best(IReadOnlyList<TriedRate> tried)
    {
        return new LearningRates(Of(FuseRun.ControlName), Of(EffectStatistics.Fusion));

        double Of(string method) => tried.Where(t => t.Method == method).MinBy(static t => t.BitsPerByte)!.Rate;
    }

    /// <summary>Those that the newest committed results of a whole study chose.</summary>
    /// <exception cref="AlignmentDataException">There are no such results.</exception>
    public static LearningRates Committed()
    {
        string folder = Path.Combine(RepositoryFolder.Find() ?? ".", "perf", "results");
        string? newest = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "????-??-??-effect.json", SearchOption.AllDirectories).MaxBy(Path.GetFileName, StringComparer.Ordinal) : null;
        EffectResults? results = newest is null ? null : EffectResults.Read(newest);
        return results is { Tuning.Count: > 0 }
            ? Best([.. results.Tuning.Select(static t => new TriedRate(t.Method, t.LearningRate, t.BitsPerByte))])
            : throw new AlignmentDataException($"{folder}: no results of the effect study with learning rates; give --rate and --control-rate.");
    }
}
