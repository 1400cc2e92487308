using PtaKernels.Pipeline;
using PtaKernels.Training;
using Spectre.Console;

namespace PtaKernels.Cli;

/// <summary>A fusion's result in the terminal.</summary>
internal static class FuseResult
{
    public static void Write(Terminal terminal, FuseRun run, FuseOutcome outcome, string? conclusion, bool json)
    {
        string[] domains = outcome.Before!.Domains;
        ModelScores control = outcome.Students[^1].Scores!;
        var table = new Table().Border(TableBorder.Simple).AddColumns(["model", .. domains, .. domains.Select(static d => "Δ " + d), "coverage", "top-1", "own", "signal"]);
        void Row(string name, ModelScores scores, AlignOutcome? a)
        {
            List<string> cells = [name];
            cells.AddRange(domains.Select(d => $"{DomainScore.Of(scores.Of(d)).BitsPerByte:F4}"));
            cells.AddRange(domains.Select(d => BootstrapResult.Of(control.Of(d), scores.Of(d), 1000) is var b ? $"{b.Difference:+0.0000;-0.0000} ± {(b.High - b.Low) / 3.92:F4}" : ""));
            cells.AddRange([$"{a?.Coverage:F3}", $"{a?.GoldTop1:F3}", $"{a?.TargetTop1:F3}", $"{a?.SignalKept:F3}"]);
            table.AddRow([.. cells.Select(Terminal.Escape)]);
        }

        Row("before", outcome.Before, null);
        foreach ((FuseModel s, ModelScores? scores) in outcome.Sources.Zip(outcome.SourceScores))
            Row(s.Name, scores!, null);
        foreach (StudentOutcome s in outcome.Students)
            Row(s.Student.Name, s.Scores!, s.Aligned);
        terminal.Console.Write(table);
        _ = (run, json);
        terminal.Output.WriteLine(conclusion);
    }
}
