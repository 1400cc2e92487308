using System.CommandLine;
using System.Diagnostics;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Stores;
using PtaKernels.Text;

namespace PtaKernels.Cli.Stores;

/// <summary><c>pta store import</c>: a model's documents into a store.</summary>
internal static class StoreImportCommand
{
    public static Command Create()
    {
        var inputs = new Argument<string[]>("input") { Description = $"the model's documents, one input after another: {DocumentFiles.Formats}", Arity = ArgumentArity.OneOrMore };
        var vocabulary = new Option<string>("--vocab") { Description = "the model's vocabulary: " + VocabularyFile.Formats, HelpName = "file", Required = true };
        var output = new Option<string>("--out") { Description = "the store", HelpName = "folder", Required = true };
        var force = new Option<bool>("--force") { Description = "replace an existing store, and what another stopped run left" };
        var kind = ValueOption.OneOf("--value-kind", "what the values shall be; auto: log-probabilities where documents have log-sum-exps, else as they come", "auto", "raw-logit", "logprob");
        var drop = new Option<string[]>("--drop") { Description = "a column of the input that is left out, as text; repeat for several", HelpName = "column" };
        var onError = ValueOption.OneOf("--on-error", "bad documents end the run, or are set aside in the store with their reason", "stop", "quarantine");
        var limit = new Option<long>("--limit") { Description = "only the first N documents (of each split)", HelpName = "N" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var store = new StoreOptionSet();
        var verb = new Verb(
            "import", "Import a model's documents into a compact store, on every core. A stopped run goes on where it was.",
            "pta store import teacher-rows/ --vocab teacher.model --out teacher.store",
            "pta store import official/ --vocab gpt2.json.gz --out gpt2.store --drop text",
            "pta store import part0.jsonl.gz part1.jsonl.gz --vocab tokenizer.json --out all.store --on-error quarantine")
        {
            inputs, vocabulary, output, force, kind, drop, onError, limit, json,
        };
        store.AddTo(verb);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            return StoreCommand.Run(terminal, () =>
            {
                StoreTotals? totals = null;
                var clock = Stopwatch.StartNew();
                ProgressReport.Run(terminal, "importing", "tokens", (Action<RunProgress> progress) => totals = new StoreImport
                {
                    Inputs = [.. parse.GetValue(inputs)!.Select(DocumentFiles.Open)],
                    Vocabulary = VocabularyFile.Read(parse.GetValue(vocabulary)!),
                    OutputPath = parse.GetValue(output)!,
                    Replace = parse.GetValue(force),
                    Repair = store.Repairs(parse),
                    ValueKind = parse.GetValue(kind) switch { "raw-logit" => ValueKind.RawLogit, "logprob" => ValueKind.Logprob, _ => null },
                    Dropped = parse.GetValue(drop) ?? [],
                    OnError = parse.GetValue(onError) == "stop" ? OnError.Stop : OnError.Quarantine,
                    Selection = new DocumentSelection { Limit = parse.GetValue(limit) },
                    Store = store.Of(parse),
                    Producer = StoreOptionSet.ProducerOf(parse),
                    Workers = store.WorkersOf(parse),
                    Progress = progress,
                    Notice = terminal.Notice,
                }.Run(cancellation));
                StoreCommand.Summarise(terminal, parse.GetValue(output)!, totals!, clock.Elapsed.TotalSeconds, parse.GetValue(json));
                return 0;
            }, cancellation);
        }, cancellation));
        return verb;
    }
}
