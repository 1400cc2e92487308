using System.CommandLine;
using System.Diagnostics;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Parts;
using PtaKernels.Text;
using PtaKernels.Training;

namespace PtaKernels.Cli;

/// <summary><c>pta capture</c>: a model and a corpus of texts in, the model's next-token distributions out.</summary>
internal static class CaptureCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "a folder with config.json and safetensors", HelpName = "folder", Required = true };
        var tokenizer = new Option<string?>("--tokenizer") { Description = "the model's tokenizer; default: the model's folder: " + VocabularyFile.Formats, HelpName = "path" };
        var documents = new Option<string>("--documents") { Description = "the corpus: " + TextDocument.Formats, HelpName = "path", Required = true };
        var output = new Option<string>("--out") { Description = "the distributions, a dataset folder for pta align", HelpName = "folder", Required = true };
        var topK = ValueOption.Count("--top-k", "candidates per position, 1..64; the official code keeps 10", CaptureRun.DefaultTopK);
        var temperature = ValueOption.Number("--temperature", "divides every logit, so that rows and cross-entropies are of softmax(logits / x)", 1);
        var begin = ValueOption.OneOf("--begin", "begin of sequence before every document; auto: where the tokenizer has one", "auto", "on", "off");
        var end = ValueOption.OneOf("--end", "end of sequence behind every document; auto: where the tokenizer has one", "auto", "on", "off");
        var length = new Option<int?>("--length") { Description = $"most tokens of a document; longer ones are refused, see pta split; default {CaptureRun.DefaultLength}, or what the model was made for if less", HelpName = "N" };
        var domain = new Option<string?>("--domain") { Description = "the field of the documents that goes to the column domain", HelpName = "field" };
        var batch = ValueOption.Count("--batch-tokens", "positions of a batch, padding included", 4096);
        var shard = ValueOption.Count("--shard-tokens", "tokens of a shard: what a stopped run loses at most", 1 << 18);
        var compute = ValueOption.OneOf("--compute", "type of weights and activations; what is kept is float32 always", "float32", "bfloat16");
        var device = new Option<string>("--device") { Description = "cpu, cuda or cuda:N", HelpName = "name", DefaultValueFactory = static _ => "cpu" };
        var force = new Option<bool>("--force") { Description = "replace an existing dataset, and what another stopped run left" };
        var json = new Option<bool>("--json") { Description = "print JSON instead of text" };
        var verb = new Verb(
            "capture", "Run a model over documents and store, per position, its top-k logits, their log-sum-exp and the next token's cross-entropy. A stopped run goes on where it was.",
            "pta capture --model teacher/ --documents pieces.jsonl.gz --out teacher-rows --top-k 10",
            "pta capture --model teacher/ --documents pieces.jsonl.gz --out teacher-rows --shards 64 --shard 3",
            "pta capture --model student/ --tokenizer tokenizer.model --documents pieces.jsonl.gz --out student-rows --domain domain --compute bfloat16")
        {
            model, tokenizer, documents, output, topK, temperature, begin, end, length, domain, batch, shard, compute, device, force, json,
        };
        var shards = new ShardOptions();
        shards.AddTo(verb);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            string folder = parse.GetValue(model)!;
            ModelFiles.ReadConfig(folder); // a folder that is no model is told before a download
            CorpusPart? part = shards.Of(parse);
            string path = ShardOptions.NameOf(parse.GetValue(output)!, part);
            CaptureRun RunWith(TextEncoder encoder, Action<long, double>? progress) => new()
            {
                ModelPath = folder,
                Encoder = encoder,
                InputPath = parse.GetValue(documents)!,
                OutputPath = path,
                Part = part,
                Replace = parse.GetValue(force),
                TopK = parse.GetValue(topK),
                Temperature = parse.GetValue(temperature),
                Begin = ValueOption.Switched(parse.GetValue(begin)!),
                End = ValueOption.Switched(parse.GetValue(end)!),
                Length = parse.GetValue(length),
                DomainField = parse.GetValue(domain),
                BatchTokens = parse.GetValue(batch),
                ShardTokens = parse.GetValue(shard),
                Compute = ValueOption.TypeOf(parse.GetValue(compute)!),
                Device = parse.GetValue(device)!,
                Progress = progress,
                Notice = terminal.Notice,
            };
            var encoder = TextEncoder.Load(parse.GetValue(tokenizer) ?? folder);
            Func<bool>? finished = part is null || parse.GetValue(force) ? null : () => RunWith(encoder, null).IsFinished;
            return ShardOptions.Run(terminal, path, finished, parse.GetValue(json), () =>
            {
                SetupTorchCommand.Ensure(terminal, again: false, cancellation);
                CaptureReport? report = null;
                var clock = Stopwatch.StartNew();
                try
                {
                    ProgressReport.Run(terminal, "capturing", "tokens", progress => report = RunWith(encoder, progress).Run(cancellation));
                }
                catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
                {
                    terminal.Errors.WriteLine(Program.StoppedBetweenShards);
                    return Program.Cancelled;
                }

                Summarise(terminal, report!, path, clock.Elapsed.TotalSeconds, parse.GetValue(json));
                return 0;
            });
        }, cancellation));
        return verb;
    }

    private static void Summarise(Terminal terminal, CaptureReport report, string path, double seconds, bool asJson)
    {
        double rate = (report.Tokens - report.Resumed) / Math.Max(1e-9, seconds);
        if (asJson)
        {
            terminal.WriteJson(new
            {
                Out = path,
                report.Documents,
                report.Tokens,
                report.Resumed,
                report.Bytes,
                report.Shards,
                BitsPerByte = Math.Round(report.BitsPerByte, 6),
                Seconds = Math.Round(seconds, 3),
                TokensPerSecond = Math.Round(rate),
            });
            return;
        }

        terminal.Output.WriteLine(FormattableString.Invariant(
            $"{path}: {report.Documents} documents, {report.Tokens} tokens in {report.Shards} shards, {report.BitsPerByte:F4} bits per byte, {seconds:F1} s, {rate:F0} tokens/s"));
    }
}
