using System.CommandLine;
using PtaKernels.Cli.Verify;

namespace PtaKernels.Cli;

/// <summary><c>pta verify</c>: golden files of the official code against a backend.</summary>
internal static class VerifyCommand
{
    private const int Skips = 3;

    public static Command Create()
    {
        var common = new CommonOptions();
        var golden = new Option<string>("--golden") { Description = "folder of golden files (align.*, dtw.*, sinkhorn.*, ...)", HelpName = "dir", Required = true };
        var vocabularies = new Option<string?>("--vocab") { Description = "folder of vocabularies, NAME.json or NAME.json.gz; default: DIR/vocab", HelpName = "dir" };
        var allowSkips = new Option<bool>("--allow-skips") { Description = "rows that cannot be checked here are no failure" };
        var verb = new Verb(
            "verify", "Check a backend against golden files made by the official code; exit status 1 on a failure, 2 without golden files, 3 on skipped rows.",
            "pta verify --golden tests/golden --vocab samples/vocab --allow-skips",
            "pta verify --golden tests/golden --vocab samples/vocab --backend reference --allow-skips --json")
        {
            golden, vocabularies, common.Backend, allowSkips, common.Json,
        };
        verb.SetAction(parse => Run(
            Terminal.Of(parse), parse.GetValue(golden)!, parse.GetValue(vocabularies), common.OpenBackend(parse), parse.GetValue(allowSkips), parse.GetValue(common.Json)));
        return verb;
    }

    private static int Run(Terminal terminal, string golden, string? vocabularies, IKernelBackend backend, bool allowSkips, bool json)
    {
        if (!Directory.Exists(golden))
        {
            terminal.Errors.WriteLine($"pta: {golden}: no such folder.");
            return Program.Usage;
        }

        var context = new GoldenContext(backend, new VocabularyFolder(vocabularies ?? Path.Combine(golden, "vocab")), golden);
        var run = new GoldenRun(context, json ? TextWriter.Null : terminal.Output, terminal.Errors);
        run.Run(golden);
        if (run.Files == 0)
        {
            terminal.Errors.WriteLine($"pta: {golden} holds no golden files (align.*.jsonl.gz, dtw.jsonl.gz, sinkhorn.jsonl.gz, ...).");
            return Program.Usage;
        }

        if (json)
        {
            terminal.WriteJson(new
            {
                Backend = backend.Name,
                run.Passed,
                run.Failed,
                run.Skipped,
                Files = run.Results.Select(static r => new { r.File, r.Passed, r.Failed, r.Skipped }),
            });
        }
        else
        {
            terminal.Output.WriteLine($"{run.Passed} passed, {run.Failed} failed{(run.Skipped > 0 ? $", {run.Skipped} skipped" : "")}");
        }

        if (run.Failed > 0)
            return Program.Failed;
        if (run.Skipped == 0 || allowSkips)
            return 0;
        terminal.Errors.WriteLine($"pta: {run.Skipped} rows were skipped; add --allow-skips to accept that.");
        return Skips;
    }
}
