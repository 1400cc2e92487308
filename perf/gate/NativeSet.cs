using System.Globalization;

namespace PtaKernels.Gate;

/// <summary>The native kernels: instructions, then both libraries' passes in turn in one process.</summary>
internal sealed class NativeSet(GateRun run)
{
    private const string Name = "native";

    /// <summary>More instructions than this times BASE's fail.</summary>
    private const double AllowedInstructions = 1.02;

    private const int Rounds = 12;

    /// <summary>Measures of a stage come from so many processes, since what lies where in memory is another matter in each.</summary>
    private const int Processes = 2;

    /// <summary>Measures, as far as it can be.</summary>
    public void Measure()
    {
        IReadOnlyList<string> kernels = run.Kernels();
        string? library = run.BaseLibrary(Name);
        Count(kernels, library);
        if (library is null)
            return;
        Console.WriteLine($"native: time over that of {run.ShortBase}, in turn in one process");
        foreach (string kernel in kernels)
            run.Add(Measurement.Guarded(Name, kernel, "time", () => Measurement.Time(Name, kernel, "time", SequentialTest.Decide(stage => Ratios(library, kernel, stage)))));
    }

    private void Count(IReadOnlyList<string> kernels, string? library)
    {
        if (InstructionCounts.WhyUnavailable() is { } why)
        {
            run.Add(Measurement.Cannot(Name, "all kernels", "instructions", why + "."));
            return;
        }

        var counter = new InstructionCounts(run.Driver, run.Toolchain);
        string committed = File.ReadAllText(Path.Combine(run.Checkout.Root, InstructionCounts.FileName));
        if (library is null && counter.Read(committed) is null)
        {
            run.Add(Measurement.Cannot(Name, "all kernels", "instructions", $"{InstructionCounts.FileName} was made with {InstructionCounts.ToolchainOf(committed)}, here is {run.Toolchain}."));
            return;
        }

        Console.WriteLine($"native: instructions of a pass, beside {(library is null ? InstructionCounts.FileName : run.ShortBase)}");
        IReadOnlyDictionary<string, double> before = library is null ? counter.Read(committed)! : counter.CountKept(library, kernels, run.DriverKey), after = counter.Count(run.Library, kernels);
        foreach (string kernel in kernels)
        {
            run.Add(before.TryGetValue(kernel, out double count)
                ? Measurement.Count(Name, kernel, "instructions", count, after[kernel], AllowedInstructions)
                : Measurement.Cannot(Name, kernel, "instructions", $"it is not in {InstructionCounts.FileName}; run scripts/check-perf --update."));
        }
    }

    /// <summary>The rounds of a stage: twice as many, and as much time, as the stage before it had.</summary>
    private IReadOnlyList<double>[] Ratios(string library, string kernel, int stage)
    {
        double seconds = run.Options.Seconds / Processes * (1 << stage);
        return [.. Enumerable.Range(stage * Processes, Processes).Select(seed => Ratios(library, kernel, Rounds << stage, seconds, seed))];
    }

    private double[] Ratios(string library, string kernel, int rounds, double seconds, int seed)
    {
        string lines = ChildProcess.Require(
            run.Checkout.Root, run.Driver, ["pairs", library, run.Library, kernel, $"{rounds}", seconds.ToString(CultureInfo.InvariantCulture), $"{seed}"]);
        return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line =>
        {
            double[] times = [.. line.Split(' ').Select(static t => double.Parse(t, CultureInfo.InvariantCulture))];
            return times[1] / times[0];
        })];
    }
}
