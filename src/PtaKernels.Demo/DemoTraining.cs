using PtaKernels.Training;
using static TorchSharp.torch;

namespace PtaKernels.Demo;

/// <summary>How a model of the demonstration is trained.</summary>
/// <param name="LearningRate">Highest rate.</param>
/// <param name="WarmUp">Share of the steps in which it rises.</param>
/// <param name="Batch">Sequences per step.</param>
/// <param name="Epochs">Passes over the data.</param>
internal sealed record DemoTraining(double LearningRate, double WarmUp, int Batch, double Epochs)
{
    /// <summary>Type of weights and activations while it is trained.</summary>
    public ScalarType Compute { get; init; } = ScalarType.Float32;

    /// <summary>The options of a run.</summary>
    public TrainingOptions Options(string model, string data, string output, double weight, int seed) => new()
    {
        Model = model,
        Data = data,
        Output = output,
        Weight = weight,
        LearningRate = LearningRate,
        WarmUp = WarmUp,
        Batch = Batch,
        Accumulation = 1,
        Epochs = Epochs,
        Compute = Compute,
        Checkpointing = false,
        Seed = seed,
        SaveEvery = 200,
        Keep = 1,
    };
}
