using System.CommandLine;
using PtaKernels.Pipeline;

namespace PtaKernels.Cli;

/// <summary><c>pta report</c>: what an alignment did, what it kept and what it taught, on one page.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var folder = new Argument<string>("run") { Description = "the output of a `pta fuse`", HelpName = "folder" };
        var output = new Option<string?>("--out") { Description = "folder for the report; default: report in the run's folder", HelpName = "folder" };
        var verb = new Verb(
            "report", "One page on a run: coverage, certificates, teacher signal, presets step by step, what training gave, documents to look into.",
            "pta report fused/")
        {
            folder, output, common.Backend, common.Json,
        };
        verb.SetAction(parse =>
        {
            var terminal = Terminal.Of(parse);
            string run = parse.GetValue(folder)!;
            RunReport report = RunAnalysis.Of(FinishedRun.Open(run, common.OpenBackend(parse), terminal.Notice));
            string to = parse.GetValue(output) ?? Path.Combine(run, "report");
            RunReportWriter.Write(report, to);
            terminal.Output.WriteLine(parse.GetValue(common.Json) ? RunReportWriter.ToJson(report) : $"Report: {Path.Combine(to, RunReportWriter.FileName + ".html")}");
            return 0;
        });
        return verb;
    }
}
