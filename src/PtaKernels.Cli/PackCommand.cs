using System.CommandLine;
using System.Diagnostics;
using PtaKernels.Corpus.Parts;
using PtaKernels.Text;
using PtaKernels.Training;

namespace PtaKernels.Cli;

/// <summary><c>pta pack</c>: aligned documents in, sequences for training out.</summary>
internal static class PackCommand
{
    public static Command Create()
    {
        var input = new Option<string>("--in") { Description = "what pta align wrote: a store, JSON lines (plain or .gz), Parquet or a dataset folder, each split for itself", HelpName = "path", Required = true };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "--in holds texts (field text), to be encoded by this: " + VocabularyFile.Formats, HelpName = "path" };
        var output = new Option<string>("--out") { Description = "the packed dataset, a folder", HelpName = "folder", Required = true };
        var length = new Option<int>("--length") { Description = "positions of a sequence", HelpName = "N", DefaultValueFactory = static _ => 2048 };
        var preset = new Option<string>("--preset")
        {
            Description = $"reference packs official columns as the official code does; the others pack fused rows, documents kept apart [{string.Join(" | ", AlignmentPreset.Names)}]",
            HelpName = "name",
            DefaultValueFactory = static _ => AlignmentPreset.Default,
        };
        preset.AcceptOnlyFromAmong([.. AlignmentPreset.Names]);
        var batch = new Option<int>("--pack-batch") { Description = "reference: documents of a batch, whose rest becomes a short block", HelpName = "N", DefaultValueFactory = static _ => 1000 };
        var filter = new Option<bool>("--filter-nan") { Description = "reference: leave out documents with a metric that is not a number" };
        var level = new Option<string>("--metric-level") { Description = "reference: what metrics belong to; token is refused, since the official code stops with an error there", HelpName = "sequence", DefaultValueFactory = static _ => Sequence };
        var force = new Option<bool>("--force") { Description = "replace an existing output" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var verb = new Verb(
            "pack", "Pack aligned documents, or plain texts, into sequences of one length, for pta train.",
            "pta pack --in aligned.jsonl.gz --out packed --length 2048",
            "pta pack --in aligned.store --out packed --shards 16 --shard 3",
            "pta pack --in corpus.jsonl --tokenizer student/ --out packed --length 512",
            "pta pack --in aligned/ --out packed --length 512 --force --json",
            "pta pack --preset reference --in aligned-reference/ --out packed-reference --filter-nan")
        {
            input, tokenizer, output, length, preset, batch, filter, level, force, json,
        };
        var shards = new ShardOptions();
        shards.AddTo(verb);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            bool official = parse.GetValue(preset) == "reference";
            if (parse.GetValue(level) != Sequence)
                throw new ArgumentException($"--metric-level {parse.GetValue(level)} is refused: only {Sequence} works; at level token the official code stops with an error, because it changes a dictionary while it goes through it.");
            Option? needless = official ? null : new Option[] { batch, filter, level }.FirstOrDefault(o => parse.GetResult(o) is { Implicit: false });
            if (needless is not null)
                throw new ArgumentException($"{needless.Name} is about --preset reference; leave it out, or name that preset.");
            CorpusPart? part = shards.Of(parse);
            string path = ShardOptions.NameOf(parse.GetValue(output)!, part);
            TextEncoder? encoder = parse.GetValue(tokenizer) is { } own ? TextEncoder.Load(own) : null;
            PackingRun RunWith(Action<long, double>? progress) => new()
            {
                InputPath = parse.GetValue(input)!,
                Encoder = encoder,
                OutputPath = path,
                Part = part,
                Replace = parse.GetValue(force),
                Length = parse.GetValue(length),
                Official = official,
                BatchSize = parse.GetValue(batch),
                FilterNaN = parse.GetValue(filter),
                Progress = progress,
            };
            return ShardOptions.Run(terminal, path, part is null || parse.GetValue(force) ? null : () => RunWith(null).IsFinished, parse.GetValue(json), () =>
            {
                PackingReport? report = null;
                var clock = Stopwatch.StartNew();
                ProgressReport.Run(terminal, "packing", "tokens", progress => report = RunWith(progress).Run(cancellation));
                Summarise(terminal, report!, path, clock.Elapsed.TotalSeconds, parse.GetValue(json));
                return 0;
            });
        }, cancellation));
        return verb;
    }

    private const string Sequence = "sequence";

    private static void Summarise(Terminal terminal, PackingReport report, string path, double seconds, bool asJson)
    {
        double full = report.Positions / (double)report.Room, taught = report.Taught / (double)report.Positions;
        if (asJson)
        {
            terminal.WriteJson(new
            {
                Out = path,
                report.Documents,
                report.Filtered,
                report.Cut,
                report.Tokens,
                report.Sequences,
                Full = Math.Round(full, 6),
                report.Labelled,
                report.Taught,
                Seconds = Math.Round(seconds, 3),
            });
            return;
        }

        terminal.Output.WriteLine(FormattableString.Invariant(
            $"{path}: {report.Documents} documents, {report.Tokens} tokens in {report.Sequences} sequences, {full:P1} full, {taught:P1} of the positions with a distribution, {seconds:F1} s"));
        if (report.Cut > 0)
            terminal.Errors.WriteLine($"notice: {report.Cut} documents are longer than a sequence and were cut.");
        if (report.Filtered > 0)
            terminal.Errors.WriteLine($"notice: {report.Filtered} documents were left out, with a metric that is not a number.");
    }
}
