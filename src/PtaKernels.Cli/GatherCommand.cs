using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PtaKernels.Cli.Stores;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Parts;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Cli;

/// <summary><c>pta gather</c>: what the shards of a run wrote becomes one output.</summary>
internal static class GatherCommand
{
    private const string Aside = ".damaged";

    public static Command Create()
    {
        var output = new Argument<string>("out") { Description = "the output: what every shard was given as --out" };
        var shards = new Option<int>("--shards") { Description = "how many shards there are", HelpName = "N", Required = true };
        var check = new Option<bool>("--check") { Description = "only look at the parts, and leave damaged ones where they are" };
        var force = new Option<bool>("--force") { Description = "replace an existing output, and what another stopped run left" };
        var report = new Option<string?>("--report") { Description = "also write the report of all shards of an alignment as JSON", HelpName = "file" };
        var workers = new Option<int>("--workers") { Description = "items worked on at a time; default: one for each core", HelpName = "N" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var verb = new Verb(
            "gather",
            "Look at every byte of what the shards of pta align, pta capture or pta pack wrote, and join it into one output. Shards that are missing or damaged are printed as a list for another array of tasks, with exit code 1.",
            "pta gather aligned.store --shards 64", "pta gather aligned.store --shards 64 --check --json")
        {
            output, shards, check, force, report, workers, json,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            return StoreCommand.Run(terminal, () =>
            {
                bool asJson = parse.GetValue(json);
                PartSet? parts = null;
                ProgressReport.Run(terminal, "checking", "shards", (Action<long, double> progress) => parts = PartSet.Look(parse.GetValue(output)!, parse.GetValue(shards), progress, cancellation));
                if (parts!.Lacking.Count > 0)
                    return Lack(terminal, parts, putAside: !parse.GetValue(check), asJson);
                if (parse.GetValue(check))
                    return Whole(terminal, parts, asJson);
                using AtomicFile? reportFile = parse.GetValue(report) is { } file ? new AtomicFile(file, replace: true) : null;
                if (reportFile is not null && parts.Stores.Count == 0)
                    throw new ArgumentException("--report is about shards of pta align; leave it out.");
                return parts.Stores.Count > 0
                    ? GatherStore(terminal, parts, parse.GetValue(force), parse.GetValue(workers), reportFile, asJson, cancellation)
                    : GatherDataset(terminal, parts, parse.GetValue(force), asJson, cancellation);
            }, cancellation);
        }, cancellation));
        return verb;
    }

    /// <summary>Says what to run again. A damaged part is renamed, so that its task does not take it for finished.</summary>
    private static int Lack(Terminal terminal, PartSet parts, bool putAside, bool asJson)
    {
        string array = string.Join(',', parts.Lacking.Select(static l => l.Index.ToString(CultureInfo.InvariantCulture)));
        (LackingPart Part, string? Aside)[] lacking = [.. parts.Lacking.Select(l => (l, putAside && l.IsDamaged ? PutAside(l.Path) : null))];
        if (asJson)
        {
            terminal.WriteJson(new
            {
                Out = parts.Output, Shards = parts.Count, Whole = false, Array = array, Lacking = lacking.Select(static l => new { Shard = l.Part.Index, l.Part.Path, l.Part.Damage, l.Aside }),
            });
            return Program.Failed;
        }

        foreach ((LackingPart part, string? aside) in lacking)
            terminal.Errors.WriteLine($"pta: {part.Path}: {part.Damage}{(aside is null ? "" : $"; it is {Path.GetFileName(aside)} now")}.");
        terminal.Errors.WriteLine($"pta: {parts.Output}: {lacking.Length} of {parts.Count} shards are missing or damaged; run them again, in an array of these:");
        terminal.Output.WriteLine(array);
        return Program.Failed;
    }

    private static string PutAside(string path)
    {
        string aside = path + Aside;
        if (Directory.Exists(aside))
            Directory.Delete(aside, recursive: true);
        Directory.Move(path, aside);
        return aside;
    }

    private static int Whole(Terminal terminal, PartSet parts, bool asJson)
    {
        if (asJson)
            terminal.WriteJson(new { Out = parts.Output, Shards = parts.Count, Whole = true });
        else
            terminal.Errors.WriteLine($"{parts.Output}: all {parts.Count} shards are whole, and of one run.");
        return 0;
    }

    private static int GatherStore(Terminal terminal, PartSet parts, bool replace, int workers, AtomicFile? reportFile, bool asJson, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        StoreTotals? totals = null;
        var gather = new StoreGather { Parts = parts, Replace = replace, Workers = workers, Notice = terminal.Notice };
        bool finished = !replace && gather.IsFinished;
        if (finished)
            totals = new StoreReader(parts.Output).Totals;
        else
            ProgressReport.Run(terminal, "gathering", "tokens", (Action<RunProgress> progress) => totals = gather.Run(progress, cancellation));
        AlignmentOptions options = OptionsOf(gather.Header);
        var summary = new RunSummary(gather.Report, [.. gather.Header.Sources!.Select(static s => s.Name)], gather.Header.SourceOrder!, options, clock.Elapsed);
        if (reportFile is not null)
        {
            JsonSerializer.Serialize(reportFile.Stream, summary.Json, Terminal.JsonOptions);
            reportFile.Commit();
        }

        if (finished)
            terminal.Notice($"{parts.Output}: was gathered already.");
        StoreCommand.Summarise(terminal, parts.Output, totals!, clock.Elapsed.TotalSeconds, asJson);
        if (gather.Report.Warning is { } warning)
            terminal.Errors.WriteLine("warning: " + warning);
        return 0;
    }

    private static int GatherDataset(Terminal terminal, PartSet parts, bool replace, bool asJson, CancellationToken cancellation)
    {
        var gather = new DatasetGather { Parts = parts, Replace = replace };
        if (!replace && gather.IsFinished)
            terminal.Notice($"{parts.Output}: was gathered already.");
        else
            gather.Run(cancellation);
        if (asJson)
            terminal.WriteJson(new { Out = parts.Output, Shards = parts.Count, gather.Sums });
        else
            terminal.Output.WriteLine($"{parts.Output}: {parts.Count} shards: {string.Join(", ", gather.Sums.Select(static s => FormattableString.Invariant($"{s.Value:0.##} {s.Key.ToLowerInvariant()}")))}");
        return 0;
    }

    /// <summary>The switches that a store notes.</summary>
    private static AlignmentOptions OptionsOf(StoreHeader header)
    {
        AlignmentOptions options = AlignmentPreset.Named(AlignmentPreset.Default);
        foreach (AlignmentSwitch one in AlignmentSwitches.All)
        {
            if (header.Producer.Options.GetValueOrDefault(one.Name) is { } value)
                one.Set(ref options, value);
        }

        return options;
    }
}
