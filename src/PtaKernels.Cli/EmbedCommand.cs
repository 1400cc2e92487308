using System.CommandLine;
using System.Diagnostics;
using PtaKernels.Corpus;
using PtaKernels.Text;
using PtaKernels.Training;

namespace PtaKernels.Cli;

/// <summary><c>pta embed</c>: the input embeddings of two models brought into one space, for candidate costs <c>embedding</c> and <c>hybrid</c>.</summary>
internal static class EmbedCommand
{
    private const int Examples = 10;
    private const int NeighboursShown = 4;

    public static Command Create()
    {
        var source = new Option<string>("--source") { Description = "the giving model: a folder with config.json and safetensors, of which the embedding table alone is read", HelpName = "folder", Required = true };
        var target = new Option<string>("--target") { Description = "the receiving model, likewise", HelpName = "folder", Required = true };
        var sourceTokenizer = new Option<string?>("--source-tokenizer") { Description = "its tokenizer; default: the model's folder: " + VocabularyFile.Formats, HelpName = "path" };
        var targetTokenizer = new Option<string?>("--target-tokenizer") { Description = "the receiving model's, likewise", HelpName = "path" };
        var output = new Option<string>("--out") { Description = "file to write, for --embeddings of pta align", HelpName = "file", Required = true };
        var dimensions = new Option<int?>("--dimensions") { Description = $"numbers of a vector; default {EmbeddingFit.DefaultDimensions}, or the narrower model's width less one hundredth if that is fewer", HelpName = "N" };
        var force = new Option<bool>("--force") { Description = "replace the file if it exists" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var verb = new Verb(
            "embed", "Bring the token embeddings of two models into one space, by the orthogonal map that fits their shared tokens best: what cost embedding and hybrid compare.",
            "pta embed --source teacher/ --target student/ --out teacher-student.embeddings",
            "pta embed --source teacher/ --target student/ --target-tokenizer tokenizer.model --out teacher-student.embeddings --dimensions 256 --json")
        {
            source, target, sourceTokenizer, targetTokenizer, output, dimensions, force, json,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            (string theirs, string ours, string path) = (parse.GetValue(source)!, parse.GetValue(target)!, parse.GetValue(output)!);
            ModelFiles.ReadConfig(theirs); // a folder that is no model is told before a download
            ModelFiles.ReadConfig(ours);
            using var file = new AtomicFile(path, parse.GetValue(force));
            var fit = new EmbeddingFit
            {
                SourceModel = theirs,
                Source = VocabularyFile.Read(parse.GetValue(sourceTokenizer) ?? theirs),
                TargetModel = ours,
                Target = VocabularyFile.Read(parse.GetValue(targetTokenizer) ?? ours),
                Dimensions = parse.GetValue(dimensions),
                Notice = terminal.Notice,
            };
            SetupTorchCommand.Ensure(terminal, again: false, cancellation);
            var clock = Stopwatch.StartNew();
            FittedEmbeddings fitted = fit.Run();
            EmbeddingsFile.Write(file.Stream, fitted);
            file.Commit();
            var examples = TokenNeighbours.Examples(fitted.Embeddings, fit.Source, fit.Target, Examples).Select(t => (Token: t, Near: TokenNeighbours.Of(fitted.Embeddings, t, NeighboursShown)));
            if (parse.GetValue(json))
                WriteJson(terminal, fit, fitted, path, clock.Elapsed.TotalSeconds, examples);
            else
                Write(terminal, fit, fitted, path, clock.Elapsed.TotalSeconds, examples);
            return 0;
        }, cancellation));
        return verb;
    }

    private static void Write(Terminal terminal, EmbeddingFit fit, FittedEmbeddings fitted, string path, double seconds, IEnumerable<(int Token, Neighbour[] Near)> examples)
    {
        EmbeddingsHeader header = fitted.Header;
        MapQuality quality = header.HeldOut;
        terminal.Output.WriteLine(FormattableString.Invariant(
            $"{Known(fitted.Embeddings.SourceKnown)} of {fit.Source.Count} source and {Known(fitted.Embeddings.TargetKnown)} of {fit.Target.Count} target tokens have a vector of {header.Dimensions} numbers, fitted on {header.SharedTokens} shared tokens."));
        terminal.Output.WriteLine(FormattableString.Invariant(
            $"Of {quality.Tokens} shared tokens that were held out, {quality.Precision:P1} have their partner for their nearest target token (chance {quality.Chance:P2}); the mean cosine of partners is {quality.Cosine:F3}."));
        terminal.Line("[bold]source token, nearest target tokens with their cosines[/]");
        foreach ((int token, Neighbour[] near) in examples)
            terminal.Line(Terminal.Escape($"  {fit.Source.Display(token),-16} {string.Join("  ", near.Select(n => FormattableString.Invariant($"{fit.Target.Display(n.Token)} {n.Cosine:F2}")))}".ReplaceLineEndings("⏎")));
        terminal.Output.WriteLine(FormattableString.Invariant($"{path}: {fit.Source.Name} and {fit.Target.Name}, {seconds:F1} s"));
    }

    private static void WriteJson(Terminal terminal, EmbeddingFit fit, FittedEmbeddings fitted, string path, double seconds, IEnumerable<(int Token, Neighbour[] Near)> examples) =>
        terminal.WriteJson(new
        {
            Out = path,
            fitted.Embeddings.Fingerprint,
            Header = fitted.Header,
            SourceTokens = Known(fitted.Embeddings.SourceKnown),
            TargetTokens = Known(fitted.Embeddings.TargetKnown),
            Examples = examples.Select(e => new
            {
                Token = fit.Source.Display(e.Token), Nearest = e.Near.Select(n => new { Token = fit.Target.Display(n.Token), Cosine = Math.Round(n.Cosine, 4) }),
            }),
            Seconds = Math.Round(seconds, 3),
        });

    private static int Known(ReadOnlySpan<bool> tokens) => tokens.Count(true);
}
