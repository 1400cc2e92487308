using System.Text;
using System.Text.Json;
using Apache.Arrow;
using PtaKernels.Alignment;

namespace PtaKernels.Corpus.Folders;

/// <summary>Aligned documents as a folder that <c>load_from_disk</c> reads: under output <c>official</c> the columns of the official step 3, else those of <see cref="FusedJsonLines"/>.</summary>
/// <remarks>Written under <c>OUT.partial</c> and renamed when it is complete. The same documents give the same bytes.</remarks>
public sealed class DatasetFolderWriter : IDocumentWriter
{
    /// <summary>Rows and bytes of a record batch.</summary>
    private const int MaxRows = 1000;
    private const long MaxBytes = 32_000_000;

    private readonly string _path;
    private readonly string _partial;
    private readonly bool _replace;
    private readonly DatasetFolder _target;
    private readonly DatasetFolder[] _sources;
    private readonly OutputUnit _unit;
    private readonly long _maxShard;
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private string? _split;
    private OutputColumn[] _columns = [];
    private ShardFiles? _shards;
    private byte[] _features = [];
    private int _rows;
    private bool _committed;

    /// <summary>Starts an output.</summary>
    /// <exception cref="AlignmentDataException">The output exists and may not be replaced, or holds an input.</exception>
    internal DatasetFolderWriter(string path, bool replace, DatasetFolder target, DatasetFolder[] sources, OutputUnit unit, long maxShard = ShardFiles.MaxShard)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        _partial = _path + ".partial";
        (_replace, _target, _sources, _unit, _maxShard) = (replace, target, sources, unit, maxShard);
        RequireFree(path);
        foreach (string split in target.Splits)
            _ = PlanOf(split); // what cannot be written is refused before any work
        if (Directory.Exists(_partial))
            Directory.Delete(_partial, recursive: true);
        Directory.CreateDirectory(_partial);
    }

    /// <inheritdoc/>
    public void Write(IDocumentRecord record, TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, FusedDocument fused)
    {
        var row = new OutputRow((FolderRecord)record, target, sources, fused);
        if (row.Record.Split != _split)
        {
            EndSplit();
            BeginSplit(row.Record.Split);
        }

        foreach (OutputColumn column in _columns)
            column.Append(row);
        if (++_rows == MaxRows || _columns.Sum(static c => c.Bytes) >= MaxBytes)
            EndBatch();
    }

    /// <inheritdoc/>
    public void Commit()
    {
        EndSplit();
        foreach (string split in _target.Splits.Where(s => !_written.Contains(s)))
        {
            BeginSplit(split);
            EndSplit();
        }

        if (_target.IsDict)
            WriteJson(Path.Combine(_partial, DatasetFolder.DictFile), json => WriteStrings(json, "splits", _target.Splits));
        string? old = Directory.Exists(_path) ? _path + ".replaced" : null;
        if (old is not null)
            Directory.Move(_path, old);
        Directory.Move(_partial, _path);
        _committed = true;
        if (old is not null)
            Directory.Delete(old, recursive: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _shards?.Dispose();
        _shards = null;
        if (!_committed && Directory.Exists(_partial))
            Directory.Delete(_partial, recursive: true);
    }

    private void RequireFree(string path)
    {
        if (File.Exists(_path))
            throw new AlignmentDataException($"{path}: is a file, but the aligned dataset is a folder; name another one.");
        if (Path.GetDirectoryName(_path) is { } parent && !Directory.Exists(parent))
            throw new AlignmentDataException($"{path}: its folder does not exist; make it first.");
        foreach (DatasetFolder input in _sources.Prepend(_target))
        {
            if ((Path.GetFullPath(input.Path) + Path.DirectorySeparatorChar).StartsWith(_path + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new AlignmentDataException($"{path}: holds the input {input.Path}; name another folder.");
        }

        if (!Directory.Exists(_path))
            return;
        if (!_replace)
            throw new AlignmentDataException($"{path}: exists already; name another folder or add --force.");
        if (!DatasetFolder.IsDataset(_path))
            throw new AlignmentDataException($"{path}: is a folder but no dataset, so it is not replaced; name another one.");
    }

    private string FolderOf(string split) => _target.IsDict ? Path.Combine(_partial, split) : _partial;

    private (OutputColumn[] Columns, byte[] Features) PlanOf(string split)
    {
        DatasetSplit input = _target.SplitOf(split);
        OutputColumn[] columns = OutputColumns.For(input, [.. _sources.Select(s => s.SplitOf(split))], _unit);
        HashSet<string> copied = [.. columns.OfType<CopiedColumn>().Select(static c => c.Field.Name)];
        return (columns, Features.Of(columns.Select(static c => c.Field), input.Shards[0].Path, name => copied.Contains(name) ? input.FeatureOf(name) : null));
    }

    private void BeginSplit(string split)
    {
        _split = split;
        _written.Add(split);
        (_columns, _features) = PlanOf(split);
        var metadata = new Dictionary<string, string> { ["huggingface"] = $$$"""{"info": {"features": {{{Encoding.UTF8.GetString(_features)}}}}}""" };
        Directory.CreateDirectory(FolderOf(split));
        _shards = new ShardFiles(FolderOf(split), new Schema(_columns.Select(static c => c.Field), metadata), _maxShard);
    }

    private void EndBatch()
    {
        if (_rows > 0)
            _shards!.Write([.. _columns.Select(static c => c.Build())], _rows);
        foreach (OutputColumn column in _columns)
            column.Clear();
        _rows = 0;
    }

    private void EndSplit()
    {
        if (_split is null)
            return;
        EndBatch();
        (string[] files, string fingerprint) = _shards!.Finish();
        _shards.Dispose();
        WriteJson(Path.Combine(FolderOf(_split), DatasetFolder.StateFile), json =>
        {
            json.WriteStartArray("_data_files");
            foreach (string file in files)
            {
                json.WriteStartObject();
                json.WriteString("filename", file);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("_fingerprint", fingerprint);
            json.WriteNull("_format_columns");
            json.WriteStartObject("_format_kwargs");
            json.WriteEndObject();
            json.WriteNull("_format_type");
            json.WriteBoolean("_output_all_columns", false);
            json.WriteString("_split", _split);
        });
        WriteJson(Path.Combine(FolderOf(_split), DatasetFolder.InfoFile), json =>
        {
            json.WriteString("citation", "");
            json.WriteString("description", "");
            json.WritePropertyName("features");
            json.WriteRawValue(_features);
            json.WriteString("homepage", "");
            json.WriteString("license", "");
        });
        _split = null;
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static void WriteJson(string path, Action<Utf8JsonWriter> write)
    {
        using FileStream file = File.Create(path);
        using (var json = new Utf8JsonWriter(file, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        file.Flush(flushToDisk: true);
    }
}
