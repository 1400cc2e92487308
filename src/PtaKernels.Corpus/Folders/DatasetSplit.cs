using System.Text.Json;
using Apache.Arrow;

namespace PtaKernels.Corpus.Folders;

/// <summary>One Dataset folder: its shards in order.</summary>
internal sealed class DatasetSplit : IColumnSplit
{
    private const string Unnamed = "data";

    /// <summary>Rows after which the pages looked at are given back: about 13 MB at 2048 positions and k = 10.</summary>
    private const int RowsBetweenForgets = 64;

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The split's name in its DatasetDict; null = as the folder's own state says.</param>
    /// <param name="require">Checks a shard's columns.</param>
    public DatasetSplit(string folder, string? name, Action<ArrowShard> require)
    {
        Folder = folder;
        string file = Path.Combine(folder, DatasetFolder.StateFile);
        if (!File.Exists(file))
            throw new AlignmentDataException($"{folder}: has no {DatasetFolder.StateFile}; copy the whole folder again.");
        using JsonDocument state = DatasetJson.Read(file);
        if (state.RootElement.TryGetProperty("_indices_data_files", out JsonElement selected) && selected.ValueKind == JsonValueKind.Array && selected.GetArrayLength() > 0)
            throw new AlignmentDataException($"{folder}: holds a selection of rows by index files; load it, call flatten_indices() and save it again.");
        Name = name ?? (state.RootElement.TryGetProperty("_split", out JsonElement split) && split.ValueKind == JsonValueKind.String ? DatasetJson.Text(file, split) : Unnamed);
        Shards = [.. DatasetJson.FileNames(file, state.RootElement).Select(f => new ArrowShard(Path.Combine(folder, f)))];
        foreach (ArrowShard shard in Shards)
        {
            require(shard);
            RequireSameColumns(shard);
        }
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string FirstFile => Shards[0].Path;

    /// <inheritdoc/>
    public IReadOnlyList<Field> Columns => Shards[0].Schema.FieldsList;

    /// <summary>The files, in order.</summary>
    public ArrowShard[] Shards { get; }

    /// <summary>Rows of all shards.</summary>
    public long Rows => Shards.Sum(static s => s.Rows);

    /// <inheritdoc/>
    public JsonElement? FeatureOf(string column)
    {
        string file = Path.Combine(Folder, DatasetFolder.InfoFile);
        if (!File.Exists(file))
            return null;
        using JsonDocument info = DatasetJson.Read(file);
        return info.RootElement.TryGetProperty("features", out JsonElement features) && features.ValueKind == JsonValueKind.Object
            && features.TryGetProperty(column, out JsonElement feature) ? feature.Clone() : null;
    }

    /// <summary>The rows from one of them on, one record batch in memory at a time.</summary>
    public IEnumerable<FolderRecord> Read(long first)
    {
        long before = 0;
        foreach (ArrowShard shard in Shards)
        {
            if (before + shard.Rows <= first)
            {
                before += shard.Rows;
                continue;
            }

            foreach (ArrowBatch batch in shard.ReadBatches())
            {
                if (before + batch.FirstRow + batch.Batch.Length <= first)
                    continue;
                var columns = new DocumentColumns(shard, batch);
                for (int row = (int)Math.Max(0, first - before - batch.FirstRow); row < batch.Batch.Length; row++)
                {
                    yield return new FolderRecord(shard, columns, Name, row, before + batch.FirstRow + row);
                    if (row % RowsBetweenForgets == RowsBetweenForgets - 1)
                        batch.Mapping?.Forget();
                }

                batch.Mapping?.Forget();
            }

            before += shard.Rows;
        }
    }

    private void RequireSameColumns(ArrowShard shard)
    {
        static IEnumerable<string> Columns(ArrowShard s) => s.Schema.FieldsList.Select(static f => $"{f.Name} {ArrowLists.Describe(f.DataType)}");
        if (!Columns(shard).SequenceEqual(Columns(Shards[0])))
            throw new AlignmentDataException($"{shard.Path}: its columns differ from those of {Shards[0].Path}; save the dataset again.");
    }
}

/// <summary>A row of a dataset folder, or of another file of the same columns.</summary>
/// <param name="Shard">Its file.</param>
/// <param name="Columns">Its record batch.</param>
/// <param name="Split">Its split; empty where there are none.</param>
/// <param name="BatchRow">Its number in the batch.</param>
/// <param name="Row">Its number in the split.</param>
internal sealed record FolderRecord(IColumnFile Shard, DocumentColumns Columns, string Split, int BatchRow, long Row) : IColumnRecord
{
    public string Where => $"{Shard.Path}, row {Row}";

    public long Number => Row;

    public string DefaultId => Split.Length == 0 ? $"row {Row}" : $"{Split}/{Row}";

    /// <summary>The string column <c>id</c>, else <see cref="DefaultId"/>.</summary>
    public string Id => Columns.NameOf(BatchRow) ?? DefaultId;

    public double Share { get; init; }

    public string Evidence => Where;

    public void WriteKey(Utf8JsonWriter json) => json.WriteString("row", DefaultId);

    public string? ValueOf(string column) => Shard.Guard(() => Columns.ValueOf(column, BatchRow, Where));

    public TokenizedDocument Parse() => Columns.Document(BatchRow, Shard.Guard(() => Id), Where);
}
