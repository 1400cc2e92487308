using System.CommandLine;
using System.Globalization;
using PtaKernels.Cli;

namespace PtaKernels.CorpusBench;

/// <summary><c>pta-corpus make</c>: the corpus of the benchmark.</summary>
internal static class MakeCommand
{
    /// <summary>Where a corpus is when nothing else is said.</summary>
    public const string DefaultFolder = "artifacts/corpus";

    private const long DefaultCounted = 4_000_000;

    /// <summary>The verb.</summary>
    public static Verb Create()
    {
        Option<long> tokens = Whole("--tokens", "target tokens", 20_000_000), counted = Whole("--counted", "target tokens of further text that the n-gram teachers are counted on", DefaultCounted), seed = Whole("--seed", "cuts, order and teachers", 1);
        Option<string> output = Folder(), form = ValueOption.OneOf("--form", "what is written per model", "store", "jsonl", "none");
        var sources = ValueOption.Count("--sources", "1: gpt2, 2: spB as well", 2);
        var texts = new Option<string?>("--texts") { Description = "take the text files of this folder, not this machine's texts", HelpName = "folder" };
        var verb = new Verb("make", "Make documents of real text, with the candidates of n-gram teachers, as the target and its sources see them.", "pta-corpus make --tokens 20000000 --out artifacts/corpus") { tokens, output, seed, counted, sources, form, texts };
        verb.TimeToStop = TimeSpan.FromMinutes(1);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            string folder = Path.GetFullPath(parse.GetValue(output)!);
            int models = parse.GetValue(sources);
            if (models is < 1 or > 2)
                throw new ArgumentException($"--sources is {models}; it must be 1 or 2.");
            if (parse.GetValue(tokens) < 1 || parse.GetValue(counted) < 1)
                throw new ArgumentException("--tokens and --counted must be above 0.");
            CorpusSinks sinks = CorpusSinks.Of(folder, parse.GetValue(form)!);
            var run = new MakeRun
            {
                TargetTokens = parse.GetValue(tokens),
                CountedTokens = parse.GetValue(counted),
                Output = folder,
                Seed = (ulong)parse.GetValue(seed),
                Models = [CorpusTokenizers.Target, .. CorpusTokenizers.Sources.Take(models)],
                Texts = parse.GetValue(texts) is { } given ? MachineTexts.OfFolder(given) : MachineTexts.Find(),
                Open = sinks.Open,
                PathOf = sinks.PathOf,
                Notice = line => terminal.Errors.WriteLine(line),
            };
            Print(run.Run(cancellation), terminal.Output);
            return 0;
        }, cancellation));
        return verb;
    }

    /// <summary>The corpus's folder.</summary>
    public static Option<string> Folder() => new("--out") { Description = $"folder of the corpus; default {DefaultFolder}", HelpName = "folder", DefaultValueFactory = static _ => DefaultFolder };

    /// <summary>A large number.</summary>
    public static Option<long> Whole(string name, string description, long value) =>
        new(name) { Description = $"{description}; default {value.ToString(CultureInfo.InvariantCulture)}", HelpName = "N", DefaultValueFactory = _ => value };

    private static void Print(CorpusFacts facts, TextWriter output)
    {
        output.WriteLine($"{facts.Documents:N0} documents, {facts.TextBytes:N0} bytes of text; {facts.DistinctBytes:N0} bytes of distinct text read {facts.Passes} times; {facts.Seconds:F0} s");
        if (facts.Passes > 1)
            output.WriteLine($"notice: this machine has only {facts.DistinctBytes:N0} bytes of distinct text, so texts were cut {facts.Passes} times, each time at other places; no document is there twice.");
        foreach (KindFacts kind in facts.Kinds)
            output.WriteLine($"  {kind.Kind,-10} {kind.Bytes,12:N0} bytes of {kind.Files,6:N0} files{(kind.UsedUp ? ", all there is" : "")}: {kind.What}");
        foreach (ModelFacts model in facts.Models)
        {
            output.WriteLine(
                $"  {model.Name,-6} {model.Tokens,12:N0} tokens, lengths {string.Join(' ', model.LengthQuantiles)} (0 10 25 50 75 90 100 %), gold top-1 {model.GoldTop1:P1}, best candidate {model.MeanTop1:P1}, cross-entropy {model.CrossEntropy:F3} nats, {(double)model.Bytes / model.Tokens:F1} bytes/token");
        }
    }
}
