namespace PtaKernels.Pipeline;

/// <summary>A way to align that others are compared with.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Meaning">What it is, in words.</param>
/// <param name="Options">All switches.</param>
internal sealed record AlignmentMethod(string Name, string Meaning, AlignmentOptions Options)
{
    /// <summary>Names that other parts of a report look for.</summary>
    public const string Hard = "fuse-hard", Paper = "paper", Fusion = "fusion";

    /// <summary>Switches that say nothing where one source is alone.</summary>
    private static readonly string[] Between = ["loss-weight", "sources", "fusion-function", "fusion-level", "fill", "with-target", "measure-signal"];

    /// <summary>FuseLLM's two ways, the three presets, and the run's own switches where they are none of these.</summary>
    /// <param name="own">The run's own switches.</param>
    /// <param name="hasLogSumExp">Whether documents have the log-sum-exps that mass tail reads; without them preset fusion takes renormalised masses.</param>
    public static AlignmentMethod[] All(AlignmentOptions own, bool hasLogSumExp)
    {
        AlignmentOptions soft = AlignmentPreset.Reference with { Transport = TransportKind.None };
        AlignmentMethod[] known =
        [
            new(Hard, "FuseLLM, hard: one token of the same string, logits moved", soft with { Transfer = TransferRule.StringHard }),
            new("fuse-soft", "FuseLLM, soft: one token of the same or mapped string, logits moved", soft),
            new("reference", "the official code: the same rows, transported", AlignmentPreset.Reference),
            new(Paper, "the published equations, done right", AlignmentPreset.Paper),
            hasLogSumExp
                ? new(Fusion, "ours: by bytes", AlignmentPreset.Fusion)
                : new(Fusion, "ours: by bytes, with mass renormalised because there are no log-sum-exps", AlignmentPreset.Fusion with { Mass = MassRule.Renormalised }),
        ];
        return known.Any(m => AlignmentSwitches.All.All(s => Between.Contains(s.Name) || s.Get(m.Options) == s.Get(own)))
            ? known
            : [.. known, new("this run", "the switches of this run", own with { WithTarget = false, Fusion = own.Fusion == FusionFunction.AvgCe ? FusionFunction.MinCe : own.Fusion })];
    }
}
