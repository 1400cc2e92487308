using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PtaKernels.Alignment;
using PtaKernels.Cli.Stores;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Parts;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Cli;

/// <summary><c>pta align</c>: documents of a target and its sources in, fused targets out.</summary>
internal static class AlignCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var corpus = new CorpusOptions(required: true);
        var output = new Option<string>("--out") { Description = "the aligned documents, in the form of the input", HelpName = "path", Required = true };
        var force = new Option<bool>("--force") { Description = "replace an existing output" };
        var onError = new Option<string>("--on-error") { Description = "bad documents end the run, or go to OUT.quarantine.jsonl (a store's own quarantine-N.jsonl) with their reason [stop | quarantine]", HelpName = "value", DefaultValueFactory = static _ => "stop" };
        onError.AcceptOnlyFromAmong("stop", "quarantine");
        var order = new Option<string?>("--source-order") { Description = "sources best first, by number from 1, as 2,1; default: by corpus bits per byte", HelpName = "list" };
        var orderOnly = new Option<bool>("--source-order-only") { Description = "print the order of the sources over all documents and write nothing: what several sources' shards must be given" };
        var limit = new Option<long>("--limit") { Description = "only the first N documents (of each split)", HelpName = "N" };
        var sample = new Option<double>("--sample") { Description = "only a random share of the documents, the same ones from every model, as 0.1", HelpName = "share", DefaultValueFactory = static _ => 1 };
        var seed = new Option<long>("--seed") { Description = "which random sample", HelpName = "N" };
        var where = new Option<string?>("--where") { Description = "only documents whose field has this value, in the target's input", HelpName = "column=value" };
        var report = new Option<string?>("--report") { Description = "also write the run report as JSON", HelpName = "file" };
        var verb = new Verb(
            "align", "Align documents: per target position, the sources' next-token distributions over the target's tokens.",
            "pta align --preset reference --target samples/spA.jsonl.gz --target-vocab samples/vocab/spA.json.gz --source samples/gpt2.jsonl.gz --source-vocab samples/vocab/gpt2.json.gz --out aligned.jsonl.gz",
            "pta align --preset reference --target base/ --target-vocab t.json --source src0/ --source src1/ --source-vocab a.json --source-vocab b.json --out aligned/ --sample 0.1 --seed 1",
            "pta align --preset fusion --mass renormalised --fill on --on-error quarantine --target t.jsonl --target-vocab t.json --source a.jsonl --source b.jsonl --source-vocab a.json --source-vocab b.json --out aligned.jsonl")
        {
            output, force, onError, order, orderOnly, limit, sample, seed, where, report, common.Backend, common.Json,
        };
        corpus.AddTo(verb);
        var store = new StoreOptionSet();
        store.AddTo(verb);
        var shards = new ShardOptions();
        shards.AddTo(verb);
        common.AddSwitches(verb);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            AlignmentOptions options = common.OptionsOf(parse);
            string[] files = corpus.SourceFiles(parse);
            CorpusPart? part = parse.GetValue(orderOnly) ? null : shards.Of(parse);
            // A repair names the part itself.
            string path = store.Repairs(parse) ? parse.GetValue(output)! : ShardOptions.NameOf(parse.GetValue(output)!, part);
            int[]? given = ParseOrder(parse.GetValue(order), files.Length);
            if (part is not null)
                AlignShards.Require(corpus.TargetFile(parse), part.Count, parse.GetValue(limit), severalUnordered: files.Length > 1 && given is null && options.Output != OutputUnit.Official);
            StoreProducer producer = part?.Producer ?? StoreOptionSet.ProducerOf(parse);
            Func<bool>? finished = part is null || parse.GetValue(force) || store.Repairs(parse) ? null : () => AlignShards.AreFinished(path, producer, [corpus.TargetFile(parse), .. files]);
            return ShardOptions.Run(terminal, path, finished, parse.GetValue(common.Json), () =>
            {
                List<string> notices = [];
                AlignmentSource[] all = corpus.Open(parse, options, notices.Add);
                IKernelBackend backend = common.OpenBackend(parse);
                DocumentSelection selection = Select(parse.GetValue(limit), parse.GetValue(sample), parse.GetValue(seed), parse.GetValue(where)) with { Part = part is null ? (0, 1) : (part.Index, part.Count) };
                AlignmentRun Prepare(Action<RunProgress>? progress) => new()
                {
                    TargetDocuments = DocumentFiles.Open(corpus.TargetFile(parse)),
                    Target = all[0].Vocabularies.Target,
                    SourceDocuments = [.. files.Select(DocumentFiles.Open)],
                    Sources = all,
                    OutputPath = path,
                    Replace = parse.GetValue(force),
                    OnError = parse.GetValue(onError) == "stop" ? OnError.Stop : OnError.Quarantine,
                    SourceOrder = given,
                    Selection = selection,
                    Repair = store.Repairs(parse),
                    Producer = producer,
                    Store = store.Of(parse),
                    Workers = store.WorkersOf(parse),
                    Progress = progress,
                    Notice = terminal.Notice,
                };
                if (parse.GetValue(orderOnly))
                    return AlignShards.PrintOrder(terminal, given ?? Prepare(null).RankSources(options, cancellation), [.. all.Select(static s => s.Name)], parse.GetValue(common.Json));
                // Opened before the run, so that a report which cannot be written does not cost one.
                using AtomicFile? reportFile = parse.GetValue(report) is { } file ? new AtomicFile(ShardOptions.NameOf(file, part), replace: true) : null;
                AlignmentRunReport? result = null;
                AlignmentRun? run = null;
                var clock = Stopwatch.StartNew();
                try
                {
                    ProgressReport.Run(terminal, "aligning", "tokens", (Action<RunProgress> progress) =>
                    {
                        run = Prepare(progress);
                        result = run.Run(backend, options, cancellation);
                    });
                }
                catch (OperationCanceledException) when (cancellation.IsCancellationRequested && run?.TargetDocuments is StoreReader)
                {
                    terminal.Errors.WriteLine(Program.StoppedBetweenShards);
                    return Program.Cancelled;
                }

                var summary = new RunSummary(result!, [.. all.Select(static s => s.Name)], run!.UsedOrder, options, clock.Elapsed, run.ResumedTokens);
                if (reportFile is not null)
                {
                    JsonSerializer.Serialize(reportFile.Stream, summary.Json, Terminal.JsonOptions);
                    reportFile.Commit();
                }

                if (parse.GetValue(common.Json))
                    terminal.WriteJson(summary.Json);
                else
                    summary.Print(terminal, run.OutputPath);
                foreach (string notice in notices.Concat(result!.Sources.SelectMany(static s => s.Notices)).Distinct())
                    terminal.Notice(notice);
                if (result.Quarantined > 0)
                    terminal.Errors.WriteLine($"notice: {result.Quarantined} documents are in {run.UsedQuarantine} with their reasons.");
                if (result.Warning is { } warning)
                    terminal.Errors.WriteLine("warning: " + warning);
                return 0;
            });
        }, cancellation));
        return verb;
    }

    private static DocumentSelection Select(long limit, double sample, long seed, string? where)
    {
        if (limit < 0)
            throw new ArgumentException($"--limit is {limit}; it must be a number of documents, or 0 for all.");
        if (!(sample is > 0 and <= 1))
            throw new ArgumentException($"--sample {sample.ToString(CultureInfo.InvariantCulture)} must be a share above 0 and at most 1.");
        int at = where?.IndexOf('=', StringComparison.Ordinal) ?? -1;
        if (where is not null && at < 1)
            throw new ArgumentException($"--where '{where}' must be COLUMN=VALUE.");
        return new DocumentSelection { Limit = limit, Sample = sample, Seed = seed, Where = where is null ? null : (where[..at], where[(at + 1)..]) };
    }

    private static int[]? ParseOrder(string? text, int sources)
    {
        if (text is null)
            return null;
        string[] parts = text.Split(',');
        int[] order = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts.Length != sources || !int.TryParse(parts[i], out order[i]) || order[i] < 1 || order[i] > sources || order.AsSpan(0, i).Contains(order[i] - 1))
                throw new ArgumentException($"--source-order '{text}' must list each source once by its number 1..{sources}, best first.");
            order[i]--;
        }

        return order;
    }
}
