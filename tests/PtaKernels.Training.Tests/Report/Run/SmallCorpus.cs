using System.Text;
using System.Text.Json;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Pipeline;
using PtaKernels.Text;

namespace PtaKernels.Training.Tests.Report.Run;

/// <summary>A corpus of short texts with three real tokenizers and drawn candidates, aligned, in a folder of its own.</summary>
internal sealed class SmallCorpus : IDisposable
{
    private const int K = 10;

    private static readonly string[] Words =
        ["the", "value", "returns", "of", "a", "stream", "token", "512", "3.5", "naïve", "😀", "null", "element", "Read", "–", "default", "when", "there", "is", "none", "index", "42nd"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pta-run-report-");
    private readonly Dictionary<string, TextEncoder> _encoders = new[] { "target", "neox", "mpt" }.ToDictionary(static name => name, static name => TextEncoder.Load(Repository.PathOf($"samples/demo/{name}/tokenizer.model")));

    public SmallCorpus(int documents, params string[] sources)
    {
        Sources = sources;
        foreach (string model in sources.Prepend("target"))
            File.WriteAllLines(In(model + ".jsonl"), Enumerable.Range(0, documents).Select(d => Line(model, d)));
    }

    public string[] Sources { get; }

    public static IKernelBackend Backend { get; } = Backends.Backends.Open("native", static _ => { });

    public string In(string name) => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Aligns the documents, as pta align does.</summary>
    public (RunInput Input, AlignmentRunReport Report) Align(string preset, Func<AlignmentOptions, AlignmentOptions>? change = null)
    {
        AlignmentOptions options = (change ?? (static o => o))(AlignmentPreset.Named(preset));
        TokenVocabulary target = _encoders["target"].Vocabulary;
        AlignmentSource[] sources = [.. Sources.Select(s => new AlignmentSource(s, new VocabularyPair(_encoders[s].Vocabulary, target) { TargetEncoder = _encoders["target"] }))];
        IDocumentReader[] readers = [.. Sources.Prepend("target").Select(m => DocumentFiles.Open(In(m + ".jsonl")))];
        var run = new AlignmentRun { TargetDocuments = readers[0], Target = target, SourceDocuments = readers[1..], Sources = sources, OutputPath = In($"{preset}.jsonl"), Replace = true };
        AlignmentRunReport report = run.Run(Backend, options, CancellationToken.None);
        return (new RunInput
        {
            Title = "Small <corpus>",
            Name = preset,
            Preset = preset,
            Options = options,
            Sources = sources,
            Order = run.UsedOrder,
            Readers = readers,
            Aligned = options.Output == OutputUnit.Official ? null : AlignedInput.Open(In($"{preset}.jsonl")),
            Backend = Backend,
        }, report);
    }

    private static string TextOf(int document)
    {
        var random = new Random(document);
        return string.Join(' ', Enumerable.Range(0, 12 + random.Next(12)).Select(_ => Words[random.Next(Words.Length)])) + ".";
    }

    /// <summary>A document as a model would have left it: the next token is among the candidates of most rows, and what they miss is told by the log-sum-exp.</summary>
    private string Line(string model, int document)
    {
        TextEncoder encoder = _encoders[model];
        int[] ids = encoder.EncodeSequence(Encoding.UTF8.GetBytes(TextOf(document)), begin: true, end: true).Ids;
        var random = new Random((31 * document) + model.Length);
        int[][] indices = new int[ids.Length][];
        double[][] logits = new double[ids.Length][];
        for (int t = 0; t < ids.Length; t++)
        {
            var row = new List<int>();
            if (t + 1 < ids.Length && random.NextDouble() < 0.8)
                row.Add(ids[t + 1]);
            while (row.Count < K)
            {
                int drawn = ids[random.Next(ids.Length)] + random.Next(3);
                if (drawn < encoder.Vocabulary.Count && encoder.Vocabulary.StringOf(drawn) is not null && !row.Contains(drawn))
                    row.Add(drawn);
            }

            indices[t] = [.. row];
            logits[t] = [.. Enumerable.Range(0, K).Select(i => 4 - (0.7 * i) - (0.1 * random.NextDouble()))];
        }

        return JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["id"] = $"d{document}",
            ["input_ids"] = ids,
            ["per_step_logits"] = logits,
            ["per_step_indices"] = indices,
            ["per_step_lse"] = logits.Select(static row => Math.Log(row.Sum(Math.Exp) / 0.9)).ToArray(),
            ["per_step_metric_ce"] = Enumerable.Range(0, ids.Length - 1).Select(_ => 1 + random.NextDouble()).ToArray(),
            ["metric_ce"] = 1.5,
        });
    }
}

/// <summary>Says nothing.</summary>
internal sealed class Silent : IFuseProgress
{
    public void Run(string title, string unit, Action<Action<long, double>> work) => work(static (_, _) => { });

    public void Done(string title, string outcome, double seconds, bool reused)
    {
    }

    public void Notice(string sentence)
    {
    }
}
