using System.Text.Json;
using System.Text.Json.Nodes;

namespace PtaKernels.Training.Safetensors;

/// <summary>The safetensors files of a checkpoint folder: one <c>model.safetensors</c>, or shards with an index.</summary>
internal sealed class CheckpointFiles : IDisposable
{
    /// <summary>The weights where they are one file.</summary>
    public const string SingleName = "model.safetensors";

    /// <summary>Which shard has which weight.</summary>
    public const string IndexName = "model.safetensors.index.json";

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, (SafetensorsFile File, SafetensorsEntry Entry)> _entries = [];

    private CheckpointFiles(string folder) => Folder = folder;

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The files, in the order of their names.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _files;

    /// <summary>Text of the index; null where there is one file.</summary>
    public string? Index { get; private set; }

    /// <summary>Names of all tensors, file by file.</summary>
    public IEnumerable<string> Names => _files.SelectMany(static f => f.Header.Entries).Select(static e => e.Name);

    /// <summary>Opens the files of a folder and checks them.</summary>
    /// <exception cref="AlignmentDataException">One is missing or damaged, or they contradict each other.</exception>
    public static CheckpointFiles Open(string folder)
    {
        var files = new CheckpointFiles(folder);
        try
        {
            files.OpenAll();
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>A tensor's place, or null.</summary>
    public (SafetensorsFile File, SafetensorsEntry Entry)? Find(string name) => _entries.TryGetValue(name, out var found) ? found : null;

    /// <summary>The index with another total size.</summary>
    /// <param name="index">Text of an index.</param>
    /// <param name="bytes">Bytes of all tensors.</param>
    public static string IndexWithSize(string index, long bytes)
    {
        JsonObject json = JsonNode.Parse(index)!.AsObject();
        if (json["metadata"] is not JsonObject metadata)
            json["metadata"] = metadata = [];
        metadata["total_size"] = bytes;
        return json.ToJsonString(JsonText.Indented) + "\n";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files)
            file.Dispose();
        _files.Clear();
        _entries.Clear();
    }

    private void OpenAll()
    {
        string single = Path.Combine(Folder, SingleName);
        string index = Path.Combine(Folder, IndexName);
        if (File.Exists(single))
        {
            Add(single);
            return;
        }

        if (!File.Exists(index))
            throw new AlignmentDataException($"{Folder}: there is neither {SingleName} nor {IndexName}; save the checkpoint in the safetensors format.");
        Index = File.ReadAllText(index);
        Dictionary<string, string> places = Places(index, Index);
        foreach (string shard in places.Values.Distinct().Order(StringComparer.Ordinal))
            Add(Path.Combine(Folder, shard));
        foreach ((string name, string shard) in places)
        {
            if (Find(name)?.File.FilePath != Path.Combine(Folder, shard))
                throw new AlignmentDataException($"{Path.Combine(Folder, shard)}: tensor '{name}' is not in it, against {IndexName}; copy the checkpoint again.");
        }
    }

    private void Add(string path)
    {
        var file = new SafetensorsFile(path);
        _files.Add(file);
        foreach (SafetensorsEntry entry in file.Header.Entries)
        {
            if (!_entries.TryAdd(entry.Name, (file, entry)))
                throw new AlignmentDataException($"{path}: tensor '{entry.Name}' is in {Path.GetFileName(_entries[entry.Name].File.FilePath)} too; save the checkpoint again.");
        }
    }

    private static Dictionary<string, string> Places(string path, string text)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            Dictionary<string, string> places = [];
            foreach (JsonProperty place in json.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                string shard = place.Value.GetString() ?? "";
                if (shard.Length == 0 || Path.GetFileName(shard) != shard)
                    throw new AlignmentDataException($"{path}: tensor '{place.Name}' is said to be in '{shard}', which is no file name; copy the checkpoint again.");
                places[place.Name] = shard;
            }

            return places;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new AlignmentDataException($"{path}: it is no index of safetensors files (JSON with a weight_map); copy the checkpoint again.", e);
        }
    }
}
