using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Cli.Stores;

/// <summary><c>pta store merge</c>, <c>split</c> and <c>reshard</c>: documents of stores into new stores, value by value.</summary>
internal static class StoreCopyCommands
{
    public static Command Merge() => Create(
        "merge", "Join stores of one tokenizer and form into a new one.",
        new Argument<string[]>("stores") { Description = "the stores, one after another", Arity = ArgumentArity.OneOrMore },
        "pta store merge a.store b.store --out all.store");

    public static Command Reshard() => Create(
        "reshard", "Write a store again with other shards, or compressed.",
        new Argument<string[]>("store") { Description = "the store", Arity = ArgumentArity.OneOrMore },
        "pta store reshard a.store --out b.store --shard-tokens 200000", "pta store reshard a.store --out small.store --zstd");

    public static Command Split()
    {
        var parts = new Option<int>("--parts") { Description = "number of stores; each takes documents that follow one another", HelpName = "N", Required = true };
        var only = new Option<int?>("--only") { Description = "make this part only, from 1; --out is then its name", HelpName = "n" };
        var input = new Argument<string[]>("store") { Description = "the store", Arity = ArgumentArity.OneOrMore };
        return Create(
            "split", "Cut a store into several, of as many documents each: OUT-00001-of-00008 and so on.", input, [parts, only], (copy, parse) =>
            {
                int count = parse.GetValue(parts);
                if (count < 1 || count > copy.Readers[0].Totals.Documents)
                    throw new ArgumentException($"--parts is {count}; {copy.Readers[0].Path} has {copy.Readers[0].Totals.Documents} documents, so that 1 to as many are possible.");
                if (parse.GetValue(only) is { } one)
                {
                    if (one < 1 || one > count)
                        throw new ArgumentException($"--only is {one}; there are parts 1..{count}.");
                    copy.Make(copy.Output, copy.Command, new DocumentSelection { Part = (one - 1, count) });
                    return;
                }

                for (int p = 1; p <= count; p++)
                {
                    string path = string.Create(CultureInfo.InvariantCulture, $"{copy.Output}-{p:D5}-of-{count:D5}");
                    string[] command = [.. copy.Command, "--only", p.ToString(CultureInfo.InvariantCulture)];
                    bool there = StoreReader.IsStore(path) && new StoreReader(path).Header.Producer.Command.SequenceEqual(command);
                    if (!there || copy.Replaces) // of a run that was stopped
                        copy.Make(path, command, new DocumentSelection { Part = (p - 1, count) });
                }
            },
            "pta store split all.store --parts 8 --out part", "pta store split all.store --parts 8 --only 3 --out third.store");
    }

    private static Verb Create(string name, string description, Argument<string[]> inputs, params string[] examples) =>
        Create(name, description, inputs, [], static (copy, _) => copy.Make(copy.Output, copy.Command, new DocumentSelection()), examples);

    private static Verb Create(string name, string description, Argument<string[]> inputs, Option[] more, Action<Copying, ParseResult> work, params string[] examples)
    {
        var output = new Option<string>("--out") { Description = "the new store", HelpName = "folder", Required = true };
        var force = new Option<bool>("--force") { Description = "replace an existing store, and what another stopped run left" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var store = new StoreOptionSet();
        var verb = new Verb(name, description, examples) { inputs, output, force, json };
        foreach (Option option in more)
            verb.Options.Add(option);
        store.AddTo(verb, encodings: false);
        verb.SetAction((parse, cancellation) => Task.Run(() => StoreCommand.Run(
            Terminal.Of(parse),
            () =>
            {
                if (name != "merge" && parse.GetValue(inputs)!.Length > 1)
                    throw new ArgumentException($"{name} takes one store; join several with `pta store merge` first.");
                work(new Copying(
                    Terminal.Of(parse), [.. parse.GetValue(inputs)!.Select(StoreCommand.Open)], parse.GetValue(output)!, parse.GetValue(force), store.Repairs(parse), store.Of(parse), StoreOptionSet.ProducerOf(parse),
                    store.WorkersOf(parse), parse.GetValue(json), cancellation), parse);
                return 0;
            },
            cancellation), cancellation));
        return verb;
    }

    /// <summary>A command line that copies stores.</summary>
    private sealed record Copying(
        Terminal Terminal, StoreReader[] Readers, string Output, bool Replaces, bool Repairs, StoreOptions Store, StoreProducer Producer, int Workers, bool AsJson, CancellationToken Cancellation)
    {
        public IReadOnlyList<string> Command => Producer.Command;

        public void Make(string path, IReadOnlyList<string> command, DocumentSelection selection)
        {
            StoreTotals? totals = null;
            var clock = Stopwatch.StartNew();
            ProgressReport.Run(Terminal, "copying", "tokens", (Action<RunProgress> progress) => totals = new StoreCopy
            {
                Inputs = Readers,
                OutputPath = path,
                Replace = Replaces,
                Repair = Repairs,
                Selection = selection,
                ShardTokens = Store.ShardTokens,
                Zstd = Store.Zstd,
                Producer = Producer with { Command = command },
                Workers = Workers,
                Progress = progress,
                Notice = Terminal.Notice,
            }.Run(Cancellation));
            StoreCommand.Summarise(Terminal, path, totals!, clock.Elapsed.TotalSeconds, AsJson);
        }
    }
}
