using PtaKernels.Pipeline;
using PtaKernels.Text;
using PtaKernels.Training;
using static TorchSharp.torch;

namespace PtaKernels.Demo;

/// <summary>A small model from nothing: random weights, then next tokens alone. A stage of its own, so that a finished one is not trained again.</summary>
/// <param name="stages">Knows what is finished.</param>
/// <param name="progress">Is told what happens.</param>
internal sealed class NewModel(StageRunner stages, IFuseProgress progress)
{
    /// <summary>Its name in the stages.</summary>
    public required string Name { get; init; }

    /// <summary>Folder with its <c>config.json</c>.</summary>
    public required string Definition { get; init; }

    /// <summary>Folder with its tokenizer; null where it is the definition's.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>JSON lines that it is trained on.</summary>
    public required string Texts { get; init; }

    /// <summary>How.</summary>
    public required DemoTraining Training { get; init; }

    /// <summary>Type of the weights in its files.</summary>
    public required ScalarType Type { get; init; }

    /// <summary>First weights and order.</summary>
    public required int Seed { get; init; }

    /// <summary>Makes and trains it, unless that is done.</summary>
    /// <param name="place">Folder for everything that this leaves.</param>
    /// <param name="cancellation">Stops; the same call goes on from the last checkpoint.</param>
    /// <returns>The checkpoint's folder.</returns>
    public string Train(string place, CancellationToken cancellation)
    {
        string start = Path.Combine(place, "start"), packed = Path.Combine(place, "packed"), run = Path.Combine(place, "run");
        string tokenizer = Path.Combine(Tokenizer ?? Definition, DemoSize.TokenizerName);
        string key = StageRecords.KeyOf(StageRecords.Fingerprint(Texts), StageRecords.Fingerprint(Path.Combine(Definition, ModelFiles.ConfigName)), StageRecords.Fingerprint(tokenizer), Training, Seed);
        stages.Run($"pre-train {Name}", "tokens", key, [start, packed, run], report =>
        {
            ModelConfig config = ModelFiles.ReadConfig(Definition, progress.Notice);
            ModelFiles.CreateRandom(start, config, (ulong)Seed, Type, replace: true, definition: Definition);
            new PackingRun { InputPath = Texts, Encoder = TextEncoder.Load(tokenizer), OutputPath = packed, Replace = true, Length = DemoSize.SequenceLength }.Run(cancellation);
            TrainOutcome done = TrainOutcome.Train(Training.Options(start, packed, run, 1, Seed), progress, report, cancellation);
            string model = Path.Combine(run, "model");
            if (!File.Exists(Path.Combine(model, DemoSize.TokenizerName)))
                File.Copy(tokenizer, Path.Combine(model, DemoSize.TokenizerName));
            return new PreTrained(ModelFiles.Parameters(config), done.Tokens, done.Losses[^1].NextToken);
        }, static done => $"{done.Parameters / 1e6:F2} M parameters, {done.Tokens} tokens");
        return Path.Combine(run, "model");
    }

    private sealed record PreTrained(long Parameters, long Tokens, double LastLoss);
}
