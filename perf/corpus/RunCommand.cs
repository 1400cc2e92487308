using System.CommandLine;
using System.Globalization;
using PtaKernels.Cli;

namespace PtaKernels.CorpusBench;

/// <summary><c>pta-corpus run</c>: the measurement.</summary>
internal static class RunCommand
{
    /// <summary>The verb.</summary>
    public static Verb Create()
    {
        Option<string> data = Data(), results = new("--results") { Description = "the JSON file for what was measured", HelpName = "file", Required = true };
        Option<string> sizes = List("--sizes", "target tokens from the beginning of the corpus", "1000000,20000000"), presets = List("--presets", "presets", "reference,paper,fusion");
        Option<string> sources = List("--sources", "numbers of sources", "1"), threads = List("--threads", "numbers of processors given to pta; without it all there are", "");
        Option<int> rounds = ValueOption.Count("--rounds", "how often each case is measured, all of them in turn", 3), check = ValueOption.Count("--check", "documents whose answers are compared with backend reference first; 0 for none", 200);
        var verb = new Verb("run", "Align the beginnings of a corpus disk to disk, each with a process of its own: rate, peak memory, bytes.", "pta-corpus run --data artifacts/corpus --results perf/results/MACHINE/DATE-corpus.json") { data, results, sizes, presets, sources, threads, rounds, check };
        verb.TimeToStop = TimeSpan.FromMinutes(5);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            string path = parse.GetValue(results)!;
            CorpusResults measured = new MeasureRun
            {
                Corpus = Path.GetFullPath(parse.GetValue(data)!),
                Sizes = Numbers("--sizes", parse.GetValue(sizes)!),
                Presets = parse.GetValue(presets)!.Split(','),
                Sources = [.. Numbers("--sources", parse.GetValue(sources)!).Select(static n => (int)n)],
                Threads = [.. Numbers("--threads", parse.GetValue(threads)!).Select(static n => (int)n)],
                Rounds = Math.Max(1, parse.GetValue(rounds)),
                CheckedDocuments = parse.GetValue(check),
                Command = "scripts/corpus-bench run --sizes " + parse.GetValue(sizes)! + " --presets " + parse.GetValue(presets)! + " --sources " + parse.GetValue(sources)!,
                Notice = line => terminal.Errors.WriteLine(line),
            }.Run(cancellation);
            measured.Write(path);
            terminal.Output.Write(CorpusTable.ToMarkdown(measured));
            return 0;
        }, cancellation));
        return verb;
    }

    /// <summary>The corpus of a verb that reads it.</summary>
    public static Option<string> Data() => new("--data") { Description = $"the corpus; default {MakeCommand.DefaultFolder}", HelpName = "folder", DefaultValueFactory = static _ => MakeCommand.DefaultFolder };

    private static Option<string> List(string name, string description, string value) => new(name) { Description = $"{description}{(value.Length > 0 ? "; default " + value : "")}", HelpName = "list", DefaultValueFactory = _ => value };

    private static long[] Numbers(string option, string list) => list.Length == 0 ? []
        : [.. list.Split(',').Select(s => long.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out long n) && n > 0 ? n : throw new ArgumentException($"{option}: '{s}' is no whole number over 0."))];
}
