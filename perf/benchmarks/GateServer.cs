using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using PtaKernels.Cli.Bench;

namespace PtaKernels.Benchmarks;

/// <summary>The gate's requests, a line each, and the lines that answer them.</summary>
/// <remarks>
/// <c>ready VERSION</c> comes first. <c>list</c> is answered by the cases' names, <c>units CASE</c> by the units of a pass, <c>warm CASE</c> by the passes until
/// nothing more was compiled, <c>time CASE SECONDS</c> by the units done
/// and the seconds of processor time they took, <c>allocations CASE</c> by the managed bytes of a pass. What cannot be done is answered by <c>error SENTENCE</c>.
/// </remarks>
internal static class GateServer
{
    /// <summary>Passes until everything is compiled and pools are filled.</summary>
    private const int WarmUp = 3;

    private const int CallsOfATier = 10, QuietTimes = 3;

    private static readonly TimeSpan TierDelay = TimeSpan.FromMilliseconds(150), LongestWarmUp = TimeSpan.FromSeconds(10);

    /// <summary>The least of so many passes: what happens now and then, such as a tier of compilation, is in some of them only.</summary>
    private const int CountedPasses = 5;

    /// <summary>Answers until the input ends.</summary>
    public static void Serve(GateCases cases, TextReader input, TextWriter output)
    {
        Say(output, "ready 1");
        while (input.ReadLine() is { } line)
        {
            try
            {
                Say(output, Answer(cases, line.Split(' ')));
            }
            catch (Exception e) when (e is AlignmentDataException or ArgumentException or IOException)
            {
                Say(output, "error " + e.Message.ReplaceLineEndings(" "));
            }
        }
    }

    /// <summary>Passes until no method was compiled for a while, so that no side is timed in another tier of compilation than the other; the number of passes.</summary>
    /// <remarks>The runtime compiles a method again after 30 calls, and once nothing new was called for 100 ms.</remarks>
    public static int WarmUntilCompiled(PassLoop pass)
    {
        int passes = 0, quiet = 0;
        var all = Stopwatch.StartNew();
        while (quiet < QuietTimes && all.Elapsed < LongestWarmUp)
        {
            long compiled = JitInfo.GetCompiledMethodCount();
            var clock = Stopwatch.StartNew();
            for (int p = 0; clock.Elapsed < TierDelay || p < CallsOfATier; p++, passes++)
            {
                pass.Pass();
                if (all.Elapsed > LongestWarmUp)
                    break;
            }

            quiet = JitInfo.GetCompiledMethodCount() == compiled ? quiet + 1 : 0;
        }

        return passes;
    }

    /// <summary>Managed bytes that one pass allocates, on all threads.</summary>
    public static long AllocatedBytes(PassLoop pass)
    {
        for (int p = 0; p < WarmUp; p++)
            pass.Pass();
        long least = long.MaxValue;
        for (int p = 0; p < CountedPasses; p++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            pass.Pass();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return least;
    }

    private static string Answer(GateCases cases, string[] request)
    {
        switch (request)
        {
            case ["list"]:
                return string.Join(' ', GateCases.Ids);
            case ["units", var id]:
                return cases.Find(id).Units.ToString(CultureInfo.InvariantCulture);
            case ["warm", var id]:
                return WarmUntilCompiled(cases.Find(id)).ToString(CultureInfo.InvariantCulture);
            case ["time", var id, var seconds] when double.TryParse(seconds, CultureInfo.InvariantCulture, out double s):
                Lap lap = cases.Find(id).Run(s);
                return string.Create(CultureInfo.InvariantCulture, $"{lap.Units} {lap.Seconds:R}");
            case ["allocations", var id]:
                return AllocatedBytes(cases.Find(id)).ToString(CultureInfo.InvariantCulture);
            default:
                throw new ArgumentException($"'{string.Join(' ', request)}' is no request; use list, units CASE, warm CASE, time CASE SECONDS or allocations CASE.");
        }
    }

    private static void Say(TextWriter output, string line)
    {
        output.WriteLine(line);
        output.Flush();
    }
}
