using System.Globalization;
using PtaKernels.Pipeline.Planning;
using Spectre.Console;

namespace PtaKernels.Cli.Planning;

/// <summary>A plan in the terminal.</summary>
internal static class PlanTable
{
    /// <summary>Prints it.</summary>
    public static void Print(Plan plan, Terminal terminal)
    {
        foreach (PlanForecast forecast in plan.Forecasts)
        {
            terminal.Output.WriteLine($"{TokenAmount.Format(forecast.TargetTokens)} target tokens, preset {plan.Preset}, on {MachinesOf(plan.Machines)}:");
            terminal.Console.Write(StagesOf(forecast));
        }

        if (plan.Coverage.Count > 0)
        {
            Table coverage = Grid("expected", "share of rows");
            foreach (PlanShare share in plan.Coverage)
                coverage.AddRow(Terminal.Escape($"{share.Name}: {share.Meaning}"), PlanWords.Share(share.Value));
            terminal.Console.Write(coverage);
            Table columns = Grid("column of the aligned store", "bytes per token");
            foreach (PlanShare column in plan.Columns)
                columns.AddRow(Terminal.Escape(column.Name), PlanWords.Number(column.Value));
            terminal.Console.Write(columns);
        }

        Table assumptions = Grid("rests on", "", "from");
        foreach (PlanAssumption one in plan.Assumptions)
            assumptions.AddRow(Terminal.Escape(one.What), PlanWords.Number(one.Value), Terminal.Escape(one.From));
        if (plan.Assumptions.Count > 0)
            terminal.Console.Write(assumptions);
        foreach (string sentence in Sentences(plan))
            terminal.Output.WriteLine(sentence);
    }

    /// <summary>Machines in words.</summary>
    public static string MachinesOf(PlanMachines machines)
    {
        string devices = machines.Gpus == 0 ? "" : $" and {machines.Gpus} device{(machines.Gpus == 1 ? "" : "s")}";
        return $"{machines.Nodes} node{(machines.Nodes == 1 ? "" : "s")} of {machines.Cores} cores{devices}";
    }

    /// <summary>What intervals mean, what was looked at, and what is not there.</summary>
    public static IEnumerable<string> Sentences(Plan plan)
    {
        string percent = (100 * plan.Confidence).ToString("F0", CultureInfo.InvariantCulture);
        if (plan.Sample is { } sample)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"Measured on {sample.Documents:N0} of {sample.CorpusDocuments:N0} documents ({sample.TargetTokens:N0} target tokens, seed {sample.Seed}) in {sample.Rounds} rounds on {plan.Measurer}, {plan.MeasurerCores} cores.");
            yield return $"In brackets: {percent} % intervals, by drawing the sample's documents and a round of the timing again. They hold for machines like this one and text like the sample; what is assumed has the range that is named, and no confidence.";
        }

        if (plan.Machines.Nodes > 1)
            yield return "Each node works on a part of the corpus (`pta store split`) in one process; training runs on one device.";
        yield return "Hours do not include waiting for disks: files are thought to come and go as fast as they are used.";
        foreach (string sentence in plan.LeftOut)
            yield return "Left out: " + sentence;
    }

    private static Table StagesOf(PlanForecast forecast)
    {
        Table table = Grid("stage", "tokens", "disk", "CPU hours", "GPU hours", "by the clock", "from");
        foreach (PlanRow row in forecast.Rows)
        {
            table.AddRow(
                Terminal.Escape(row.Model is null ? row.Stage : $"{row.Stage} {row.Model}"), PlanWords.Tokens(row.Tokens), PlanWords.Bytes(row.DiskBytes), PlanWords.Hours(row.CpuHours),
                PlanWords.Hours(row.GpuHours), PlanWords.Clock(row.WallHours), Terminal.Escape(row.From));
        }

        return table;
    }

    private static Table Grid(string first, params string[] others)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(first);
        foreach (string name in others)
            table.AddColumn(name == "from" ? new TableColumn(name) : new TableColumn(name).RightAligned());
        return table;
    }
}
