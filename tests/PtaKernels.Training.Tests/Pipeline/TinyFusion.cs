using PtaKernels.Pipeline;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Pipeline;

/// <summary>A folder with three tiny models, three real tokenizers and twelve documents, and the configuration of a fusion of them.</summary>
internal sealed class TinyFusion : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pta-fuse-");

    public TinyFusion()
    {
        TorchRuntime.Load();
        foreach ((string name, int vocabulary, ModelFamily family) in new[] { ("target", 2048, ModelFamily.Llama), ("neox", 4096, ModelFamily.GptNeoX), ("mpt", 3072, ModelFamily.Mpt) })
        {
            ModelFiles.CreateRandom(In(name), ModelOf(family, vocabulary), seed: 5, ScalarType.Float32);
            File.Copy(Repository.PathOf($"samples/demo/{name}/tokenizer.model"), In(name + "/tokenizer.model"));
        }

        File.WriteAllLines(In("texts.jsonl"), Enumerable.Range(0, 12).Select(static i =>
            $$"""{"id": "d{{i}}", "domain": "{{(i % 2 == 0 ? "even" : "odd")}}", "text": "Returns the {{i}}th element, or null – a default – when there is none 😀 of {{i * i}}."}"""));
    }

    /// <summary>The folder.</summary>
    public string Folder => _folder.FullName;

    /// <summary>Two teachers and the documents, which are the held-out text too.</summary>
    public static FuseConfig Config(string output) => new()
    {
        Output = output,
        Documents = "texts.jsonl",
        Target = new() { Model = "target" },
        Sources = [new() { Model = "neox" }, new() { Model = "mpt" }],
        Preset = "fusion",
        Split = new() { Length = 64 },
        Train = new() { Length = 64, LearningRate = 0.01, Batch = 2, Accumulate = 1, Epochs = 3, Compute = "float32", Activations = "keep" },
        Evaluation = new() { Documents = "texts.jsonl", DomainField = "domain", Length = 64 },
    };

    /// <summary>A path in the folder.</summary>
    public string In(string name) => Path.Combine(Folder, name);

    /// <summary>Runs a configuration.</summary>
    public FuseOutcome Run(FuseConfig config, IFuseProgress progress) =>
        new FuseRun(config, Folder, Backends.Backends.Open("native", static _ => { }), progress).Run(CancellationToken.None);

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    private static ModelConfig ModelOf(ModelFamily family, int vocabulary) => new()
    {
        Family = family,
        Vocabulary = vocabulary,
        Width = 16,
        Layers = 1,
        Heads = 2,
        KeyValueHeads = 2,
        HeadWidth = 8,
        RotaryWidth = family == ModelFamily.Mpt ? 0 : 8,
        FeedForward = family == ModelFamily.Mpt ? 64 : 24,
        MaxLength = 64,
        NormEpsilon = 1e-5,
        TiedEmbedding = true,
    };
}
