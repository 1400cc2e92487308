using System.Text;
using PtaKernels.Pipeline.Planning;

namespace PtaKernels.Cli.Planning;

/// <summary>A plan as README.md has it.</summary>
internal static class PlanMarkdown
{
    /// <summary>Forecasts one below the other, then the coverage and the sentences.</summary>
    public static string Of(Plan plan)
    {
        var text = new StringBuilder($"Planned {plan.Date:yyyy-MM-dd}: preset `{plan.Preset}`, {PlanTable.MachinesOf(plan.Machines)}.\n\n");
        text.Append(StagesOf(plan)).Append('\n');
        if (plan.Coverage.Count > 0)
            text.Append("Expected: ").AppendJoin("; ", plan.Coverage.Select(static c => $"{c.Meaning} {PlanWords.Share(c.Value)}")).Append(".\n\n");
        return text.AppendJoin(' ', PlanTable.Sentences(plan)).Append('\n').ToString();
    }

    /// <summary>The table of stages: a column for each amount of tokens, a row for what a stage takes of disk, processors, devices and the clock.</summary>
    public static string StagesOf(Plan plan)
    {
        var text = new StringBuilder("| stage | takes | ").AppendJoin(" | ", plan.Forecasts.Select(static f => TokenAmount.Format(f.TargetTokens) + " tokens")).Append(" | from |\n|---|---|")
            .Append(string.Concat(plan.Forecasts.Select(static _ => "--:|"))).Append("---|\n");
        for (int r = 0; r < plan.Forecasts[0].Rows.Count; r++)
        {
            PlanRow[] rows = [.. plan.Forecasts.Select(f => f.Rows[r])];
            string stage = $"{rows[0].Stage} {rows[0].Model}".TrimEnd(), from = rows[0].From;
            foreach ((string what, Func<PlanRow, string> cell) in Columns)
            {
                if (cell(rows[0]).Length == 0)
                    continue;
                text.Append("| ").AppendJoin(" | ", [stage, what, .. rows.Select(cell), from]).Append(" |\n");
                from = "";
            }
        }

        return text.ToString();
    }

    private static readonly (string What, Func<PlanRow, string> Cell)[] Columns =
    [
        ("disk", static r => PlanWords.Bytes(r.DiskBytes)), ("CPU", static r => PlanWords.Hours(r.CpuHours)), ("GPU", static r => PlanWords.Hours(r.GpuHours)), ("clock", static r => PlanWords.Clock(r.WallHours)),
    ];
}
