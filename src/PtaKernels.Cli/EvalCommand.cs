using System.CommandLine;
using PtaKernels.Corpus;
using PtaKernels.Text;
using PtaKernels.Training;
using static TorchSharp.torch;

namespace PtaKernels.Cli;

/// <summary><c>pta eval</c>: bits per byte and perplexity of a model per domain, its answers to tasks, and the difference to another one.</summary>
internal static class EvalCommand
{
    private const int DefaultLength = 2048;

    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "a folder with config.json and safetensors", HelpName = "folder", Required = true };
        var documents = new Option<string?>("--documents") { Description = "held-out texts: " + TextDocument.Formats + "; with --vocab tokenized ones: JSON lines with input_ids and id", HelpName = "path" };
        var tasks = new Option<string[]>("--tasks") { Description = "questions with choices or a target, scored by log-likelihood; may be repeated: " + TaskItem.Formats, HelpName = "path", DefaultValueFactory = static _ => [] };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "the model's tokenizer; default: the model's folder", HelpName = "path" };
        var vocabulary = new Option<string?>("--vocab") { Description = "--documents are tokenized, in the ids of this vocabulary: " + VocabularyFile.Formats, HelpName = "file" };
        var against = new Option<string?>("--against") { Description = "another model, compared document by document and question by question", HelpName = "folder" };
        var againstDocuments = new Option<string?>("--against-documents") { Description = "tokenized documents in its tokens; default: --documents", HelpName = "file" };
        var againstTokenizer = new Option<string?>("--against-tokenizer") { Description = "its tokenizer; default: --tokenizer, or its folder", HelpName = "path" };
        var againstVocabulary = new Option<string?>("--against-vocab") { Description = "its vocabulary; default: --vocab", HelpName = "file" };
        var domain = new Option<string?>("--domain") { Description = "the field of the documents that names their domain", HelpName = "field" };
        var length = new Option<int?>("--length") { Description = $"positions that the model sees; longer documents go in windows that overlap by half, longer contexts lose their first tokens; default {DefaultLength}, or what the model was made for if less", HelpName = "N" };
        var begin = ValueOption.OneOf("--begin", "begin of sequence before every text; auto: where the tokenizer has one", "auto", "on", "off");
        var end = ValueOption.OneOf("--end", "end of sequence behind every document; auto: where the tokenizer has one", "auto", "on", "off");
        var start = new Option<int?>("--start-token") { Description = "tokenized documents: put this id before every one, so that its first token counts too", HelpName = "id" };
        var againstStart = new Option<int?>("--against-start-token") { Description = "the same for --against", HelpName = "id" };
        var worst = ValueOption.Count("--worst", "with --against: tasks and documents listed that lost and that won most", 5);
        var compute = ValueOption.OneOf("--compute", "type of weights and activations", "float32", "bfloat16");
        var device = new Option<string>("--device") { Description = "cpu, cuda or cuda:N", HelpName = "name", DefaultValueFactory = static _ => "cpu" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var verb = new Verb(
            "eval", "Bits per UTF-8 byte (comparable across tokenizers) and perplexity per token of a model, per domain, and its answers to tasks, with a paired bootstrap against another model.",
            "pta eval --model run/model --documents heldout.jsonl --domain language",
            "pta eval --model fused/model --against plain/model --documents heldout.jsonl --tasks tasks/ --worst 10",
            "pta eval --model fused/model --against plain/model --documents tokenized.jsonl --vocab tokenizer.json")
        {
            model, documents, tasks, tokenizer, vocabulary, against, againstDocuments, againstTokenizer, againstVocabulary, domain, length, begin, end, start, againstStart, worst, compute, device, json,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            string[] taskPaths = parse.GetValue(tasks)!;
            if (parse.GetValue(documents) is null && taskPaths.Length == 0)
                throw new ArgumentException("there is nothing to score; give --documents, --tasks or both.");
            if (parse.GetValue(length) < Evaluator.LeastLength)
                throw new ArgumentException($"--length {parse.GetValue(length)} must be at least {Evaluator.LeastLength}: a position before, and one to predict.");
            Option? needless = parse.GetValue(vocabulary) is null
                ? new Option[] { againstDocuments, againstVocabulary, start, againstStart }.FirstOrDefault(o => parse.GetResult(o) is { Implicit: false })
                : new Option[] { end }.FirstOrDefault(o => parse.GetResult(o) is { Implicit: false });
            if (needless is not null)
                throw new ArgumentException($"{needless.Name} is about {(needless == end ? "texts; leave it out, or leave out --vocab" : "tokenized documents; leave it out, or name their --vocab")}.");
            TaskItem[] items = [.. taskPaths.SelectMany(static path => TaskItem.Read(path))];
            var own = new EvaluatedModel
            {
                Folder = parse.GetValue(model)!,
                Documents = parse.GetValue(documents),
                Vocabulary = parse.GetValue(vocabulary),
                Tokenizer = parse.GetValue(tokenizer) ?? parse.GetValue(model)!,
                StartToken = parse.GetValue(start),
                DomainField = parse.GetValue(domain),
                Items = items,
                Length = parse.GetValue(length),
                Begin = ValueOption.Switched(parse.GetValue(begin)!),
                End = ValueOption.Switched(parse.GetValue(end)!),
                Compute = ValueOption.TypeOf(parse.GetValue(compute)!),
                Device = parse.GetValue(device)!,
            };
            EvaluatedModel? other = parse.GetValue(against) is not { } folder ? null : own with
            {
                Folder = folder,
                Documents = parse.GetValue(againstDocuments) ?? own.Documents,
                Vocabulary = parse.GetValue(againstVocabulary) ?? own.Vocabulary,
                Tokenizer = parse.GetValue(againstTokenizer) ?? parse.GetValue(tokenizer) ?? folder,
                StartToken = parse.GetValue(againstDocuments) is null ? own.StartToken : parse.GetValue(againstStart),
            };
            SetupTorchCommand.Ensure(terminal, again: false, cancellation);
            ModelAnswers answers = own.Score(terminal, cancellation);
            var report = new EvalReport(answers, other?.Score(terminal, cancellation), parse.GetValue(worst));
            if (parse.GetValue(json))
                terminal.WriteJson(report);
            else
                report.Print(terminal);
            return 0;
        }, cancellation));
        return verb;
    }

    /// <summary>What a model is scored on, and how.</summary>
    private sealed record EvaluatedModel
    {
        public required string Folder { get; init; }

        public required string? Documents { get; init; }

        /// <summary>Of tokenized documents; null where they are texts.</summary>
        public required string? Vocabulary { get; init; }

        public required string Tokenizer { get; init; }

        public required int? StartToken { get; init; }

        public required string? DomainField { get; init; }

        public required TaskItem[] Items { get; init; }

        public required int? Length { get; init; }

        public required bool? Begin { get; init; }

        public required bool? End { get; init; }

        public required ScalarType Compute { get; init; }

        public required string Device { get; init; }

        public ModelAnswers Score(Terminal terminal, CancellationToken cancellation)
        {
            ModelConfig config = ModelFiles.ReadConfig(Folder);
            TextEncoder? encoder = (Documents is not null && Vocabulary is null) || Items.Length > 0 ? OpenEncoder() : null;
            TokenVocabulary tokens = Vocabulary is null ? encoder!.Vocabulary : VocabularyFile.Read(Vocabulary);
            EvaluationDocument[] documents = Documents is null ? [] : [.. ReadDocuments(encoder, tokens)];
            if (Documents is not null && documents.Length == 0)
                throw new AlignmentDataException($"{Documents}: holds no document; name a file that does.");
            if (StartToken is { } token && !tokens.HasToken(token))
                throw new ArgumentException($"--start-token {token} is no token of {tokens.Name}; name one of its ids, as the begin of sequence.");
            Device on = TorchRuntime.OpenDevice(Device);
            using CausalModel model = ModelFiles.Load(Folder, Compute, on, terminal.Notice);
            ModelFiles.CheckTokenizer(model.Config, tokens.Count, $"{Folder} with {Vocabulary}");
            if (encoder is not null)
                ModelFiles.CheckTokenizer(model.Config, encoder.Vocabulary.Count, $"{Folder} with {Tokenizer}");
            int length = Length ?? Math.Min(DefaultLength, config.MaxLength);
            string title = "scoring " + Path.GetFileName(Path.TrimEndingDirectorySeparator(Folder));
            DocumentScore[] scores = [];
            if (documents.Length > 0)
                ProgressReport.Run(terminal, title, "tokens", progress => scores = new Evaluator(model, tokens, on) { Length = length, StartToken = StartToken }.Score(documents, progress, cancellation));
            ItemScore[] answers = [];
            if (Items.Length > 0)
                ProgressReport.Run(terminal, title + ", tasks", "tokens", progress => answers = new TaskEvaluator(model, encoder!, on) { Length = length, Begin = Begin ?? true }.Score(Items, progress, cancellation));
            return new ModelAnswers(scores, answers);
        }

        private IEnumerable<EvaluationDocument> ReadDocuments(TextEncoder? encoder, TokenVocabulary tokens) => Vocabulary is not null
            ? EvaluationDocument.Read(Documents!, DomainField, tokens)
            : TextDocument.Read(Documents!, DomainField).Select(d => EvaluationDocument.Of(d, encoder!, Begin ?? true, End ?? true));

        private TextEncoder OpenEncoder()
        {
            TextEncoder encoder = TextEncoder.Load(Tokenizer);
            if (Begin == true && encoder.Bos is null)
                throw new ArgumentException($"--begin on: {Tokenizer} has no begin of sequence; leave it out.");
            if (End == true && encoder.Eos is null)
                throw new ArgumentException($"--end on: {Tokenizer} has no end of sequence; leave it out.");
            return encoder;
        }
    }
}
