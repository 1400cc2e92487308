using System.CommandLine;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Cli.Stores;

/// <summary><c>pta store check</c> and <c>repair</c>: damage found, and undone.</summary>
internal static class StoreCheckCommands
{
    public static Command Check()
    {
        var input = new Argument<string>("store") { Description = "the store" };
        var documents = new Option<bool>("--documents") { Description = "decode every document as well" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var verb = new Verb(
            "check", "Compare every byte of a store with its manifest; exit code 1 where anything is damaged, missing or too much.",
            "pta store check teacher.store", "pta store check aligned.store --documents --json")
        {
            input, documents, json,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            string path = parse.GetValue(input)!;
            IReadOnlyList<string> damage = Look(terminal, path, parse.GetValue(documents), cancellation);
            if (parse.GetValue(json))
            {
                terminal.WriteJson(new { Store = path, Whole = damage.Count == 0, Damage = damage });
                return damage.Count == 0 ? 0 : Program.Failed;
            }

            foreach (string one in damage)
                terminal.Errors.WriteLine($"pta: {path}: {one}.");
            if (damage.Count > 0)
                return Program.Failed;
            StoreReader reader = StoreCommand.Open(path);
            terminal.Output.WriteLine(FormattableString.Invariant($"{path}: whole: {reader.Totals.Shards} shards, {reader.Totals.Documents} documents, {reader.Totals.Tokens} tokens."));
            return 0;
        }, cancellation));
        return verb;
    }

    public static Command Repair()
    {
        var input = new Argument<string>("store") { Description = "the store" };
        var verb = new Verb(
            "repair", "Make a store's damaged and missing shards again, from the inputs and with the command that its manifest names; what is whole stays as it is.",
            "pta store repair aligned.store")
        {
            input,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            string path = parse.GetValue(input)!;
            StoreHeader header = StoreCheck.HeaderOf(path);
            IReadOnlyList<string> damage = StoreReader.IsStore(path) ? Look(terminal, path, documents: false, cancellation) : ["the manifest is missing"];
            if (damage.Count == 0)
            {
                terminal.Output.WriteLine($"{path}: whole, nothing to repair.");
                return 0;
            }

            foreach (string one in damage)
                terminal.Notice($"{path}: {one}.");
            string[] command = StoreOptionSet.RepairOf(header.Producer, path);
            terminal.Notice("pta " + string.Join(' ', command[..^1].Select(static a => a.Contains(' ') ? $"'{a}'" : a)));
            int exit = Program.Run(command, terminal.Output, terminal.Errors);
            if (exit != 0)
                return exit;
            damage = Look(terminal, path, documents: false, cancellation);
            foreach (string one in damage)
                terminal.Errors.WriteLine($"pta: {path}: {one}.");
            return damage.Count == 0 ? 0 : Program.Failed;
        }, cancellation));
        return verb;
    }

    private static IReadOnlyList<string> Look(Terminal terminal, string path, bool documents, CancellationToken cancellation)
    {
        IReadOnlyList<string> damage = [];
        ProgressReport.Run(terminal, "checking", "bytes", (Action<long, double> progress) => damage = new StoreCheck { Path = path, Documents = documents, Progress = progress }.Run(cancellation));
        return damage;
    }
}
