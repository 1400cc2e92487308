using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using PtaKernels.Corpus;
using PtaKernels.Training.Safetensors;
using static TorchSharp.torch;

namespace PtaKernels.Training;

public static partial class ModelFiles
{
    // Other forms of the weights, and what a trainer keeps for itself: of the model before, so no part of a new checkpoint.
    private static readonly string[] WeightEndings =
        [".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx", ".onnx_data", ".gguf", ".npz", ".index.json", ".partial"];

    private static readonly string[] NotCopied = [ConfigName, "README.md", "trainer_state.json"];

    private static readonly KeyValuePair<string, string>[] NewMetadata = [new("format", "pt")];

    /// <summary>Saves a model in the layout of the checkpoint that it came from. Adapters are added to the weights that they belong to.</summary>
    /// <param name="model">The model; its weights may be on any device.</param>
    /// <param name="folder">The new checkpoint, which appears when it is complete and not before.</param>
    /// <param name="source">Folder that the model was loaded from: names, order, types, shards, metadata, <c>config.json</c>, the tokenizer's and all other files but weights in other forms and the model card are taken from it.</param>
    /// <param name="type">Type of the weights in the files; null for the source's, weight by weight.</param>
    /// <param name="replace">Whether an older folder of this name is replaced, in one step once the new one is complete; it may be the source itself.</param>
    /// <exception cref="AlignmentDataException">The disk is full or refuses, the name is taken, the source is another model's, or a value does not fit the type.</exception>
    public static void Save(CausalModel model, string folder, string source, ScalarType? type = null, bool replace = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using var destination = new AtomicFolder(folder, replace);
        SaveInto(destination, model.Config, model.Merged, source, type);
        destination.Commit();
    }

