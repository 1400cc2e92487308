using System.CommandLine;
using System.Diagnostics;
using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Text;

namespace PtaKernels.Cli;

/// <summary><c>pta map</c>: the nearest target token of every source token, over whole vocabularies.</summary>
internal static class MapCommand
{
    /// <summary>Distances counted one by one; larger ones share a line.</summary>
    private const int LargestCounted = 5;

    public static Command Create()
    {
        var common = new CommonOptions();
        var source = new Option<string>("--source-vocab") { Description = "the giving model's vocabulary: " + VocabularyFile.Formats, HelpName = "file", Required = true };
        var target = new Option<string>("--target-vocab") { Description = "the receiving model's vocabulary, any of these forms", HelpName = "file", Required = true };
        var output = new Option<string>("--out") { Description = "file to write, gzip if it ends in .gz", HelpName = "file", Required = true };
        var rule = new Option<string>("--rule")
        {
            Description = "what is compared: the official code's strings { source key : target token }, or texts [{source_id, target_id, distance}]",
            HelpName = "strings | texts",
            DefaultValueFactory = static _ => "strings",
        };
        rule.AcceptOnlyFromAmong("strings", "texts");
        var corpusSource = new Option<string?>("--corpus-source") { Description = "documents as the giving model saw them: among equally near tokens the one with the most similar neighbours wins (the official co_occurrence mode; a folder's validation split)", HelpName = "path" };
        var corpusTarget = new Option<string?>("--corpus-target") { Description = "the same documents as the receiving model saw them", HelpName = "path" };
        var window = new Option<int>("--window-size") { Description = "neighbours on each side that co-occur", HelpName = "N", DefaultValueFactory = static _ => CooccurrenceRefinement.DefaultWindow };
        var force = new Option<bool>("--force") { Description = "replace the file if it exists" };
        var verb = new Verb(
            "map", "Find every source token's nearest target token by edit distance, over whole vocabularies.",
            "pta map --source-vocab samples/vocab/gpt2.json.gz --target-vocab samples/vocab/spA.json.gz --out gpt2-spA.json",
            "pta map --source-vocab samples/vocab/gpt2.json.gz --target-vocab samples/vocab/spA.json.gz --corpus-source samples/gpt2.jsonl.gz --corpus-target samples/spA.jsonl.gz --out gpt2-spA.json",
            "pta map --source-vocab samples/vocab/spB.json.gz --target-vocab samples/vocab/spA.json.gz --rule texts --out spB-spA.json.gz --json")
        {
            source, target, output, rule, corpusSource, corpusTarget, window, force, common.Backend, common.Json,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            using var file = new AtomicFile(parse.GetValue(output)!, parse.GetValue(force));
            IKernelBackend backend = common.OpenBackend(parse);
            var pair = new VocabularyPair(VocabularyFile.Read(parse.GetValue(source)!), VocabularyFile.Read(parse.GetValue(target)!));
            bool texts = parse.GetValue(rule) == "texts";
            CorpusPair? corpus = CorpusPair.Of(parse.GetValue(corpusSource), parse.GetValue(corpusTarget), texts);
            var clock = Stopwatch.StartNew();
            VocabularyMap map = texts ? pair.NearestText : pair.Official.Map;
            ProgressReport.Run(terminal, $"{pair.Source.Name} to {pair.Target.Name}", "tokens", progress =>
                map.ResolveAll(backend, done => progress(done, (double)done / map.Count), cancellation));
            int refined = 0;
            if (corpus is not null)
                (map, refined) = corpus.Refine(backend, pair, parse.GetValue(window), cancellation);
            double seconds = clock.Elapsed.TotalSeconds;
            Write(file, parse.GetValue(output)!, pair, map, texts);
            Summarise(terminal, pair, map, refined, seconds, parse.GetValue(output)!, parse.GetValue(common.Json));
            return 0;
        }, cancellation));
        return verb;
    }

    private static void Write(AtomicFile file, string path, VocabularyPair pair, VocabularyMap map, bool texts)
    {
        using (GZipStream? gzip = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file.Stream, CompressionLevel.SmallestSize, leaveOpen: true) : null)
        {
            if (texts)
                WriteTexts(gzip ?? file.Stream, map);
            else
                OfficialMapping.Write(gzip ?? file.Stream, pair, map);
        }

        file.Commit();
    }

    private static void WriteTexts(Stream stream, VocabularyMap map)
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartArray();
        for (int id = 0; id < map.Count; id++)
        {
            bool none = map[id] == VocabularyMap.None;
            json.WriteStartObject();
            json.WriteNumber("source_id", id);
            if (none)
                json.WriteNull("target_id");
            else
                json.WriteNumber("target_id", map[id]);
            json.WriteNumber("distance", map.DistanceOf(id));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Summarise(Terminal terminal, VocabularyPair pair, VocabularyMap map, int refined, double seconds, string path, bool asJson)
    {
        int[] tokens = [.. Enumerable.Range(0, map.Count).Where(pair.Source.HasToken)];
        int none = tokens.Count(t => map[t] == VocabularyMap.None);
        int[] counts = new int[LargestCounted + 2];
        foreach (int token in tokens.Where(t => map[t] != VocabularyMap.None))
            counts[Math.Min(map.DistanceOf(token), LargestCounted + 1)]++;
        string[] names = [.. Enumerable.Range(0, counts.Length).Select(static d => d > LargestCounted ? $">={d}" : $"{d}")];
        double exact = counts[0] / (double)Math.Max(1, tokens.Length);
        if (asJson)
        {
            terminal.WriteJson(new
            {
                Source = pair.Source.Name,
                Target = pair.Target.Name,
                Out = path,
                Tokens = tokens.Length,
                ExactShare = exact,
                Distances = names.Append("none").Zip(counts.Append(none)).ToDictionary(static p => p.First, static p => p.Second, StringComparer.Ordinal),
                Refined = refined,
                Seconds = Math.Round(seconds, 3),
            });
            return;
        }

        terminal.Line("[bold]distance   tokens   share[/]");
        foreach ((string name, int count) in names.Append("none").Zip(counts.Append(none)))
        {
            double share = count / (double)Math.Max(1, tokens.Length);
            terminal.Line(FormattableString.Invariant($"{name,8} {count,8} {share,7:P1}  {new string('█', (int)Math.Round(share * 40))}").TrimEnd());
        }

        terminal.Line(Terminal.Escape(FormattableString.Invariant(
            $"{path}: {tokens.Length} {pair.Source.Name} tokens to {pair.Target.Name}, {exact:P1} exact, {(refined > 0 ? $"{refined} chosen by co-occurrence, " : "")}{seconds:F1} s")));
    }
}
