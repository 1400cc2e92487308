using System.Globalization;
using System.Text;
using PtaKernels.Cli.Planning;
using PtaKernels.Pipeline.Planning;

namespace PtaKernels.CorpusBench;

/// <summary>Checked forecasts as tables.</summary>
internal static class PlanCheckTable
{
    /// <summary>One line for a forecast.</summary>
    public static string LineOf(CheckedForecast one) =>
        Invariant($"{one.Preset}, {one.Stage}, {one.What}: predicted {In(one, one.Predicted)}, was {In(one, Estimate.Exactly(one.Actual))}: {100 * one.Error:+0.0;-0.0} %{(one.Inside ? "" : ", outside the interval")}");

    /// <summary>All of them.</summary>
    public static string ChecksOf(PlanCheckResults results)
    {
        var text = new StringBuilder("| preset | stage | what | predicted | was | error | in the interval |\n|---|---|---|--:|--:|--:|---|\n");
        foreach (CheckedForecast one in results.Checks)
            text.Append(Invariant($"| `{one.Preset}` | {one.Stage} | {one.What} | {In(one, one.Predicted)} | {In(one, Estimate.Exactly(one.Actual))} | {100 * one.Error:+0.0;-0.0} % | {(one.Inside ? "yes" : "no")} |\n"));
        return text.ToString();
    }

    /// <summary>README's block: how far forecasts were from what came, and one for large corpora.</summary>
    public static string ToMarkdown(PlanCheckResults results)
    {
        Plan scale = results.Scale;
        var text = new StringBuilder();
        text.Append(Invariant($"From a sample of {100 * results.Corpus.Sample:0.##} % ({results.Corpus.Sampled:N0} documents of {results.Corpus.Documents:N0}, {TokenAmount.Format(results.Corpus.TargetTokens)} target tokens) on {results.Machine}, {results.Cores} cores, {results.Date:yyyy-MM-dd}; "))
            .Append(Invariant($"then all of it was run. {results.Checks.Count(static c => c.Inside)} of {results.Checks.Count} forecasts had the truth in their interval.\n\n"))
            .Append("| stage | what | ").AppendJoin(" | ", results.Plans.Keys.Select(static p => $"`{p}` predicted | was")).Append(" |\n|---|---|").Append(string.Concat(Enumerable.Repeat("--:|--:|", results.Plans.Count))).Append('\n');
        foreach (IGrouping<(string Stage, string What), CheckedForecast> row in results.Checks.Where(static c => !IsRule(c)).GroupBy(static c => (c.Stage, c.What)))
        {
            text.Append(Invariant($"| {row.Key.Stage} | {WithoutName(row.Key.What)} | "));
            text.AppendJoin(" | ", results.Plans.Keys.Select(preset => row.FirstOrDefault(c => c.Preset == preset) is { } one ? $"{In(one, one.Predicted)} | {In(one, Estimate.Exactly(one.Actual))}" : " | ")).Append(" |\n");
        }

        text.Append(Invariant($"\nThe same sample, for {PlanTable.MachinesOf(scale.Machines)} (`{results.ScaleCommand}`):\n\n")).Append(PlanMarkdown.StagesOf(scale)).Append('\n');
        return text.AppendJoin(' ', PlanTable.Sentences(scale)).Append('\n').ToString();
    }

    /// <summary>Rules and the like go without saying where taught rows do not.</summary>
    private static bool IsRule(CheckedForecast one) => one.What.IndexOf(':', StringComparison.Ordinal) == 1;

    private static string WithoutName(string what) => what[(what.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();

    private static string In(CheckedForecast one, Estimate value) => one.Unit switch
    {
        "bytes" when one.What == "disk" => PlanWords.Bytes(value),
        "hours" when one.What == "clock" => PlanWords.Clock(value),
        "hours" => PlanWords.Hours(value),
        "bytes" => PlanWords.Number(value) + " B",
        _ => PlanWords.Share(value),
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
