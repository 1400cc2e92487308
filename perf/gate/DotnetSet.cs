using System.Globalization;

namespace PtaKernels.Gate;

/// <summary>The .NET cases: allocated bytes of a pass, then both programs' passes in turn, and the start of <c>pta</c>.</summary>
internal sealed class DotnetSet(GateRun run)
{
    private const string Name = "dotnet", StartUp = "pta --version";

    /// <summary>More bytes than this times BASE's, and <see cref="Slack"/>, fail.</summary>
    private const double AllowedBytes = 1.02;

    /// <summary>Bytes of growth that fail in no case.</summary>
    private const double Slack = 64;

    private const int Rounds = 11, RoundsOfLongCases = 5;

    /// <summary>Pairs of processes of the first repetition; twice as many in each after it.</summary>
    private const int Pairs = 2;

    /// <summary>Cases whose making or passes take seconds; --quick leaves them out.</summary>
    private static readonly string[] Long = ["loss.sparse", "encode.sentencepiece-bpe"];

    /// <summary>Cases whose time is not compared: the plain loops differ by 15 % between two processes of the same program, by where their arrays lie, in every run alike.</summary>
    private static readonly string[] CountedOnly = ["ot.official"];

    /// <summary>Measures, as far as it can be.</summary>
    public void Measure()
    {
        if (run.BasePrograms(Name) is not { } before)
            return;
        if (before.Benchmarks is null)
        {
            Console.WriteLine($"dotnet: {run.ShortBase} has no perf/benchmarks, so there are no cases to compare.");
        }
        else
        {
            Console.WriteLine($"dotnet: bytes allocated by a pass and time of both programs in turn, beside {run.ShortBase}");
            Cases(before.Benchmarks, run.Programs.Benchmarks!);
        }

        if (before.Pta is { } pta)
            run.Add(Measurement.Guarded(Name, StartUp, "time", () => Measurement.Time(Name, StartUp, "time", SequentialTest.Decide(stage => StartRatios(pta, run.Programs.Pta!, stage)))));
    }

    /// <summary>Counts and first times come from one pair of processes, in which each case is made once; a repeated time comes from new ones.</summary>
    private void Cases(string before, string after)
    {
        using CaseServer one = new(run.Checkout.Root, before), other = new(run.Checkout.Root, after);
        foreach (string id in other.Cases().Intersect(one.Cases()).Where(id => !run.Options.Quick || !Long.Contains(id)))
        {
            run.Add(Measurement.Guarded(Name, id, "allocated", () => Allocations(one, other, id)));
            if (!CountedOnly.Contains(id))
                run.Add(Measurement.Guarded(Name, id, "time", () => Measurement.Time(Name, id, "time", SequentialTest.Decide(stage => stage == 0 ? [Ratios(one, other, id, 0)] : Repeat(before, after, id, stage)))));
        }
    }

    private static Measurement Allocations(CaseServer one, CaseServer other, string id) => one.Units(id) == other.Units(id)
        ? Measurement.Count(Name, id, "allocated", one.AllocatedBytes(id), other.AllocatedBytes(id), AllowedBytes, Slack)
        : Measurement.Cannot(Name, id, "allocated", "its pass is other work than BASE's.");

    private IReadOnlyList<double>[] Repeat(string before, string after, string id, int stage) => [.. Enumerable.Range(0, Pairs << (stage - 1)).Select(pair =>
    {
        using CaseServer one = new(run.Checkout.Root, before), other = new(run.Checkout.Root, after);
        return Ratios(one, other, id, stage + pair);
    })];

    private List<double> Ratios(CaseServer one, CaseServer other, string id, int seed)
    {
        one.Warm(id);
        other.Warm(id);
        int rounds = Long.Contains(id) ? RoundsOfLongCases : Rounds;
        double slice = run.Options.Seconds / (4 * rounds);
        return Interleaved(rounds, seed, isNew => (isNew ? other : one).SecondsPerUnit(id, slice));
    }

    private IReadOnlyList<double>[] StartRatios(string before, string after, int stage) => [Interleaved(Rounds << stage, stage, isNew => Start(Path.Combine(isNew ? after : before, "pta.dll")))];

    /// <summary>Rounds of base, new, new, base, or the reverse.</summary>
    private static List<double> Interleaved(int rounds, int seed, Func<bool, double> measure)
    {
        var random = new Random(seed);
        var ratios = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            bool swapped = random.Next(2) == 1;
            double[] seconds = [0, 0];
            foreach (bool inner in new[] { false, true, true, false })
                seconds[inner != swapped ? 1 : 0] += measure(inner != swapped);
            ratios.Add(seconds[1] / seconds[0]);
        }

        return ratios;
    }

    /// <summary>Seconds of processor time of a start; a process that has ended no longer tells them, so the shell does.</summary>
    private double Start(string program)
    {
        string output = ChildProcess.Require(run.Checkout.Root, "/bin/bash", ["-c", "TIMEFORMAT='%3U %3S'; { time dotnet \"$0\" --version >/dev/null; } 2>&1", program]);
        return output.Trim().Split('\n')[^1].Split(' ').Sum(static t => double.Parse(t, CultureInfo.InvariantCulture));
    }
}
