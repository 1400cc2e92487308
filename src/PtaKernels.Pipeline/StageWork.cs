using PtaKernels.Corpus;
using PtaKernels.Training;
using static TorchSharp.torch;

namespace PtaKernels.Pipeline;

/// <summary>What stages do that a run and a question about it share, each with the run's settings.</summary>
internal static class StageWork
{
    /// <summary>Cuts a text until it fits every model.</summary>
    /// <param name="config">The run's settings.</param>
    /// <param name="documents">The text.</param>
    /// <param name="models">Whose tokenizers count.</param>
    /// <param name="output">The file of pieces.</param>
    /// <param name="report">Told the bytes done and the share of the work.</param>
    /// <param name="cancellation">Stops.</param>
    public static SplitOutcome Split(FuseConfig config, string documents, IEnumerable<FuseModel> models, string output, Action<long, double> report, CancellationToken cancellation)
    {
        SplitReport done = new SplitRun
        {
            InputPath = documents,
            Encoders = [.. models.Select(static m => m.Encoder)],
            OutputPath = output,
            Replace = true,
            Length = config.Split.Length,
            Progress = report,
        }.Run(cancellation);
        return new SplitOutcome(done.Documents, done.Pieces, done.Bytes);
    }

    /// <summary>Runs a model over pieces of text and keeps its candidates.</summary>
    /// <param name="config">The run's settings.</param>
    /// <param name="model">The checkpoint.</param>
    /// <param name="like">The model whose tokenizer it has.</param>
    /// <param name="topK">Candidates of a row.</param>
    /// <param name="temperature">Of its distributions.</param>
    /// <param name="pieces">The text.</param>
    /// <param name="output">The folder.</param>
    /// <param name="notice">Told what is unusual.</param>
    /// <param name="report">Told the tokens done and the share of the work.</param>
    /// <param name="cancellation">Stops; the same call goes on from there.</param>
    public static CaptureOutcome Capture(
        FuseConfig config, string model, FuseModel like, int topK, double temperature, string pieces, string output, Action<string> notice, Action<long, double> report, CancellationToken cancellation)
    {
        CaptureReport done = new CaptureRun
        {
            ModelPath = model,
            Encoder = like.Encoder,
            InputPath = pieces,
            OutputPath = output,
            Replace = true,
            TopK = topK,
            Temperature = temperature,
            BatchTokens = config.Capture.BatchTokens,
            Length = config.Split.Length,
            Compute = TypeOf(config.Capture.Compute, "capture.compute"),
            Device = config.Device,
            Progress = report,
            Notice = notice,
        }.Run(cancellation);
        return new CaptureOutcome(done.Documents, done.Tokens, done.BitsPerByte);
    }

    /// <summary>A type of numbers by its name.</summary>
    /// <param name="name">Of the configuration.</param>
    /// <param name="setting">Where it stands there.</param>
    /// <exception cref="ArgumentException">There is no such type.</exception>
    public static ScalarType TypeOf(string name, string setting) => name switch
    {
        "float32" => ScalarType.Float32,
        "bfloat16" => ScalarType.BFloat16,
        _ => throw new ArgumentException($"{setting} is '{name}'; use float32 or bfloat16."),
    };
}
