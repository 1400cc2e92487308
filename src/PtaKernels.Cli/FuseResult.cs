using System.Globalization;
using PtaKernels.Pipeline;
using Spectre.Console;

namespace PtaKernels.Cli;

/// <summary>A fusion's report: its files, and the table of it in the terminal.</summary>
internal static class FuseResult
{
    /// <summary>Writes the report's folder, and prints it.</summary>
    public static void Write(Terminal terminal, FuseRun run, FusionReport report, bool json)
    {
        FusionReportWriter.Write(report, run.ReportFolder);
        if (json)
        {
            terminal.Output.WriteLine(FusionReportWriter.ToJson(report));
            return;
        }

        if (report.Domains.Count > 0)
            terminal.Console.Write(TableOf(report));
        foreach (ReportStudent student in report.Students.Where(static s => s.HasWorseRows))
            terminal.Errors.WriteLine($"warning: {student.Name}: fused rows name the next token less often than the target's own do; such a fusion teaches nothing.");
        foreach (string warning in report.Warnings)
            terminal.Notice(warning);
        terminal.Output.WriteLine(string.Join(' ', report.Conclusions));
        double all = report.Stages.Sum(static s => s.Seconds), aligning = report.Stages.Where(static s => s.IsAlignment).Sum(static s => s.Seconds);
        terminal.Output.WriteLine(FormattableString.Invariant($"Stages took {all:F0} s, alignment {aligning:F1} s of it ({100 * aligning / Math.Max(1e-9, all):F1} %)."));
        foreach (ReportStudent student in report.Students.Where(static s => s.Preset is not null))
            terminal.Output.WriteLine($"{student.Name}: {run.ModelOf(student.Name)}");
        terminal.Output.WriteLine($"Report: {Path.Combine(run.ReportFolder, "report.html")}");
        terminal.Output.WriteLine($"`pta report {Path.GetDirectoryName(run.ReportFolder)}` takes the alignment apart: presets step by step, and documents to look into.");
    }

    private static Table TableOf(FusionReport report)
    {
        bool controlled = report.Control is not null;
        Table table = new Table().Border(TableBorder.Simple).AddColumn("model");
        foreach (string domain in report.Domains)
            table.AddColumn(new TableColumn($"{Terminal.Escape(domain)}\nbits/byte").RightAligned());
        foreach (string domain in report.Domains)
            table.AddColumn(new TableColumn($"{Terminal.Escape(domain)}\n{(controlled ? "to control" : "to start")} ± s.e.").RightAligned());
        foreach (string title in (string[])["rows\ntaught", "fused\ntop-1", "own\ntop-1", "signal\nkept"])
            table.AddColumn(new TableColumn(title).RightAligned());
        foreach (ReportModel model in report.Sources.Prepend(report.Target))
            Row(model.Name == report.Target.Name ? "target before" : model.Name, model.BitsPerByte, [], null);
        foreach (ReportStudent student in report.Students.OrderByDescending(static s => s.Preset is null))
            Row(student.Name, student.BitsPerByte, controlled ? student.AgainstControl : student.AgainstStart, student);
        return table;

        void Row(string name, IReadOnlyDictionary<string, double> bits, IReadOnlyList<ReportDifference> differences, ReportStudent? student)
        {
            List<string> cells = [name];
            cells.AddRange(report.Domains.Select(d => bits.TryGetValue(d, out double value) ? Text($"{value:F4}") : ""));
            cells.AddRange(report.Domains.Select(d => differences.FirstOrDefault(x => x.Domain == d) is { } one ? Text($"{one.Difference:+0.0000;-0.0000} ± {one.StandardError:F4}") : ""));
            cells.AddRange(new[] { student?.Coverage, student?.GoldTop1, student?.TargetTop1, student?.SignalKept }.Select(static v => v?.ToString("F3", CultureInfo.InvariantCulture) ?? ""));
            table.AddRow([.. cells.Select(Terminal.Escape)]);
        }

        static string Text(FormattableString text) => FormattableString.Invariant(text);
    }
}
