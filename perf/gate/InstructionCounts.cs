using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;

namespace PtaKernels.Gate;

/// <summary>Instructions of one pass of each kernel on the AVX2 path under callgrind, which knows no AVX-512. Other load does not change them; compilers and C libraries do.</summary>
internal sealed partial class InstructionCounts(string driver, string toolchain)
{
    /// <summary>The committed counts, in the repository.</summary>
    public const string FileName = "perf/counts.tsv";

    private const string Heading = "# Instructions of one pass of each kernel on the AVX2 path; written by scripts/check-perf --update.";

    /// <summary>Why nothing can be counted; null: it can.</summary>
    public static string? WhyUnavailable()
    {
        try
        {
            return ChildProcess.Run(".", "valgrind", ["--version"]).Status == 0 ? null : "valgrind does not start";
        }
        catch (CannotMeasureException)
        {
            return "valgrind is missing; install it with this system's package manager";
        }
    }

    /// <summary>Counts all kernels of a library, as many at a time as there are processors.</summary>
    /// <exception cref="CannotMeasureException">A kernel does not run.</exception>
    public IReadOnlyDictionary<string, double> Count(string library, IEnumerable<string> kernels)
    {
        var counts = new ConcurrentDictionary<string, double>();
        try
        {
            Parallel.ForEach(kernels, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, kernel => counts[kernel] = Count(library, kernel));
        }
        catch (AggregateException e) when (e.InnerException is CannotMeasureException inner)
        {
            throw new CannotMeasureException(inner.Message);
        }

        return counts;
    }

    /// <summary>The counts of a build that is kept, counted once for each driver and toolchain.</summary>
    /// <exception cref="CannotMeasureException">A kernel does not run.</exception>
    public IReadOnlyDictionary<string, double> CountKept(string library, IReadOnlyList<string> kernels, string driverKey)
    {
        string file = Path.Combine(Path.GetDirectoryName(library)!, $"counts-{driverKey}.tsv");
        if (File.Exists(file) && Read(File.ReadAllText(file)) is { } kept && kernels.All(kept.ContainsKey))
            return kept;
        IReadOnlyDictionary<string, double> counts = Count(library, kernels);
        Reports.WriteWhole(file, ToText(counts));
        return counts;
    }

    /// <summary>Counts from a file's text; null where they were made with another toolchain.</summary>
    public IReadOnlyDictionary<string, double>? Read(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return lines.Length < 2 || lines[1] != "# " + toolchain
            ? null
            : lines.Skip(2).Select(static l => l.Split('\t')).Where(static c => c.Length == 2).ToDictionary(static c => c[0], static c => double.Parse(c[1], CultureInfo.InvariantCulture));
    }

    /// <summary>The toolchain that a file's counts were made with.</summary>
    public static string ToolchainOf(string text) => text.Split('\n').Skip(1).FirstOrDefault() is { Length: > 2 } line ? line[2..] : "no toolchain";

    /// <summary>A file's text.</summary>
    public string ToText(IReadOnlyDictionary<string, double> counts) =>
        $"{Heading}\n# {toolchain}\n" + string.Concat(counts.OrderBy(static c => c.Key, StringComparer.Ordinal).Select(static c => string.Create(CultureInfo.InvariantCulture, $"{c.Key}\t{c.Value:F0}\n")));

    private double Count(string library, string kernel)
    {
        string[] arguments = ["--tool=callgrind", "--toggle-collect=measured_pass", "--callgrind-out-file=/dev/null", driver, "once", library, kernel];
        ChildProcess run = ChildProcess.Run(".", "valgrind", arguments, ("PTAKERNELS_ISA", "avx2"));
        Match collected = Collected().Match(run.Errors);
        return run.Status == 0 && collected.Success
            ? double.Parse(collected.Groups[1].Value, CultureInfo.InvariantCulture)
            : throw new CannotMeasureException($"{kernel} does not run under valgrind: {run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault()}");
    }

    [GeneratedRegex(@"^==\d+== Collected : (\d+)\r?$", RegexOptions.Multiline)]
    private static partial Regex Collected();
}
