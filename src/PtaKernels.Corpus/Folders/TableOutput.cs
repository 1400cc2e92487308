using Apache.Arrow;

namespace PtaKernels.Corpus.Folders;

/// <summary>Where record batches of documents go, split by split. Nothing appears under the final name before <see cref="Commit"/>; disposing without it removes what was written.</summary>
internal abstract class TableOutput : IDisposable
{
    /// <summary>Starts a split.</summary>
    /// <param name="split">Its name.</param>
    /// <param name="fields">Its columns.</param>
    /// <param name="features">The columns as Hugging Face features (<see cref="Features.Of"/>).</param>
    public abstract void Begin(string split, IReadOnlyList<Field> fields, byte[] features);

    /// <summary>Writes rows; the arrays need to stay valid only during the call.</summary>
    public abstract void Write(ArrayData[] columns, int rows);

    /// <summary>Completes the split.</summary>
    public abstract void End();

    /// <summary>Publishes the output.</summary>
    public abstract void Commit();

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>A dataset folder, or with named splits a DatasetDict.</summary>
internal sealed class FolderTables : TableOutput
{
    private readonly DatasetOutput _output;
    private readonly IReadOnlyList<string>? _dict;
    private readonly long _maxShard;
    private ShardFiles? _shards;
    private string _split = "";
    private byte[] _features = [];

    /// <summary>Starts an output.</summary>
    /// <param name="path">Its final name.</param>
    /// <param name="replace">Whether a dataset of that name may be replaced.</param>
    /// <param name="inputs">What is read while it is written.</param>
    /// <param name="dict">Names of a DatasetDict's splits; null for one Dataset.</param>
    /// <param name="maxShard">Largest file.</param>
    /// <exception cref="AlignmentDataException">The output exists and may not be replaced, or holds an input.</exception>
    public FolderTables(string path, bool replace, IEnumerable<string> inputs, IReadOnlyList<string>? dict, long maxShard = ShardFiles.MaxShard)
    {
        (_dict, _maxShard) = (dict, maxShard);
        _output = new DatasetOutput(path, replace, inputs);
        _output.Create();
    }

    private string Folder => _dict is null ? _output.Partial : Path.Combine(_output.Partial, _split);

    /// <inheritdoc/>
    public override void Begin(string split, IReadOnlyList<Field> fields, byte[] features)
    {
        (_split, _features) = (split, features);
        Directory.CreateDirectory(Folder);
        _shards = new ShardFiles(Folder, DatasetFiles.SchemaOf(fields, features), _maxShard);
    }

    /// <inheritdoc/>
    public override void Write(ArrayData[] columns, int rows) => _shards!.Write(columns, rows);

    /// <inheritdoc/>
    public override void End()
    {
        (string[] files, string fingerprint) = _shards!.Finish();
        _shards.Dispose();
        _shards = null;
        DatasetFiles.WriteDataset(Folder, _split, files, fingerprint, _features);
    }

    /// <inheritdoc/>
    public override void Commit()
    {
        if (_dict is not null)
            DatasetFiles.WriteDict(_output.Partial, _dict);
        _output.Commit();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _shards?.Dispose();
        _shards = null;
        _output.Dispose();
    }
}

/// <summary>Documents gathered into the record batches of a <see cref="TableOutput"/>.</summary>
internal sealed class TableRows(TableOutput output)
{
    /// <summary>Rows and bytes of a record batch.</summary>
    private const int MaxRows = 1000;
    private const long MaxBytes = 32_000_000;

    private OutputColumn[] _columns = [];
    private int _rows;

    /// <summary>Whether a split was begun and not ended.</summary>
    public bool Open { get; private set; }

    /// <summary>Starts a split.</summary>
    public void Begin(string split, OutputColumn[] columns, byte[] features)
    {
        _columns = columns;
        output.Begin(split, [.. columns.Select(static c => c.Field)], features);
        Open = true;
    }

    /// <summary>Adds a document.</summary>
    public void Add(in OutputRow row)
    {
        foreach (OutputColumn column in _columns)
            column.Append(row);
        if (++_rows == MaxRows || _columns.Sum(static c => c.Bytes) >= MaxBytes)
            EndBatch();
    }

    /// <summary>Completes the split.</summary>
    public void End()
    {
        EndBatch();
        output.End();
        Open = false;
    }

    private void EndBatch()
    {
        if (_rows > 0)
            output.Write([.. _columns.Select(static c => c.Build())], _rows);
        foreach (OutputColumn column in _columns)
            column.Clear();
        _rows = 0;
    }
}
