using PtaKernels.Pipeline;

namespace PtaKernels.Cli.Inspect;

/// <summary>The letter and colour of each rule that fills a row, beside its meaning.</summary>
internal static class RuleLegend
{
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
            terminal.Line($"  [{ColourOf(rule.Key)} bold]{letter}[/] {rule.Count(),5} rows  {Terminal.Escape(RuleMeanings.Of(rule.Key))}");
        }
    }
}
