using System.Diagnostics;

namespace PtaKernels.Pipeline.Planning;

/// <summary>Seconds of one round.</summary>
/// <param name="Clock">By the clock.</param>
/// <param name="Processor">Processor seconds of all threads of this process.</param>
internal readonly record struct Lap(double Clock, double Processor)
{
    /// <summary>Times some work.</summary>
    public static Lap Of(Action work)
    {
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        work();
        double seconds = clock.Elapsed.TotalSeconds;
        return new Lap(seconds, (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds);
    }
}

/// <summary>Rounds of a stage over the documents of a sample.</summary>
/// <param name="Rounds">What each took.</param>
/// <param name="TargetTokens">Target tokens of a round.</param>
/// <param name="StartSeconds">Seconds by the clock that the first round of a process takes longer than a later one: code is compiled, tables are filled.</param>
internal sealed record StageTiming(Lap[] Rounds, double TargetTokens, double StartSeconds)
{
    /// <summary>Times some work.</summary>
    /// <param name="rounds">Rounds after the first one, at least 1.</param>
    /// <param name="targetTokens">Known once it has run.</param>
    /// <param name="work">A round.</param>
    public static StageTiming Of(int rounds, Func<double> targetTokens, Action work)
    {
        Lap cold = Lap.Of(work);
        Lap[] laps = [.. Enumerable.Range(0, rounds).Select(_ => Lap.Of(work))];
        return new StageTiming(laps, targetTokens(), Math.Max(0, cold.Clock - DocumentBootstrap.Median(laps.Select(static l => l.Clock))));
    }

    /// <summary>Seconds by the clock per target token, a value for each round.</summary>
    public double[] Clock => [.. Rounds.Select(r => r.Clock / TargetTokens)];

    /// <summary>Processor seconds per target token, a value for each round.</summary>
    public double[] Processor => [.. Rounds.Select(r => r.Processor / TargetTokens)];
}
