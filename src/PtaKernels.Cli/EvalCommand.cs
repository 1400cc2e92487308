using System.CommandLine;
using PtaKernels.Text;
using PtaKernels.Training;
using Spectre.Console;
using static TorchSharp.torch;

namespace PtaKernels.Cli;

/// <summary><c>pta eval</c>: bits per byte and perplexity of a model per domain, and the difference to another one.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "a folder with config.json and safetensors", HelpName = "folder", Required = true };
        var documents = new Option<string>("--documents") { Description = "tokenized documents: JSON lines, plain or .gz, with input_ids and id", HelpName = "file", Required = true };
        var vocabulary = new Option<string>("--vocab") { Description = "the vocabulary of those ids: " + VocabularyFile.Formats, HelpName = "file", Required = true };
        var against = new Option<string?>("--against") { Description = "another model, compared document by document", HelpName = "folder" };
        var againstDocuments = new Option<string?>("--against-documents") { Description = "the same documents in its tokens; default: --documents", HelpName = "file" };
        var againstVocabulary = new Option<string?>("--against-vocab") { Description = "its vocabulary; default: --vocab", HelpName = "file" };
        var domain = new Option<string?>("--domain") { Description = "the field of the documents that names their domain", HelpName = "field" };
        var length = new Option<int>("--length") { Description = "positions that the model sees; longer documents go in windows that overlap by half", HelpName = "N", DefaultValueFactory = static _ => 2048 };
        var start = new Option<int?>("--start-token") { Description = "put this id before every document, so that its first token counts too", HelpName = "id" };
        var againstStart = new Option<int?>("--against-start-token") { Description = "the same for --against", HelpName = "id" };
        var compute = ValueOption.OneOf("--compute", "type of weights and activations", "float32", "bfloat16");
        var device = new Option<string>("--device") { Description = "cpu, cuda or cuda:N", HelpName = "name", DefaultValueFactory = static _ => "cpu" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var verb = new Verb(
            "eval", "Bits per UTF-8 byte (comparable across tokenizers) and perplexity per token of a model, per domain, with a paired bootstrap against another model.",
            "pta eval --model run/model --documents heldout.jsonl --vocab tokenizer.json --domain language",
            "pta eval --model fused/model --against plain/model --documents heldout.jsonl --vocab tokenizer.json")
        {
            model, documents, vocabulary, against, againstDocuments, againstVocabulary, domain, length, start, againstStart, compute, device, json,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            SetupTorchCommand.Ensure(terminal, again: false, cancellation);
            if (parse.GetValue(length) < Evaluator.LeastLength)
                throw new ArgumentException($"--length {parse.GetValue(length)} must be at least {Evaluator.LeastLength}: a position before, and one to predict.");
            ScalarType type = parse.GetValue(compute) == "float32" ? ScalarType.Float32 : ScalarType.BFloat16;
            DocumentScore[] Score(string folder, string file, string vocabularyFile, int? first)
            {
                TokenVocabulary tokens = VocabularyFile.Read(vocabularyFile);
                EvaluationDocument[] all = [.. EvaluationDocument.Read(file, parse.GetValue(domain), tokens)];
                if (all.Length == 0)
                    throw new AlignmentDataException($"{file}: holds no document; name a file that does.");
                if (first is { } token && !tokens.HasToken(token))
                    throw new ArgumentException($"--start-token {token} is no token of {tokens.Name}; name one of its ids, as the begin of sequence.");
                Device on = TorchRuntime.OpenDevice(parse.GetValue(device)!);
                using CausalModel loaded = ModelFiles.Load(folder, type, on, terminal.Notice);
                ModelFiles.CheckTokenizer(loaded.Config, tokens.Count);
                var evaluator = new Evaluator(loaded, tokens, on) { Length = parse.GetValue(length), StartToken = first };
                DocumentScore[] scores = [];
                ProgressReport.Run(terminal, "scoring " + Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), "tokens", progress => scores = evaluator.Score(all, progress, cancellation));
                return scores;
            }

            DocumentScore[] own = Score(parse.GetValue(model)!, parse.GetValue(documents)!, parse.GetValue(vocabulary)!, parse.GetValue(start));
            DocumentScore[]? other = parse.GetValue(against) is not { } folder ? null : Score(
                folder, parse.GetValue(againstDocuments) ?? parse.GetValue(documents)!, parse.GetValue(againstVocabulary) ?? parse.GetValue(vocabulary)!,
                parse.GetValue(againstDocuments) is null ? parse.GetValue(start) : parse.GetValue(againstStart));
            Line[] lines = [.. LinesOf(own, other)];
            if (parse.GetValue(json))
                terminal.WriteJson(lines);
            else
                Print(terminal, lines);
            return 0;
        }, cancellation));
        return verb;
    }

    private static IEnumerable<Line> LinesOf(DocumentScore[] own, DocumentScore[]? other)
    {
        string[] domains = [.. own.Select(static d => d.Domain).Distinct().Order(StringComparer.Ordinal)];
        foreach (string domain in domains.Length > 1 ? domains : [])
            yield return Of(domain, d => d.Domain == domain);
        yield return Of("all", static _ => true);

        Line Of(string name, Func<DocumentScore, bool> belongs)
        {
            DocumentScore[] mine = [.. own.Where(belongs)];
            DomainScore sum = DomainScore.Of(mine);
            BootstrapResult? difference = other is null ? null : BootstrapResult.Of([.. other.Where(belongs)], mine);
            DomainScore? theirs = other is null ? null : DomainScore.Of([.. other.Where(belongs)]);
            return new Line(name, sum.Documents, sum.Bytes, sum.Tokens, sum.BitsPerByte, sum.Perplexity, theirs?.BitsPerByte, difference);
        }
    }

    private static void Print(Terminal terminal, Line[] lines)
    {
        bool compared = lines[0].Difference is not null;
        Table table = new Table().Border(TableBorder.Simple).AddColumns("domain", "documents", "bytes", "tokens", "bits per byte", "perplexity");
        if (compared)
            table.AddColumns("against", "difference (95 %)");
        foreach (int column in Enumerable.Range(1, table.Columns.Count - 1))
            table.Columns[column].RightAligned();
        foreach (Line line in lines)
        {
            List<string> cells =
            [
                Terminal.Escape(line.Domain), Text($"{line.Documents}"), Text($"{line.Bytes}"), Text($"{line.Tokens}"), Text($"{line.BitsPerByte:F4}"), Text($"{line.Perplexity:F2}"),
            ];
            if (line.Difference is { } d)
                cells.AddRange([Text($"{line.Against:F4}"), Text($"{d.Difference:+0.0000;-0.0000} ({d.Low:+0.0000;-0.0000}..{d.High:+0.0000;-0.0000})")]);
            table.AddRow([.. cells]);
        }

        terminal.Console.Write(table);
        if (compared)
            terminal.Output.WriteLine($"Paired bootstrap over documents, {BootstrapResult.Resamples} resamples: a difference is one where 0 lies outside; negative is better.");

        static string Text(FormattableString text) => Terminal.Escape(FormattableString.Invariant(text));
    }

    /// <summary>One domain's figures.</summary>
    private sealed record Line(string Domain, int Documents, long Bytes, long Tokens, double BitsPerByte, double Perplexity, double? Against, BootstrapResult? Difference);
}
