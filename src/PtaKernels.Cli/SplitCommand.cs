using System.CommandLine;
using System.Diagnostics;
using PtaKernels.Corpus;
using PtaKernels.Text;

namespace PtaKernels.Cli;

/// <summary><c>pta split</c>: a corpus of texts in, pieces that fit every tokenizer out.</summary>
internal static class SplitCommand
{
    public static Command Create()
    {
        var documents = new Option<string>("--documents") { Description = "the corpus: " + TextDocument.Formats, HelpName = "path", Required = true };
        var tokenizers = new Option<string[]>("--tokenizer") { Description = "a tokenizer that every piece must fit; repeat for several: " + VocabularyFile.Formats, HelpName = "path", Required = true };
        var output = new Option<string>("--out") { Description = "the pieces: JSON lines, compressed if the name ends in .gz", HelpName = "file", Required = true };
        var length = ValueOption.Count("--length", "positions of a piece at most, begin and end of sequence included where a tokenizer has them", 2048);
        var force = new Option<bool>("--force") { Description = "replace an existing output" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var verb = new Verb(
            "split", "Cut long documents into pieces that fit every tokenizer: behind a newline, else a space, never inside a character. Pieces keep their place, and together are the text.",
            "pta split --documents corpus.jsonl.gz --tokenizer student/ --tokenizer teacher/ --out pieces.jsonl.gz --length 2048",
            "pta split --documents texts/ --tokenizer tokenizer.json --out pieces.jsonl --length 512")
        {
            documents, tokenizers, output, length, force, json,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            TextEncoder[] encoders = [.. parse.GetValue(tokenizers)!.Select(TextEncoder.Load)];
            SplitReport? report = null;
            var clock = Stopwatch.StartNew();
            ProgressReport.Run(terminal, "splitting", "bytes", progress => report = new SplitRun
            {
                InputPath = parse.GetValue(documents)!,
                Encoders = encoders,
                OutputPath = parse.GetValue(output)!,
                Replace = parse.GetValue(force),
                Length = parse.GetValue(length),
                Progress = progress,
            }.Run(cancellation));
            Summarise(terminal, report!, parse.GetValue(output)!, encoders, clock.Elapsed.TotalSeconds, parse.GetValue(json));
            return 0;
        }, cancellation));
        return verb;
    }

    private static void Summarise(Terminal terminal, SplitReport report, string path, TextEncoder[] encoders, double seconds, bool asJson)
    {
        if (asJson)
        {
            terminal.WriteJson(new
            {
                Out = path,
                report.Documents,
                report.Cut,
                report.Empty,
                report.Pieces,
                report.Bytes,
                Tokens = encoders.Select((e, i) => new { e.Vocabulary.Name, Tokens = report.Tokens[i] }),
                Seconds = Math.Round(seconds, 3),
            });
            return;
        }

        string tokens = string.Join(", ", encoders.Select((e, i) => FormattableString.Invariant($"{report.Tokens[i]} tokens of {e.Vocabulary.Name}")));
        terminal.Output.WriteLine(FormattableString.Invariant(
            $"{path}: {report.Documents} documents, {report.Cut} of them cut, {report.Pieces} pieces, {report.Bytes} bytes, {tokens}, {seconds:F1} s"));
        if (report.Empty > 0)
            terminal.Notice($"{report.Empty} documents are empty and have no piece.");
    }
}
