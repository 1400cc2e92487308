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
internal sealed record StageTiming(Lap[] Rounds, double TargetTokens)
{
    /// <summary>Seconds by the clock per target token, a value for each round.</summary>
    public double[] Clock => [.. Rounds.Select(r => r.Clock / TargetTokens)];

    /// <summary>Processor seconds per target token, a value for each round.</summary>
    public double[] Processor => [.. Rounds.Select(r => r.Processor / TargetTokens)];
}
