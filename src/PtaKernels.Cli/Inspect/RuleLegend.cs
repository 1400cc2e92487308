namespace PtaKernels.Cli.Inspect;

/// <summary>The letter, colour and meaning of each rule that fills a row.</summary>
internal static class RuleLegend
{
    public static string MeaningOf(RowRule rule) => rule switch
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

    public static string ColourOf(RowRule rule) => rule switch
    {
        RowRule.StringTransport or RowRule.Group or RowRule.Boundary or RowRule.LeadingBos => "green",
        RowRule.Soft or RowRule.SoftNotFinite or RowRule.LabelFallback or RowRule.TargetOwn => "yellow",
        RowRule.None => "grey",
        _ => "red",
    };

    /// <summary>One line per rule that occurs in a document, with its count.</summary>
    public static void Write(Terminal terminal, AlignedDocument document)
    {
        foreach (IGrouping<RowRule, RowProvenance> rule in Enumerable.Range(0, document.Rows).Select(i => document[i]).GroupBy(static p => p.Rule).OrderBy(static g => g.Key))
        {
            string letter = Terminal.Escape(RowProvenance.LetterOf(rule.Key).ToString());
            terminal.Line($"  [{ColourOf(rule.Key)} bold]{letter}[/] {rule.Count(),5} rows  {Terminal.Escape(MeaningOf(rule.Key))}");
        }
    }
}
