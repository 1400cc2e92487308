using System.CommandLine;
using System.Text.Json;
using PtaKernels.Corpus.Stores;
using Spectre.Console;

namespace PtaKernels.Cli.Stores;

/// <summary><c>pta store info</c>: what a store holds and who made it.</summary>
internal static class StoreInfoCommand
{
    public static Command Create()
    {
        var input = new Argument<string>("store") { Description = "the store" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var verb = new Verb("info", "What a store holds, how, and what it was made from.", "pta store info teacher.store", "pta store info aligned.store --json") { input, json };
        verb.SetAction(parse =>
        {
            var terminal = Terminal.Of(parse);
            StoreReader reader = StoreCommand.Open(parse.GetValue(input)!);
            StoreHeader header = reader.Header;
            long bytes = reader.Shards.Sum(static s => s.Bytes);
            if (parse.GetValue(json))
            {
                terminal.WriteJson(new { Store = reader.Path, Bytes = bytes, Header = JsonDocument.Parse(StoreManifest.TextOf(header)).RootElement, reader.Totals });
                return 0;
            }

            Table table = new Table().Border(TableBorder.None).HideHeaders().AddColumn("").AddColumn("");
            void Row(string name, string value) => table.AddRow(Terminal.Escape(name), Terminal.Escape(value));
            Row("kind", header.Kind == StoreKind.Teacher
                ? FormattableString.Invariant($"candidates of a teacher, k {header.K}, {(header.ValueKind == ValueKind.Logprob ? "log-probabilities" : "raw logits")}")
                : $"fused rows of {string.Join(", ", header.Sources!.Select(static s => s.Name))}");
            Row("tokenizer", FormattableString.Invariant($"{header.Tokenizer.Name}, {header.Tokenizer.Tokens} tokens, {header.Tokenizer.Fingerprint}"));
            Row("kept as", $"ids {header.Ids}, values {header.Values}{(header.Zstd ? ", zstd" : "")}".ToLowerInvariant());
            if (header.Others.Count > 0)
                Row("other columns", string.Join(", ", header.Others.Select(static o => o.Key)));
            foreach (string split in header.Splits)
            {
                StoreShard[] shards = [.. reader.Shards.Where(s => s.Split == split)];
                Row(split.Length == 0 ? "documents" : $"split {split}", FormattableString.Invariant($"{shards.Sum(static s => s.Documents)} documents, {shards.Sum(static s => s.Tokens)} tokens in {shards.Length} shards"));
            }

            Row("size", FormattableString.Invariant($"{bytes} bytes, {bytes / (double)Math.Max(1, reader.Totals.Tokens):F1} per token"));
            if (reader.Totals.Quarantined > 0)
                Row("set aside", FormattableString.Invariant($"{reader.Totals.Quarantined} documents"));
            Row("made by", $"{header.Producer.Program}{(header.Producer.Command.Count == 0 ? "" : ": " + string.Join(' ', header.Producer.Command))}");
            terminal.Console.Write(table);
            return 0;
        });
        return verb;
    }
}
