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

    /// <summary>The table of stages, a row for each amount of tokens and stage.</summary>
    public static string StagesOf(Plan plan)
    {
        var text = new StringBuilder("| target tokens | stage | disk | CPU hours | GPU hours | by the clock | from |\n|--:|---|--:|--:|--:|--:|---|\n");
        foreach (PlanForecast forecast in plan.Forecasts)
        {
            foreach (PlanRow row in forecast.Rows)
            {
                text.Append($"| {TokenAmount.Format(forecast.TargetTokens)} | {row.Stage}{(row.Model is null ? "" : " " + row.Model)} | {PlanWords.Bytes(row.DiskBytes)} | {PlanWords.Hours(row.CpuHours)} | ")
                    .Append($"{PlanWords.Hours(row.GpuHours)} | {PlanWords.Clock(row.WallHours)} | {row.From} |\n");
            }
        }

        return text.ToString();
    }
}
