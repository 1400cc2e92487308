using System.CommandLine;
using System.Diagnostics;
using PtaKernels.Corpus.Export;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Cli.Stores;

/// <summary><c>pta store export</c>: a store as dataset folder, Parquet or JSON lines.</summary>
internal static class StoreExportCommand
{
    public static Command Create()
    {
        var input = new Argument<string>("store") { Description = "the store" };
        var output = new Option<string>("--out") { Description = "NAME.parquet, NAME.jsonl, NAME.jsonl.gz, or else a dataset folder with the columns of the official code", HelpName = "path", Required = true };
        var target = new Option<string?>("--target") { Description = "aligned documents: the target's own store, whose candidates are written beside the fused rows; pta pack and the official code read folders and Parquet that have them", HelpName = "store" };
        var values = ValueOption.OneOf("--values", "teachers: type of per_step_logits in folders and Parquet; auto: as stored", "auto", "float16", "float32", "float64");
        var force = new Option<bool>("--force") { Description = "replace an existing output" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var verb = new Verb(
            "export", "Write a store as a Hugging Face dataset folder, as Parquet or as JSON lines.",
            "pta store export teacher.store --out official/", "pta store export teacher.store --out teacher.parquet", "pta store export aligned.store --target target.store --out aligned/")
        {
            input, output, target, values, force, json,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            StoreReader reader = StoreCommand.Open(parse.GetValue(input)!);
            string path = parse.GetValue(output)!;
            string? own = parse.GetValue(target);
            if (own is not null && reader.Header.Kind == StoreKind.Teacher)
                throw new ArgumentException($"--target names the target's store of aligned documents, and {reader.Path} is a teacher's.");
            ExportReport? report = null;
            var clock = Stopwatch.StartNew();
            ProgressReport.Run(terminal, "exporting", "documents", (Action<long, double> progress) => report = reader.Header.Kind == StoreKind.Teacher
                ? new TeacherExport
                {
                    Input = reader,
                    OutputPath = path,
                    Replace = parse.GetValue(force),
                    Values = parse.GetValue(values) switch { "float16" => ExportValues.Float16, "float32" => ExportValues.Float32, "float64" => ExportValues.Float64, _ => ExportValues.Auto },
                    Progress = progress,
                }.Run(cancellation)
                : new AlignedExport { Input = reader, Target = own is null ? null : StoreCommand.Open(own), OutputPath = path, Replace = parse.GetValue(force), Progress = progress }.Run(cancellation));
            if (parse.GetValue(json))
                terminal.WriteJson(new { Out = path, report!.Documents, report.Tokens, Seconds = Math.Round(clock.Elapsed.TotalSeconds, 3) });
            else
                terminal.Output.WriteLine(FormattableString.Invariant($"{path}: {report!.Documents} documents, {report.Tokens} tokens, {clock.Elapsed.TotalSeconds:F1} s"));
            return 0;
        }, cancellation));
        return verb;
    }
}
