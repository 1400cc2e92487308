using System.CommandLine;
using PtaKernels.Cli;
using PtaKernels.Cli.Bench;

namespace PtaKernels.CorpusBench;

/// <summary><c>pta-corpus plan</c>: forecasts of <c>pta plan</c> against what then comes.</summary>
internal static class PlanCheckCommand
{
    private static readonly ReadmeBlock Block = new("plan");

    /// <summary>The verb that measures.</summary>
    public static Verb Create()
    {
        Option<string> data = RunCommand.Data(), results = new("--results") { Description = "the JSON file for forecasts and what came", HelpName = "file", Required = true };
        var presets = new Option<string>("--presets") { Description = "presets; the last one is trained on as well, and is the scale's; default reference,fusion", HelpName = "list", DefaultValueFactory = static _ => "reference,fusion" };
        var sample = ValueOption.Number("--sample", "share of the documents that the plan may look at", 0.01);
        var rounds = ValueOption.Count("--rounds", "runs of each stage", 3);
        var former = new Option<string?>("--former") { Description = "results of `run` whose bytes per token are compared as well", HelpName = "file" };
        var scale = new Option<string>("--scale") { Description = "what README's table is for, as options of `pta plan`", HelpName = "options", DefaultValueFactory = static _ => "--tokens 1G,10G,100G,1T --nodes 8 --cores 64 --gpus 8 --device h100 --target-model 7G --source-model 7G" };
        var verb = new Verb("plan", "Plan from a sample of a corpus, then import, align, pack and train for real, and compare.", "pta-corpus plan --data artifacts/corpus --sample 0.01 --results perf/results/MACHINE/DATE-plan.json") { data, results, presets, sample, rounds, former, scale };
        verb.TimeToStop = TimeSpan.FromMinutes(5);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            PlanCheckResults measured = new PlanCheckRun
            {
                Corpus = Path.GetFullPath(parse.GetValue(data)!),
                Presets = parse.GetValue(presets)!.Split(','),
                Sample = parse.GetValue(sample),
                Rounds = Math.Max(1, parse.GetValue(rounds)),
                Scale = parse.GetValue(scale)!.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                Former = parse.GetValue(former),
                Command = FormattableString.Invariant($"scripts/plan-check --sample {parse.GetValue(sample)} --presets {parse.GetValue(presets)} --rounds {parse.GetValue(rounds)}"),
                Notice = line => terminal.Errors.WriteLine(line),
            }.Run(cancellation);
            measured.Write(parse.GetValue(results)!);
            terminal.Output.Write(PlanCheckTable.ChecksOf(measured));
            return 0;
        }, cancellation));
        return verb;
    }

    /// <summary>The verb that tells.</summary>
    public static Verb CreateReport()
    {
        var results = new Argument<string>("results") { Description = "what `plan` found", HelpName = "file" };
        var readme = new Option<bool>("--readme") { Description = "write the block of README.md, between <!-- plan:begin --> and <!-- plan:end -->" };
        var verb = new Verb("plan-report", "Print forecasts beside what came.", "pta-corpus plan-report perf/results/MACHINE/DATE-plan.json --readme") { results, readme };
        verb.SetAction(parse =>
        {
            PlanCheckResults found = PlanCheckResults.Read(parse.GetValue(results)!);
            parse.InvocationConfiguration.Output.Write(PlanCheckTable.ChecksOf(found) + "\n" + PlanCheckTable.ToMarkdown(found));
            if (parse.GetValue(readme))
                Block.Rewrite(Path.Combine(RepositoryFolder.Find() ?? ".", "README.md"), () => PlanCheckTable.ToMarkdown(found));
            return 0;
        });
        return verb;
    }
}
