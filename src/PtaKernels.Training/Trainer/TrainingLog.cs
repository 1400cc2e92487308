using System.Text.Encodings.Web;
using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;

namespace PtaKernels.Training;

/// <summary>What one optimiser step did.</summary>
/// <param name="Step">From 1.</param>
/// <param name="Epoch">Passes over the data so far.</param>
/// <param name="Loss">w L_CLM + (1 - w) L_F (SPEC A3.6).</param>
/// <param name="NextToken">L_CLM, nats per label.</param>
/// <param name="Fusion">L_F, nats per taught row; null where the step had none.</param>
/// <param name="Weight">w.</param>
/// <param name="LearningRate">Of this step.</param>
/// <param name="GradientNorm">Before clipping.</param>
/// <param name="Tokens">Positions that went through the model.</param>
/// <param name="Seconds">Time it took.</param>
/// <param name="MemoryMegabytes">Resident memory of the process.</param>
public sealed record StepRecord(
    int Step, double Epoch, double Loss, double NextToken, double? Fusion, double Weight, double LearningRate, double GradientNorm, int Tokens, double Seconds, double MemoryMegabytes);

/// <summary>The run's two logs: <c>log.jsonl</c>, a line per step, and TensorBoard events.</summary>
internal sealed class TrainingLog : IDisposable
{
    /// <summary>The JSON log's name in the output folder.</summary>
    public const string FileName = "log.jsonl";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly StreamWriter _lines;
    private readonly SummaryWriter _events;

    /// <summary>Opens the logs; lines after <paramref name="step"/>, of a run that was cut off, are removed.</summary>
    public TrainingLog(string folder, int step)
    {
        string file = Path.Combine(folder, FileName);
        KeepUntil(file, step);
        _lines = new StreamWriter(file, append: true) { AutoFlush = true };
        _events = torch.utils.tensorboard.SummaryWriter(Path.Combine(folder, "tensorboard"), createRunName: false);
    }

    /// <summary>The records of a log, damaged last lines left out.</summary>
    public static IEnumerable<StepRecord> Read(string file)
    {
        foreach (string line in File.ReadLines(file))
        {
            StepRecord? record;
            try
            {
                record = JsonSerializer.Deserialize<StepRecord>(line, Json);
            }
            catch (JsonException)
            {
                yield break; // cut off while it was written
            }

            if (record is not null)
                yield return record;
        }
    }

    public void Add(StepRecord record)
    {
        _lines.WriteLine(JsonSerializer.Serialize(record, Json));
        Scalar("loss/total", record.Loss);
        Scalar("loss/next_token", record.NextToken);
        if (record.Fusion is { } fusion)
            Scalar("loss/fusion", fusion);
        Scalar("weight", record.Weight);
        Scalar("learning_rate", record.LearningRate);
        Scalar("gradient_norm", record.GradientNorm);
        Scalar("tokens_per_second", record.Tokens / record.Seconds);

        void Scalar(string tag, double value) => _events.add_scalar(tag, (float)value, record.Step);
    }

    public void Dispose() => _lines.Dispose();

    private static void KeepUntil(string file, int step)
    {
        if (!File.Exists(file))
            return;
        string[] kept = [.. Read(file).TakeWhile(r => r.Step <= step).Select(static r => JsonSerializer.Serialize(r, Json))];
        string partial = file + ".partial";
        File.WriteAllLines(partial, kept);
        File.Move(partial, file, overwrite: true);
    }
}
