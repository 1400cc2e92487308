using PtaKernels.Pipeline;

namespace PtaKernels.Cli;

/// <summary>What rules and stages are called in tables and legends.</summary>
internal static class RuleNames
{
    public static string Of(RowRule rule) => rule switch
    {
        RowRule.None => "masked",
        RowRule.StringTransport => "same or mapped string",
        RowRule.Soft => "too few mapped, soft values",
        RowRule.SoftNotFinite => "not a number, soft values",
        RowRule.StringMismatch => "other string, fallback",
        RowRule.NotOneToOne => "not one to one, fallback",
        RowRule.Group => "end of a paired group",
        RowRule.Boundary => "same end in the text",
        RowRule.Prefix => "prefix stripped",
        RowRule.LeadingBos => "begin of sequence",
        RowRule.LabelFallback => "label, fallback",
        RowRule.TargetOwn => "target's own, fallback",
        RowRule.CurrentToken => "current token, fallback",
        _ => "mixture of sources",
    };

    public static string Of(AlignmentStage stage) => SecondsSection.NameOf(stage);
}