    /// <summary>Writes random weights, as <see cref="Random"/> makes them, as a checkpoint folder.</summary>
    /// <param name="folder">The new checkpoint.</param>
    /// <param name="config">The model.</param>
    /// <param name="seed">The same gives the same files.</param>
    /// <param name="type">Type of the weights in the files: float32, bfloat16 or float16.</param>
    /// <param name="shard">Most bytes of tensors in a file; a larger tensor has its own.</param>
    /// <param name="replace">Whether an older folder of this name is replaced.</param>
    /// <param name="definition">The folder that <paramref name="config"/> was read from: its <c>config.json</c>, but for the type, its tokenizer and other companions go along; null for a config of our own and no tokenizer.</param>
    /// <exception cref="AlignmentDataException">The disk is full or refuses, or the name is taken.</exception>
    public static void CreateRandom(string folder, ModelConfig config, ulong seed, ScalarType type = ScalarType.BFloat16, long shard = DefaultShard, bool replace = false, string? definition = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using CausalModel model = Random(config, seed, ScalarType.Float32);
        using var destination = new AtomicFolder(folder, replace);
        List<List<SafetensorsEntry>> shards = Divide(ModelFamilies.Shapes(config), type, shard);
        var places = new JsonObject();
        for (int i = 0; i < shards.Count; i++)
        {
            string name = shards.Count == 1
                ? CheckpointFiles.SingleName
                : string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors");
            var header = new SafetensorsHeader(NewMetadata, shards[i]);
            destination.Write(name, stream => WriteFile(stream, header, entry => SafetensorsFile.Write(model.Weights[entry.Name], type, entry.Name, stream)));
            foreach (SafetensorsEntry entry in shards[i])
                places[entry.Name] = name;
        }

        if (shards.Count > 1)
        {
            var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = shards.Sum(static s => s[^1].End) }, ["weight_map"] = places };
            destination.Write(CheckpointFiles.IndexName, Encoding.UTF8.GetBytes(index.ToJsonString(JsonText.Indented) + "\n"));
        }

        foreach (string companion in definition is null ? [] : CompanionsOf(definition))
            destination.Write(Path.GetFileName(companion), File.ReadAllBytes(companion));
        destination.Write(ConfigName, Encoding.UTF8.GetBytes(definition is null ? ConfigWriter.Write(config, type) : ConfigWriter.WithType(File.ReadAllText(Path.Combine(definition, ConfigName)), type)));
        destination.Commit();
    }

    /// <summary>Writes a checkpoint's files into a folder that is not there yet, <c>config.json</c> last.</summary>
    /// <param name="destination">The folder; other files may be written into it before it is committed.</param>
    /// <param name="config">The model.</param>
    /// <param name="weight">The weight of a name.</param>
    /// <param name="source">The checkpoint whose layout is kept.</param>
    /// <param name="type">Type of the weights in the files; null for the source's.</param>
    internal static void SaveInto(AtomicFolder destination, ModelConfig config, Func<string, Tensor> weight, string source, ScalarType? type)
    {
        using CheckpointFiles files = CheckpointFiles.Open(source);
        WeightShape[] shapes = [.. ModelFamilies.Shapes(config)];
        Check(files, shapes);
        Dictionary<string, string> weightOf = shapes.ToDictionary(static s => s.Name, static s => s.Name);
        foreach (string name in files.Names.Where(n => IsTiedHead(config, n)))
            weightOf[name] = ModelFamilies.EmbeddingName(config);
        bool changed = false;
        long total = 0;
        foreach (SafetensorsFile file in files.Files)
        {
            SafetensorsHeader header = WithTypes(file.Header, weightOf, type);
            changed |= header.Entries.Zip(file.Header.Entries).Any(static p => p.First.Type != p.Second.Type);
            total += header.DataLength;
            destination.Write(Path.GetFileName(file.FilePath), stream => WriteFile(stream, header, entry =>
            {
                using var scope = NewDisposeScope();
                if (weightOf.TryGetValue(entry.Name, out string? name))
                    SafetensorsFile.Write(Shaped(weight(name), entry), SafetensorsType.OfWeight(entry.Type)!.Value, entry.Name, stream);
                else
                    file.CopyTo(file.Header.Entries.Single(e => e.Name == entry.Name), stream);
            }));
        }

        if (files.Index is { } index)
            destination.Write(CheckpointFiles.IndexName, Encoding.UTF8.GetBytes(changed ? CheckpointFiles.IndexWithSize(index, total) : index));
        foreach (string companion in CompanionsOf(source))
            destination.Write(Path.GetFileName(companion), File.ReadAllBytes(companion));
        byte[] configBytes = File.ReadAllBytes(Path.Combine(source, ConfigName));
        destination.Write(ConfigName, changed && type is { } newType ? Encoding.UTF8.GetBytes(ConfigWriter.WithType(Encoding.UTF8.GetString(configBytes), newType)) : configBytes);
    }

    /// <summary>What makes a checkpoint usable elsewhere, besides its weights and its config: the tokenizer's files whatever they are called, generation defaults, templates, the code of a model that brings its own, the licence.</summary>
    private static IEnumerable<string> CompanionsOf(string source) => Directory.EnumerateFiles(source)
        .Where(static file => Path.GetFileName(file) is var name && name[0] != '.' && !NotCopied.Contains(name) && !WeightEndings.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)))
        .Order(StringComparer.Ordinal);

    /// <summary>Writes a safetensors file of tensors that are no checkpoint's.</summary>
    internal static void WriteTensors(Stream stream, IReadOnlyList<(string Name, Tensor Value)> tensors, ScalarType type)
    {
        Dictionary<string, Tensor> values = tensors.ToDictionary(static t => t.Name, static t => t.Value);
        var entries = new List<SafetensorsEntry>();
        foreach ((string name, Tensor value) in tensors)
        {
            long begin = entries.Count == 0 ? 0 : entries[^1].End;
            entries.Add(new SafetensorsEntry(name, SafetensorsType.NameOf(type), value.shape, begin, begin + (value.numel() * SafetensorsType.Size(SafetensorsType.NameOf(type)))));
        }

        WriteFile(stream, new SafetensorsHeader(NewMetadata, entries), entry => SafetensorsFile.Write(values[entry.Name], type, entry.Name, stream));
    }

    private static Tensor Shaped(Tensor weight, SafetensorsEntry entry) =>
        weight.shape.AsSpan().SequenceEqual(entry.Shape)
            ? weight
            : throw new AlignmentDataException($"weight '{entry.Name}' has shape {SafetensorsEntry.Describe(weight.shape)} and the source {entry.ShapeText}; save with the checkpoint that the model came from.");

    /// <summary>A header, then its tensors in the order of their bytes.</summary>
    private static void WriteFile(Stream stream, SafetensorsHeader header, Action<SafetensorsEntry> body)
    {
        stream.Write(header.ToBytes());
        foreach (SafetensorsEntry entry in header.Entries.OrderBy(static e => e.Begin).ThenBy(static e => e.End))
            body(entry);
    }

    /// <summary>The same tensors in the same order, the model's weights of another type.</summary>
    private static SafetensorsHeader WithTypes(SafetensorsHeader header, Dictionary<string, string> weightOf, ScalarType? type)
    {
        if (type is null)
            return header;
        var changed = new SafetensorsEntry[header.Entries.Count];
        long at = 0;
        foreach ((int i, SafetensorsEntry entry) in header.Entries.Index().OrderBy(static p => p.Item.Begin).ThenBy(static p => p.Item.End))
        {
            string name = weightOf.ContainsKey(entry.Name) ? SafetensorsType.NameOf(type.Value) : entry.Type;
            long bytes = entry.Length / SafetensorsType.Size(entry.Type) * SafetensorsType.Size(name);
            changed[i] = entry with { Type = name, Begin = at, End = at + bytes };
            at += bytes;
        }

        return new SafetensorsHeader(header.Metadata, changed);
    }

    private static List<List<SafetensorsEntry>> Divide(IEnumerable<WeightShape> shapes, ScalarType type, long shard)
    {
        List<List<SafetensorsEntry>> shards = [[]];
        string name = SafetensorsType.NameOf(type);
        foreach (WeightShape shape in shapes)
        {
            long bytes = shape.Shape.Aggregate((long)SafetensorsType.Size(name), static (a, b) => checked(a * b));
            if (shards[^1].Count > 0 && shards[^1][^1].End + bytes > shard)
                shards.Add([]);
            long begin = shards[^1].Count == 0 ? 0 : shards[^1][^1].End;
            shards[^1].Add(new SafetensorsEntry(shape.Name, name, shape.Shape, begin, begin + bytes));
        }

        return shards;
    }
}
