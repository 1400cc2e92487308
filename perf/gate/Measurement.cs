namespace PtaKernels.Gate;

/// <summary>What came of a measurement.</summary>
internal enum Verdict
{
    /// <summary>Within what is allowed.</summary>
    Passed,

    /// <summary>More, or slower, than is allowed.</summary>
    Failed,

    /// <summary>It could not be measured here.</summary>
    Skipped,
}

/// <summary>One figure of this tree beside the same figure of BASE.</summary>
/// <param name="Set">The case set: native, dotnet, ptx or sizes.</param>
/// <param name="Case">The kernel, case or file.</param>
/// <param name="Kind">What is counted or timed: instructions, time, bytes and so on.</param>
/// <param name="Base">BASE's figure; null where only a ratio was measured, or nothing.</param>
/// <param name="New">This tree's.</param>
/// <param name="Ratio">New over base; of times the median of the rounds' ratios. Null where nothing was measured.</param>
/// <param name="Low">Lower bound of a time's ratio, 98 % interval.</param>
/// <param name="High">Upper bound.</param>
/// <param name="Verdict">What came of it.</param>
/// <param name="Note">A sentence for people: what it was compared with, or why it could not be measured.</param>
internal sealed record Measurement(
    string Set, string Case, string Kind, double? Base, double? New, double? Ratio, double? Low, double? High, Verdict Verdict, string Note = "")
{
    /// <summary>A deterministic count: it fails above <paramref name="allowed"/> times BASE's and <paramref name="slack"/>.</summary>
    public static Measurement Count(string set, string name, string kind, double @base, double @new, double allowed, double slack = 0, string note = "") =>
        new(set, name, kind, @base, @new, @base > 0 ? @new / @base : @new > 0 ? null : 1, null, null, @new > (@base * allowed) + slack ? Verdict.Failed : Verdict.Passed, note);

    /// <summary>A time's ratio, as the sequential test decided.</summary>
    public static Measurement Time(string set, string name, string kind, Decision decision) => new(
        set, name, kind, null, null, decision.Interval.Middle, decision.Interval.Low, decision.Interval.High, decision.Slower ? Verdict.Failed : Verdict.Passed,
        decision.Stages > 1 ? $"measured {decision.Stages} times" : "");

    /// <summary>Something that cannot be measured here.</summary>
    public static Measurement Cannot(string set, string name, string kind, string why) => new(set, name, kind, null, null, null, null, null, Verdict.Skipped, why);

    /// <summary>A measurement, or why it could not be made.</summary>
    public static Measurement Guarded(string set, string name, string kind, Func<Measurement> measure)
    {
        try
        {
            return measure();
        }
        catch (Exception e) when (e is CannotMeasureException or FormatException or IOException or ArgumentException)
        {
            return Cannot(set, name, kind, e.Message);
        }
    }
}
