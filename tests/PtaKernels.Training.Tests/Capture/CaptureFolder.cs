using System.Text;
using System.Text.Json;
using PtaKernels.Corpus.Parts;
using PtaKernels.Text;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Capture;

/// <summary>A tiny random model, a tokenizer and a corpus, gone when the test ends.</summary>
internal sealed class CaptureFolder : IDisposable
{
    private static readonly string[] Words = ["the", " the", " cat", " sat", " on", " a", " mat", " and", "ran", " 猫", "😀", ". ", "\n", " then", " there", "ing"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pta-capture-");

    public CaptureFolder(int documents = 40)
    {
        Encoder = ToyEncoder.Of("toy", Words, holes: 3);
        Model("model", Encoder, padding: 5, seed: 3);
        var random = new Random(9);
        Write("corpus.jsonl", Enumerable.Range(0, documents).Select(i => ($"d{i}", i % 2 == 0 ? "even" : "odd", Text(random, 1 + random.Next(30)))));
    }

    public TextEncoder Encoder { get; }

    public string this[string name] => Path.Combine(_folder.FullName, name);

    public IEnumerable<string> Names => _folder.EnumerateFileSystemInfos().Select(static f => f.Name).Order(StringComparer.Ordinal);

    public static string Text(Random random, int words) => string.Concat(Enumerable.Range(0, words).Select(_ => random.Next(6) == 0 ? " zebra é" : Words[random.Next(Words.Length)]));

    /// <summary>Writes a random model for a tokenizer.</summary>
    public string Model(string name, TextEncoder encoder, int padding, ulong seed)
    {
        TorchRuntime.Load();
        ModelFiles.CreateRandom(this[name], new ModelConfig
        {
            Family = ModelFamily.Llama, Vocabulary = encoder.Vocabulary.Count + padding, Width = 16, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadWidth = 4, RotaryWidth = 4, FeedForward = 24, MaxLength = 256, NormEpsilon = 1e-5,
        }, seed, ScalarType.Float32);
        return this[name];
    }

    public void Write(string name, IEnumerable<(string Id, string Domain, string Text)> documents) =>
        File.WriteAllLines(this[name], documents.Select(static d => JsonSerializer.Serialize(new { id = d.Id, domain = d.Domain, text = d.Text })), new UTF8Encoding(false));

    public CaptureRun Run(string output, Action<long, double>? progress = null, Action<string>? notice = null, int shardTokens = 200, int batchTokens = 150, bool replace = false, string? corpus = null, int topK = 10, CorpusPart? part = null) => new()
    {
        ModelPath = this["model"], Encoder = Encoder, InputPath = this[corpus ?? "corpus.jsonl"], OutputPath = this[output], DomainField = "domain", Progress = progress, Notice = notice,
        ShardTokens = shardTokens, BatchTokens = batchTokens, Replace = replace, TopK = topK, Part = part,
    };

    /// <summary>Name and bytes of every file of a folder.</summary>
    public SortedDictionary<string, string> Contents(string name) =>
        new(Directory.EnumerateFiles(this[name], "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(this[name], f), static f => Convert.ToHexString(File.ReadAllBytes(f))), StringComparer.Ordinal);

    public void Dispose() => _folder.Delete(recursive: true);
}
