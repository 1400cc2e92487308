using System.Security.Cryptography;
using System.Text;

namespace PtaKernels.Training;

/// <summary>Where a run is, beside its weights and moments. What a later run needs to go on as if nothing had happened.</summary>
internal sealed record TrainingState
{
    /// <summary>Optimiser steps done.</summary>
    public required int Step { get; init; }

    /// <summary>Optimiser steps of the whole run.</summary>
    public required int Steps { get; init; }

    /// <summary>Sequences taken: the position in the data's order, which follows from <see cref="Seed"/>.</summary>
    public required long Sequences { get; init; }

    /// <summary>The seed of the order.</summary>
    public required int Seed { get; init; }

    /// <summary>State of libtorch's generator, base64. Nothing draws from it during training today; a model with dropout would.</summary>
    public required string Generator { get; init; }

    /// <summary>Threads of libtorch: another number may round sums otherwise.</summary>
    public required int Threads { get; init; }

    /// <summary>Everything of the options that decides the losses, in one line.</summary>
    public required string Recipe { get; init; }

    /// <summary>Count and content of the data.</summary>
    public required string Data { get; init; }

    /// <summary>SHA-256 over the trained names and shapes.</summary>
    public required string Layout { get; init; }

    /// <summary>What <see cref="Layout"/> is for these weights.</summary>
    internal static string LayoutOf(TrainableWeights weights) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', weights.Layout))));
}
