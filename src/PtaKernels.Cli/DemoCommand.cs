using System.CommandLine;
using PtaKernels.Cli.Bench;
using PtaKernels.Cli.Demo;
using PtaKernels.Corpus;
using PtaKernels.Demo;
using PtaKernels.Pipeline;

namespace PtaKernels.Cli;

/// <summary><c>pta demo</c>: small real models fused on real text, and what that gained.</summary>
internal static class DemoCommand
{
    private const string DefaultFolder = "pta-demo";

    private static readonly ReadmeBlock Table = new("demo");

    public static Command Create()
    {
        var common = new CommonOptions();
        var output = new Option<string>("--out") { Description = $"folder for texts, models, report and pictures; finished stages in it are not run again; default {DefaultFolder}", HelpName = "folder", DefaultValueFactory = static _ => DefaultFolder };
        var samples = SamplesOption();
        var reduced = new Option<bool>("--reduced") { Description = "less text, and only the preset fusion beside the control" };
        var fromScratch = new Option<bool>("--from-scratch") { Description = "also train the two teachers, instead of taking those of the samples; about ten minutes more" };
        var seed = ValueOption.Count("--seed", "first weights of the target, and orders", DemoSize.Full.Seed);
        var readme = new Option<string?>("--readme") { Description = "run nothing; write the table of this report.json into the repository's README.md", HelpName = "file" };
        var verb = new Verb(
            "demo", "Fuse two small teachers into a smaller target with another tokenizer, on real text, and show what that gained: start here.",
            "pta demo",
            "pta demo --out artifacts/demo --seed 2",
            "pta demo alignment")
        {
            output, samples, reduced, fromScratch, seed, common.Backend, common.Json, readme,
        };
        verb.Subcommands.Add(AlignmentDemo.Create());
        verb.Subcommands.Add(CreateTexts());
        verb.TimeToStop = TimeSpan.FromMinutes(1); // the training step at work, and its checkpoint
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            if (parse.GetValue(readme) is { } report)
            {
                Table.Rewrite(Path.Combine(RepositoryFolder.Find() ?? ".", "README.md"), () => FusionReportWriter.ToMarkdownTable(FusionReportWriter.Read(report)));
                return 0;
            }

            var terminal = Terminal.Of(parse);
            SetupTorchCommand.Ensure(terminal, again: false, cancellation);
            DemoSize size = (parse.GetValue(reduced) ? DemoSize.Reduced : DemoSize.Full) with { Seed = parse.GetValue(seed) };
            string folder = Path.GetFullPath(parse.GetValue(output)!);
            var demo = new FusionDemo(Path.GetFullPath(Path.Combine(DemoSamples.Folder(parse.GetValue(samples)), "demo")), folder, size, common.OpenBackend(parse), new FuseProgress(terminal));
            (FuseRun run, FuseOutcome outcome) = demo.Run(parse.GetValue(fromScratch), cancellation);
            FuseResult.Write(terminal, run, FuseReport.Of(outcome, FusionDemo.Title, FusionDemo.Conclusions), parse.GetValue(common.Json));
            return 0;
        }, cancellation));
        return verb;
    }

    private static Option<string?> SamplesOption() => new("--samples") { Description = "folder of the samples; default: samples/ here or above", HelpName = "dir" };

    private static Verb CreateTexts()
    {
        var output = new Option<string>("--out") { Description = "folder to write to", HelpName = "folder", Required = true };
        var verb = new Verb("texts", "Write the demonstration's texts, all of them: one file of JSON lines and one of plain lines per part.", "pta demo texts --out texts/") { output };
        verb.SetAction(parse =>
        {
            string folder = parse.GetValue(output)!;
            Directory.CreateDirectory(folder);
            foreach (IGrouping<string, DemoDocument> part in DemoCorpus.Split(ReferenceTexts.Read(ReferenceTexts.FindPacks())))
            {
                DemoCorpus.Write(Path.Combine(folder, part.Key + ".jsonl"), part);
                using var file = new AtomicFile(Path.Combine(folder, part.Key + ".txt"), replace: true);
                foreach (DemoDocument document in part)
                    file.Stream.Write(System.Text.Encoding.UTF8.GetBytes(document.Text + "\n"));
                file.Commit();
            }

            return 0;
        });
        return verb;
    }
}
