namespace PtaKernels.Gate;

/// <summary>The <c>pta-gate</c> command line, which scripts/check-perf builds and runs: first the folder of the work tree, then its own arguments.</summary>
internal static class Program
{
    private const int Slower = 1, NotAll = 2;

    private static int Main(string[] args)
    {
        if (args is [_, "-h" or "--help", ..])
        {
            Console.WriteLine(GateOptions.Help);
            return 0;
        }

        try
        {
            return Run(new Checkout(Path.GetFullPath(args[0])), GateOptions.Parse(args[1..]));
        }
        catch (ArgumentException e)
        {
            Console.Error.WriteLine($"check-perf: {e.Message}");
            return NotAll;
        }
        catch (CannotMeasureException e)
        {
            Console.Error.WriteLine($"CANNOT MEASURE anything: {e.Message}");
            Console.WriteLine("0 passed, 0 failed, 1 skipped");
            return NotAll;
        }
    }

    private static int Run(Checkout checkout, GateOptions options)
    {
        var run = new GateRun(checkout, options);
        if (options.Update)
            return Update(run);
        foreach (string set in options.Sets)
            Measure(run, set);
        if (options.Json is { } json)
            Reports.WriteWhole(json, Reports.ToJson(run.Base, checkout.Find("HEAD") ?? "", run.Measurements));
        if (options.JUnit is { } junit)
            Reports.WriteWhole(junit, Reports.ToJUnit(run.Measurements));
        int[] counts = [.. new[] { Verdict.Passed, Verdict.Failed, Verdict.Skipped }.Select(v => run.Measurements.Count(m => m.Verdict == v))];
        Console.WriteLine($"{counts[0]} passed, {counts[1]} failed, {counts[2]} skipped");
        return counts[1] > 0 ? Slower : counts[2] > 0 ? NotAll : 0;
    }

    private static void Measure(GateRun run, string set)
    {
        try
        {
            switch (set)
            {
                case "native": new NativeSet(run).Measure(); break;
                case "dotnet": new DotnetSet(run).Measure(); break;
                case "ptx": new PtxSet(run).Measure(); break;
                default: new SizesSet(run).Measure(); break;
            }
        }
        catch (CannotMeasureException e)
        {
            run.Add(Measurement.Cannot(set, "the rest", "set", e.Message));
        }
    }

    private static int Update(GateRun run)
    {
        if (InstructionCounts.WhyUnavailable() is { } why)
            throw new CannotMeasureException(why + ".");
        var counter = new InstructionCounts(run.Driver, run.Toolchain);
        string text = counter.ToText(counter.Count(run.Library, run.Kernels()));
        Reports.WriteWhole(Path.Combine(run.Checkout.Root, InstructionCounts.FileName), text);
        Console.Write(text);
        Console.WriteLine("0 passed, 0 failed, 0 skipped");
        return 0;
    }
}
