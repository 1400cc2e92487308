namespace PtaKernels.Pipeline;

/// <summary>What each rule that fills a row means, in words for a legend.</summary>
internal static class RuleMeanings
{
    /// <summary>A rule in words.</summary>
    public static string Of(RowRule rule) => rule switch
    {
        RowRule.None => "masked: no teacher row reaches it",
        RowRule.StringTransport => "same or mapped token string, transported",
        RowRule.Soft => "same or mapped token string, teacher's logits moved without transport",
        RowRule.SoftNotFinite => "as S, because the transport was not a number",
        RowRule.StringMismatch => "another token string: one-hot on the current token",
        RowRule.NotOneToOne => "not paired with exactly one token: one-hot on the current token",
        RowRule.Group => "last row of a paired group",
        RowRule.Boundary => "a teacher token ends at the same byte",
        RowRule.Prefix => "inside a teacher token: candidates that continue the text, prefix stripped",
        RowRule.LeadingBos => "begin of sequence to begin of sequence",
        RowRule.LabelFallback => "one-hot on the next token",
        RowRule.TargetOwn => "the target's own distribution",
        RowRule.CurrentToken => "one-hot on the current token",
        RowRule.Mixture => "weighted mixture of several sources",
        _ => rule.ToString(),
    };
}
