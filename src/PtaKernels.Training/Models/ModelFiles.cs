using PtaKernels.Training.Safetensors;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Models from checkpoint folders in the layout of Hugging Face, and back.</summary>
public static partial class ModelFiles
{
    /// <summary>Name of the file that says what the model is.</summary>
    public const string ConfigName = "config.json";

    /// <summary>Bytes of a shard, where a new checkpoint is cut into several.</summary>
    public const long DefaultShard = 5_000_000_000;

    /// <summary>Reads a folder's <c>config.json</c>.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="notice">Takes sentences about options without effect; null to drop them.</param>
    /// <exception cref="AlignmentDataException">It is missing or damaged, the family is unknown, or an option is not supported.</exception>
    public static ModelConfig ReadConfig(string folder, Action<string>? notice = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw new AlignmentDataException($"{folder}: there is no such folder; name one with a Hugging Face checkpoint.");
        return ConfigReader.Read(Path.Combine(folder, ConfigName), notice ?? (static _ => { }));
    }

    /// <summary>Loads a model. Its weights do not require gradients.</summary>
    /// <param name="folder">Has <c>config.json</c> and <c>model.safetensors</c>, or shards with <c>model.safetensors.index.json</c>.</param>
    /// <param name="type">Float32 or bfloat16: what the model computes in. Weights of that type keep their bits, others are rounded to it.</param>
    /// <param name="device">Where the weights go; null for the host.</param>
    /// <param name="notice">Takes sentences about what is in the files and not used; null to drop them.</param>
    /// <exception cref="AlignmentDataException">A file is missing or damaged, or not of a supported model; the sentence says which and what to do.</exception>
    public static CausalModel Load(string folder, ScalarType type, Device? device = null, Action<string>? notice = null)
    {
        CheckComputeType(type);
        TorchRuntime.Load();
        ModelConfig config = ReadConfig(folder, notice);
        using CheckpointFiles files = CheckpointFiles.Open(folder);
        WeightShape[] shapes = [.. ModelFamilies.Shapes(config)];
        Check(files, shapes);
        NameExtras(files, config, shapes, notice);
        var weights = new ModelWeights();
        try
        {
            foreach (WeightShape shape in shapes)
            {
                using var scope = NewDisposeScope();
                (SafetensorsFile file, SafetensorsEntry entry) = files.Find(shape.Name)!.Value;
                weights.Add(shape.Name, file.Read(entry).to(type).to(device ?? CPU));
            }

            return ModelFamilies.Create(config, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a tokenizer with more tokens than the model has rows; fewer are usual, embeddings are padded.</summary>
    /// <param name="config">The model.</param>
    /// <param name="tokens">Tokens of the tokenizer, added ones included: its largest id + 1.</param>
    /// <param name="files">The model's and the tokenizer's files, for the message; null where they have none.</param>
    /// <exception cref="AlignmentDataException">It has more.</exception>
    public static void CheckTokenizer(ModelConfig config, int tokens, string? files = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (tokens > config.Vocabulary)
            throw new AlignmentDataException($"{(files is null ? "" : files + ": ")}the tokenizer has {tokens} tokens and the model's embedding {config.Vocabulary} rows; use the model's own tokenizer, or a checkpoint whose embedding was enlarged.");
    }

    /// <summary>Number of weights of a model; a tied output matrix counts once.</summary>
    public static long Parameters(ModelConfig config) => ModelFamilies.Shapes(config).Sum(static s => s.Shape.Aggregate(1L, static (a, b) => a * b));

    /// <summary>A model with random weights: matrices normal with a standard deviation of 0.02, factors of norms 1, biases 0.</summary>
    /// <param name="config">The model.</param>
    /// <param name="seed">The same gives the same weights, whatever the type and device.</param>
    /// <param name="type">Float32 or bfloat16.</param>
    /// <param name="device">Where the weights go; null for the host.</param>
    public static CausalModel Random(ModelConfig config, ulong seed, ScalarType type, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        CheckComputeType(type);
        TorchRuntime.Load();
        using var generator = new Generator(seed);
        var weights = new ModelWeights();
        foreach (WeightShape shape in ModelFamilies.Shapes(config))
        {
            using var scope = NewDisposeScope();
            Tensor weight = shape.Kind switch
            {
                WeightKind.Matrix => empty(shape.Shape, ScalarType.Float32).normal_(0, 0.02, generator),
                WeightKind.Gain => ones(shape.Shape, ScalarType.Float32),
                _ => zeros(shape.Shape, ScalarType.Float32),
            };
            weights.Add(shape.Name, weight.to(type).to(device ?? CPU));
        }

        return ModelFamilies.Create(config, weights);
    }

    private static void CheckComputeType(ScalarType type)
    {
        if (type is not (ScalarType.Float32 or ScalarType.BFloat16))
            throw new ArgumentOutOfRangeException(nameof(type), type, "Models compute in float32 or bfloat16.");
    }

    /// <summary>Refuses files that lack some weights, or have them in another shape or type.</summary>
    internal static void Check(CheckpointFiles files, WeightShape[] shapes)
    {
        foreach (WeightShape shape in shapes)
        {
            if (files.Find(shape.Name) is not { } place)
                throw new AlignmentDataException($"{files.Folder}: weight '{shape.Name}' is missing; the checkpoint is incomplete or its {ConfigName} is another model's, copy it again.");
            if (!place.Entry.Shape.AsSpan().SequenceEqual(shape.Shape))
                throw new AlignmentDataException($"{place.File.FilePath}: weight '{shape.Name}' has shape {place.Entry.ShapeText} and {ConfigName} asks for {SafetensorsEntry.Describe(shape.Shape)}; use the two of one checkpoint.");
            if (SafetensorsType.OfWeight(place.Entry.Type) is null)
                throw new AlignmentDataException($"{place.File.FilePath}: weight '{shape.Name}' has type {place.Entry.Type}; save the checkpoint as bfloat16, float16 or float32.");
        }
    }

    private static void NameExtras(CheckpointFiles files, ModelConfig config, WeightShape[] shapes, Action<string>? notice)
    {
        if (notice is null)
            return;
        HashSet<string> known = [.. shapes.Select(static s => s.Name)];
        string[] extras = [.. files.Names.Where(n => !known.Contains(n) && !ModelFamilies.IsComputed(n) && !IsTiedHead(config, n))];
        if (extras.Length > 0)
        {
            string more = extras.Length > 3 ? $" and {extras.Length - 3} more" : "";
            notice($"{files.Folder}: not used by this model: {string.Join(", ", extras.Take(3))}{more}.");
        }
    }

    /// <summary>Whether a tensor is the output matrix of a model that uses its embedding instead.</summary>
    private static bool IsTiedHead(ModelConfig config, string name) =>
        config.TiedEmbedding && name is ("lm_head.weight" or "embed_out.weight");
}
