using System.Text.Json;

namespace PtaKernels.Corpus.Folders;

/// <summary>A folder made by Hugging Face <c>save_to_disk</c>: one Dataset, or a DatasetDict with one Dataset folder per split.</summary>
/// <remarks>
/// A Dataset has <c>state.json</c>, which lists its Arrow files, and <c>dataset_info.json</c>; a DatasetDict has <c>dataset_dict.json</c>. The columns are those
/// of the official step 2: <c>input_ids</c>, <c>per_step_logits</c>, <c>per_step_indices</c>, optionally <c>metric_ce</c>, <c>per_step_metric_ce</c>,
/// <c>per_step_lse</c>, <c>byte_offsets</c>; any other is left alone. Rows that were padded to a fixed length are trimmed to the document's. A document goes by
/// its string column <c>id</c>, or without one by its split and its row in it, from 0.
/// </remarks>
public sealed class DatasetFolder : IDocumentReader, IColumnReader
{
    internal const string DictFile = "dataset_dict.json", StateFile = "state.json", InfoFile = "dataset_info.json";

    private readonly DatasetSplit[] _splits;
    private readonly long _rows;

    /// <summary>Opens a folder: reads its JSON files, the frames of every shard, and every shard's schema.</summary>
    /// <exception cref="AlignmentDataException">The folder is no dataset, or a file is missing, cut off, damaged or of another form.</exception>
    public DatasetFolder(string path)
        : this(path, DocumentColumns.Require)
    {
    }

    /// <summary>Opens a folder whose shards need not be tokenized documents.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="require">Checks a shard's columns.</param>
    internal DatasetFolder(string path, Action<ArrowShard> require)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        if (!IsDataset(path))
            throw new AlignmentDataException($"{path}: is no dataset folder: it has neither {DictFile} nor {StateFile}; name a folder made by save_to_disk, or one of Parquet files.");
        IsDict = File.Exists(System.IO.Path.Combine(path, DictFile));
        _splits = IsDict ? [.. SplitNames().Select(name => new DatasetSplit(System.IO.Path.Combine(path, name), name, require))] : [new DatasetSplit(path, null, require)];
        Splits = [.. _splits.Select(static s => s.Name)];
        _rows = _splits.Sum(static s => s.Rows);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public string Kind => "dataset folder";

    /// <inheritdoc/>
    public IReadOnlyList<string> Splits { get; }

    /// <summary>Whether the folder is a DatasetDict.</summary>
    public bool IsDict { get; }

    /// <summary>Whether a folder is a Dataset or a DatasetDict.</summary>
    public static bool IsDataset(string path) => File.Exists(System.IO.Path.Combine(path, DictFile)) || File.Exists(System.IO.Path.Combine(path, StateFile));

    /// <inheritdoc/>
    public long? CountOf(string split) => SplitOf(split).Rows;

    /// <inheritdoc/>
    public string Identity => InputIdentity.OfFiles(_splits.SelectMany(static s => s.Shards.Select(static f => f.Path).Prepend(System.IO.Path.Combine(s.Folder, StateFile))));

    /// <inheritdoc/>
    public IEnumerable<IDocumentRecord> Read(string split, long first = 0)
    {
        int index = Array.FindIndex(_splits, s => s.Name == split);
        long before = _splits.Take(index).Sum(static s => s.Rows);
        return _splits[index].Read(first).Select(record => record with { Share = (before + record.Row + 1.0) / _rows });
    }

    /// <inheritdoc/>
    public IDocumentWriter OpenOutput(OutputRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new DatasetFolderWriter(request.Path, request.Replace, this, [.. request.Sources.Cast<DatasetFolder>()], request.Options.Output);
    }

    /// <inheritdoc/>
    IColumnSplit IColumnReader.ColumnsOf(string split) => SplitOf(split);

    /// <summary>A split by its name.</summary>
    internal DatasetSplit SplitOf(string name) => Array.Find(_splits, s => s.Name == name) ?? throw new ArgumentException($"{Path} has no split {name}.");

    private string[] SplitNames()
    {
        string file = System.IO.Path.Combine(Path, DictFile);
        using JsonDocument json = DatasetJson.Read(file);
        string[] names = DatasetJson.Strings(file, json.RootElement, "splits");
        return names.Length > 0 ? names : throw new AlignmentDataException($"{file}: lists no split; save the dataset again.");
    }
}
