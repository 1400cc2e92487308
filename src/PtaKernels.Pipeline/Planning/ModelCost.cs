using PtaKernels.Training;

namespace PtaKernels.Pipeline.Planning;

/// <summary>What a token costs a model, in floating-point operations; a multiplication and an addition are two.</summary>
internal sealed record ModelCost
{
    private ModelCost(string name) => Name = name;

    /// <summary>The folder's name, or the count as it was given.</summary>
    public string Name { get; }

    /// <summary>The shapes; null where only a count is known.</summary>
    public ModelConfig? Config { get; private init; }

    /// <summary>All weights.</summary>
    public double Weights { get; private init; }

    /// <summary>Weights of the layers' matrices and of the output matrix: each takes part once in every token.</summary>
    public double Multiplied { get; private init; }

    /// <summary>A model from a folder with <c>config.json</c>, or from a count as 7G or 350M.</summary>
    /// <param name="given">A folder or a count.</param>
    /// <param name="option">What it was given for, for messages.</param>
    /// <exception cref="AlignmentDataException">The folder holds no model that is known.</exception>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static ModelCost Of(string given, string option)
    {
        if (Directory.Exists(given))
            return Of(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(given))), ModelFiles.ReadConfig(given));
        try
        {
            double weights = TokenAmount.Parse(given, option);
            return new ModelCost(given) { Weights = weights, Multiplied = weights };
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"{option} '{given}' is neither a folder with config.json nor a number of weights, as 350M or 7G.", e);
        }
    }

    /// <summary>A model of known shapes.</summary>
    public static ModelCost Of(string name, ModelConfig config)
    {
        double weights = 0, matrices = 0, table = (double)config.Vocabulary * config.Width;
        foreach (WeightShape shape in ModelFamilies.Shapes(config))
        {
            double count = shape.Shape.Aggregate(1.0, static (product, extent) => product * extent);
            weights += count;
            matrices += shape.Kind == WeightKind.Matrix ? count : 0;
        }

        // The embedding is looked up, not multiplied; as the output matrix it is, whether it has weights of its own or not.
        return new ModelCost(name) { Config = config, Weights = weights, Multiplied = config.TiedEmbedding ? matrices : matrices - table };
    }

    /// <summary>Operations of a forward pass per token: 2 for each weight that takes part, and in every layer 4 for each position seen and unit of the heads' width: scores, and the sum of values.</summary>
    /// <param name="lengths">Tokens of the documents; their positions see those before them and themselves.</param>
    public double Forward(IReadOnlyList<double> lengths)
    {
        double operations = 2 * Multiplied;
        if (Config is not { } config)
            return operations;
        double width = (double)config.Heads * config.HeadWidth;
        int whole = config.SlidingWindow is null ? config.Layers : Math.Min(config.Layers, config.FirstWindowLayer);
        return operations + (4 * width * ((whole * Seen(lengths, double.PositiveInfinity)) + ((config.Layers - whole) * Seen(lengths, config.SlidingWindow ?? 1))));
    }

    /// <summary>Operations of a training step per token: the backward pass is twice the forward pass, which runs once more under activation checkpointing.</summary>
    public double Training(IReadOnlyList<double> lengths, bool checkpointing) => (checkpointing ? 4 : 3) * Forward(lengths);

    /// <summary>Positions that a position sees, on average.</summary>
    private static double Seen(IReadOnlyList<double> lengths, double window)
    {
        double sum = 0;
        foreach (double length in lengths)
        {
            double most = Math.Min(length, window);
            sum += (most * (most + 1) / 2) + ((length - most) * most);
        }

        return sum / lengths.Sum();
    }
}
