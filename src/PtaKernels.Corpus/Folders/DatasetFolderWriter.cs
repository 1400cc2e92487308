namespace PtaKernels.Corpus.Folders;

/// <summary>Aligned documents as a folder that <c>load_from_disk</c> reads: under output <c>official</c> the columns of the official step 3, else those of <see cref="FusedJsonLines"/>.</summary>
/// <remarks>Written under <c>OUT.partial</c> and renamed when it is complete. The same documents give the same bytes.</remarks>
public sealed class DatasetFolderWriter : IDocumentWriter
{
    /// <summary>Rows and bytes of a record batch.</summary>
    private const int MaxRows = 1000;
    private const long MaxBytes = 32_000_000;

    private readonly DatasetOutput _output;
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

    /// <summary>Starts an output.</summary>
    /// <exception cref="AlignmentDataException">The output exists and may not be replaced, or holds an input.</exception>
    internal DatasetFolderWriter(string path, bool replace, DatasetFolder target, DatasetFolder[] sources, OutputUnit unit, long maxShard = ShardFiles.MaxShard)
    {
        (_target, _sources, _unit, _maxShard) = (target, sources, unit, maxShard);
        _output = new DatasetOutput(path, replace, sources.Prepend(target).Select(static i => i.Path));
        foreach (string split in target.Splits)
            _ = PlanOf(split); // what cannot be written is refused before any work
        _output.Create();
    }

    /// <inheritdoc/>
    public Action Prepare(OutputBatch batch) => () =>
    {
        foreach (OutputDocument document in batch.Documents)
            Write(document);
    };

    /// <summary>Writes one document.</summary>
    public void Write(OutputDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var row = new OutputRow((FolderRecord)document.Record, document.Target, document.Sources, document.Fused);
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
            DatasetFiles.WriteDict(_output.Partial, _target.Splits);
        _output.Commit();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _shards?.Dispose();
        _shards = null;
        _output.Dispose();
    }

    private string FolderOf(string split) => _target.IsDict ? Path.Combine(_output.Partial, split) : _output.Partial;

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
        Directory.CreateDirectory(FolderOf(split));
        _shards = new ShardFiles(FolderOf(split), DatasetFiles.SchemaOf(_columns.Select(static c => c.Field), _features), _maxShard);
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
        DatasetFiles.WriteDataset(FolderOf(_split), _split, files, fingerprint, _features);
        _split = null;
    }
}
