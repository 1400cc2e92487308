using System.CommandLine;
using PtaKernels.Corpus;
using PtaKernels.Pipeline;
using Spectre.Console;

namespace PtaKernels.Cli;

/// <summary><c>pta why</c>: which sources and rules helped or hurt a student, on which text.</summary>
internal static class WhyCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var folder = new Argument<string>("run") { Description = "the output of a `pta fuse`", HelpName = "folder" };
        var student = new Option<string?>("--student") { Description = "which student; default: the first", HelpName = "name" };
        var documents = new Option<string?>("--documents") { Description = "ask about this text, best one that no model was trained on; default: the run's own. " + TextDocument.Formats, HelpName = "path" };
        var domain = new Option<string?>("--domain-field") { Description = "field of the documents that names their domain; default: that of the run's evaluation, where they have it", HelpName = "field" };
        var top = ValueOption.Count("--top", "passages shown that gained and that lost most", 5);
        var output = new Option<string?>("--out") { Description = "also write a page, its figures as JSON and a line for every token to this folder", HelpName = "folder" };
        var verb = new Verb(
            "why", "Where every fused row came from, joined with the loss of the token that it predicts, before and after: which sources and rules helped or hurt, on which text.",
            "pta why fused/ --documents heldout.jsonl --domain-field language",
            "pta why fused/ --student published --top 20 --out why/")
        {
            folder, student, documents, domain, top, output, common.Backend, common.Json,
        };
        verb.TimeToStop = TimeSpan.FromMinutes(1); // the batch at work
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            IKernelBackend backend = common.OpenBackend(parse);
            FinishedRun run = FinishedRun.Open(parse.GetValue(folder)!, backend, terminal.Notice);
            SetupTorchCommand.Ensure(terminal, again: false, cancellation);
            var request = new WhyRequest { Student = parse.GetValue(student), Documents = parse.GetValue(documents), DomainField = parse.GetValue(domain), Top = parse.GetValue(top) };
            WhyAnalysis analysis = WhyAnalysis.Open(run, request, backend, new FuseProgress(terminal));
            using WhyWriter? writer = parse.GetValue(output) is { } to ? new WhyWriter(to, run.Target.Encoder.Vocabulary, analysis.Sources) : null;
            WhyReport report = analysis.Run(writer is null ? null : writer.Add, cancellation);
            IReadOnlyList<string> written = writer?.Finish(report) ?? [];
            if (parse.GetValue(common.Json))
                terminal.WriteJson(report);
            else
                Print(terminal, WhyBlocks.Of(report), written);
            return 0;
        }, cancellation));
        return verb;
    }

    private static void Print(Terminal terminal, IReadOnlyList<ReportBlock> blocks, IReadOnlyList<string> written)
    {
        foreach (ReportBlock block in blocks)
        {
            switch (block)
            {
                case HeadingBlock heading:
                    terminal.Output.WriteLine();
                    terminal.Line($"[bold]{Terminal.Escape(heading.Text)}[/]");
                    break;
                case TextBlock text:
                    terminal.Output.WriteLine(text.Text);
                    break;
                case FiguresBlock table:
                    terminal.Console.Write(TableOf(table));
                    break;
                case CodeBlock code:
                    terminal.Output.WriteLine();
                    terminal.Output.WriteLine(code.Summary);
                    terminal.Output.WriteLine(code.Text);
                    break;
            }
        }

        foreach (string file in written)
            terminal.Output.WriteLine(file);
    }

    private static Table TableOf(FiguresBlock block)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns([.. block.Columns.Select(Terminal.Escape)]);
        foreach (TableColumn column in table.Columns.Skip(1))
            column.RightAligned();
        foreach (string[] row in block.Texts)
            table.AddRow([.. row.Select(Terminal.Escape)]);
        return table;
    }
}
