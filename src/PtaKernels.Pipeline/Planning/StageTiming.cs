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
        TimeSpan before = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        work();
        double seconds = clock.Elapsed.TotalSeconds;
        return new Lap(seconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    /// <summary>What the first lap of a process took longer than later ones.</summary>
    public Lap Beyond(IReadOnlyCollection<Lap> later) => new(
        Math.Max(0, Clock - DocumentBootstrap.Median(later.Select(static l => l.Clock))), Math.Max(0, Processor - DocumentBootstrap.Median(later.Select(static l => l.Processor))));

    /// <summary>Both together.</summary>
    public Lap Plus(Lap other) => new(Clock + other.Clock, Processor + other.Processor);
}

/// <summary>Rounds of a stage over the documents of a sample.</summary>
/// <param name="Rounds">What each took.</param>
/// <param name="TargetTokens">Target tokens of a round.</param>
/// <param name="Start">What the first round of a process takes longer than a later one: code is compiled, tables are filled.</param>
internal sealed record StageTiming(Lap[] Rounds, double TargetTokens, Lap Start)
{
    /// <summary>Times some work.</summary>
    /// <param name="rounds">Rounds after the first one, at least 1.</param>
    /// <param name="targetTokens">Known once it has run.</param>
    /// <param name="work">A round.</param>
    public static StageTiming Of(int rounds, Func<double> targetTokens, Action work)
    {
        Lap cold = Lap.Of(work);
        Lap[] laps = [.. Enumerable.Range(0, rounds).Select(_ => Lap.Of(work))];
        return new StageTiming(laps, targetTokens(), cold.Beyond(laps));
    }

    /// <summary>Seconds by the clock per target token, a value for each round.</summary>
    public double[] Clock => [.. Rounds.Select(r => r.Clock / TargetTokens)];

    /// <summary>Processor seconds per target token, a value for each round.</summary>
    public double[] Processor => [.. Rounds.Select(r => r.Processor / TargetTokens)];
}
