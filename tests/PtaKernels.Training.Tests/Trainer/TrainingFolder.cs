using System.Text.Json;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Trainer;

/// <summary>A tiny student and packed data on disk, gone when the test ends.</summary>
internal sealed class TrainingFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pta-train-");

    /// <summary>A folder with a random Llama of 40 tokens and as many sequences.</summary>
    public TrainingFolder(int sequences = 12, Func<int, PackedSequence, PackedSequence>? change = null)
    {
        TorchRuntime.Load();
        ModelFiles.CreateRandom(Model, new ModelConfig
        {
            Family = ModelFamily.Llama, Vocabulary = Vocabulary, Width = 16, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadWidth = 4, FeedForward = 24, MaxLength = 64, NormEpsilon = 1e-5,
        }, seed: 3, ScalarType.Float32);
        var random = new Random(11);
        Write(Enumerable.Range(0, sequences).Select(i =>
        {
            PackedSequence sequence = Sequences.Random(random, Vocabulary, 20, i);
            return change?.Invoke(i, sequence) ?? sequence;
        }));
    }

    /// <summary>A folder with given sequences and no model.</summary>
    public TrainingFolder(IEnumerable<PackedSequence> sequences) => Write(sequences);

    public const int Vocabulary = 40;

    public string Model => this["student"];

    public string Data => this["packed"];

    public string this[string name] => Path.Combine(_folder.FullName, name);

    public TrainingOptions Options(string output) => new()
    {
        Model = Model, Data = Data, Output = this[output], Compute = ScalarType.Float32, LearningRate = 0.01, Batch = 2, Accumulation = 2, MaxSteps = 9, SaveEvery = 3,
    };

    /// <summary>The logged losses and norms of a run, by step.</summary>
    public static string[] Log(string output) =>
        [.. TrainingLog.Read(Path.Combine(output, TrainingLog.FileName)).Select(static r => JsonSerializer.Serialize(r with { Seconds = 0, MemoryMegabytes = 0 }))];

    public void Dispose() => _folder.Delete(recursive: true);

    private void Write(IEnumerable<PackedSequence> sequences)
    {
        using var writer = new PackedWriter(Data, "train");
        foreach (PackedSequence sequence in sequences)
            writer.Write(sequence);
        writer.Finish();
    }
}
