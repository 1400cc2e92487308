namespace PtaKernels.Gate;

/// <summary>What the sequential test decided.</summary>
/// <param name="Slower">Whether the ratio is above what is allowed.</param>
/// <param name="Interval">Of the rounds that decided.</param>
/// <param name="Stages">How often it was measured.</param>
internal readonly record struct Decision(bool Slower, RatioInterval Interval, int Stages);

/// <summary>Decides whether this tree is slower, with more rounds only where it looks so.</summary>
/// <remarks>
/// A first measurement only raises a suspicion: its median is above the allowed ratio. Then the case is measured again, with twice the rounds each time, and the
/// rounds of the repetitions, pooled, decide: a lower bound above the allowed ratio is slower; a median below it, or no decision in the end, is not. The first
/// measurement is left out of the pool, because it was chosen for being high. So a burst of other load must come twice, and to one side of every pair.
/// </remarks>
internal static class SequentialTest
{
    /// <summary>A new version may take so much longer; smaller differences are not told from noise on shared machines, and counts see them.</summary>
    public const double Allowed = 1.10;

    /// <summary>Measurements at most.</summary>
    public const int MostStages = 3;

    /// <summary>Measures until it is decided.</summary>
    /// <param name="measure">Given the stage from 0, the ratios of its rounds; later stages have more rounds.</param>
    public static Decision Decide(Func<int, IReadOnlyList<double>> measure)
    {
        var interval = RatioInterval.Of(measure(0));
        if (interval.Middle <= Allowed)
            return new Decision(false, interval, 1);
        var repeated = new List<double>();
        for (int stage = 1; stage < MostStages; stage++)
        {
            repeated.AddRange(measure(stage));
            interval = RatioInterval.Of(repeated);
            if (interval.Low > Allowed || interval.Middle <= Allowed)
                return new Decision(interval.Low > Allowed, interval, stage + 1);
        }

        return new Decision(false, interval, MostStages);
    }
}
