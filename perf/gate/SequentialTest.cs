namespace PtaKernels.Gate;

/// <summary>What the sequential test decided.</summary>
/// <param name="Slower">Whether the ratio is above what is allowed.</param>
/// <param name="Interval">Of the rounds that decided.</param>
/// <param name="Stages">How often it was measured.</param>
internal readonly record struct Decision(bool Slower, RatioInterval Interval, int Stages);

/// <summary>Decides whether this tree is slower, with more rounds only where it looks so.</summary>
/// <remarks>
/// A first measurement only raises a suspicion: its median is above the allowed ratio. Then the case is measured again, with twice the rounds each time and in
/// several new processes, and the repetitions decide: slower when the lower bound of their pooled rounds is above the allowed ratio and so is the median of every
/// process; not slower when the pooled median is below it, or when there is no decision in the end. The first measurement is left out of the pool, because it was
/// chosen for being high. So a burst of other load must come again, and a process whose memory or code happens to lie badly is outvoted.
/// </remarks>
internal static class SequentialTest
{
    /// <summary>A new version may take so much longer; smaller differences are not told from noise on shared machines, and counts see them.</summary>
    public const double Allowed = 1.10;

    /// <summary>Measurements at most.</summary>
    public const int MostStages = 3;

    /// <summary>Measures until it is decided.</summary>
    /// <param name="measure">Given the stage from 0, the ratios of its rounds, process by process; later stages have more.</param>
    public static Decision Decide(Func<int, IReadOnlyList<double>[]> measure)
    {
        var interval = RatioInterval.Of([.. measure(0).SelectMany(static r => r)]);
        if (interval.Middle <= Allowed)
            return new Decision(false, interval, 1);
        var repeated = new List<IReadOnlyList<double>>();
        for (int stage = 1; stage < MostStages; stage++)
        {
            repeated.AddRange(measure(stage));
            interval = RatioInterval.Of([.. repeated.SelectMany(static r => r)]);
            bool slower = interval.Low > Allowed && repeated.TrueForAll(static process => RatioInterval.Of(process).Middle > Allowed);
            if (slower || interval.Middle <= Allowed)
                return new Decision(slower, interval, stage + 1);
        }

        return new Decision(false, interval, MostStages);
    }
}
