using System.Globalization;
using System.Text.Json;
using PtaKernels.Corpus;
using PtaKernels.Training.Safetensors;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Checkpoints of a run, <c>OUT/checkpoints/step-N</c>: a folder has its name only when all of it is on disk, so a run may be killed at any time.</summary>
/// <param name="output">The run's folder.</param>
/// <param name="weights">What is trained.</param>
/// <param name="optimiser">Its moments.</param>
/// <param name="notice">Told of a checkpoint that cannot be read.</param>
/// <param name="open">How a new file is opened; for tests.</param>
internal sealed class TrainingCheckpoints(string output, TrainableWeights weights, AdamW optimiser, Action<string>? notice, Func<string, Stream>? open = null)
{
    private const string StateFile = "state.json", TensorFile = "trainer.safetensors", Prefix = "step-";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private readonly string _folder = Path.Combine(output, "checkpoints");

    private (string Name, Tensor Value)[] Tensors => [("master", weights.Master), ("mean", optimiser.Mean), ("square", optimiser.Square)];

    /// <summary>The newest checkpoint that can be read, put into the weights and moments; null if there is none.</summary>
    public TrainingState? LoadNewest()
    {
        foreach (string folder in Folders().Reverse())
        {
            try
            {
                TrainingState state = JsonSerializer.Deserialize<TrainingState>(File.ReadAllText(Path.Combine(folder, StateFile)), Json)
                    ?? throw new JsonException();
                if (state.Layout != TrainingState.LayoutOf(weights))
                    return state; // of another model: the caller says so
                Load(Path.Combine(folder, TensorFile));
                weights.Publish();
                return state;
            }
            catch (Exception e) when (e is JsonException or FileNotFoundException or AlignmentDataException)
            {
                notice?.Invoke($"{folder} is damaged ({e.Message}); the checkpoint before it is taken.");
            }
        }

        return null;
    }

    /// <summary>Writes a checkpoint, then removes the oldest over <paramref name="keep"/>.</summary>
    /// <exception cref="AlignmentDataException">It cannot be written; the ones before are whole.</exception>
    public void Save(TrainingState state, int keep)
    {
        string folder = Path.Combine(_folder, Prefix + state.Step.ToString("D7", CultureInfo.InvariantCulture));
        Directory.CreateDirectory(_folder);
        using (var destination = new AtomicFolder(folder, replace: true, open))
        {
            destination.Write(TensorFile, stream => ModelFiles.WriteTensors(stream, Tensors, ScalarType.Float32));
            destination.Write(StateFile, JsonSerializer.SerializeToUtf8Bytes(state, Json));
            destination.Commit();
        }

        foreach (string old in Folders().SkipLast(keep))
            Directory.Delete(old, recursive: true);
    }

    private void Load(string path)
    {
        using var file = new SafetensorsFile(path);
        foreach ((string name, Tensor value) in Tensors)
        {
            SafetensorsEntry entry = file.Header.Entries.SingleOrDefault(e => e.Name == name) ?? throw new AlignmentDataException($"{path}: has no tensor {name}.");
            using Tensor saved = file.Read(entry);
            if (!saved.shape.SequenceEqual(value.shape))
                throw new AlignmentDataException($"{path}: {name} is {entry.ShapeText}, the run trains {value.numel()} values.");
            using var scope = NewDisposeScope();
            using (no_grad())
                value.copy_(saved);
        }
    }

    private string[] Folders() => !Directory.Exists(_folder) ? []
        : [.. Directory.GetDirectories(_folder, Prefix + "*").Where(static f => !Path.HasExtension(f)).Order(StringComparer.Ordinal)];
}
