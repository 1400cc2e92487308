namespace PtaKernels.Corpus.Folders;

/// <summary>
/// Aligned documents in Arrow columns, as a folder that <c>load_from_disk</c> reads or as a Parquet file: under output <c>official</c> the columns of the official
/// step 3, else those of <see cref="FusedJsonLines"/>.
/// </summary>
/// <remarks>Written under <c>OUT.partial</c> and renamed when it is complete. The same documents give the same bytes.</remarks>
internal sealed class DatasetFolderWriter : IDocumentWriter
{
    private readonly TableOutput _output;
    private readonly TableRows _rows;
    private readonly IColumnReader _target;
    private readonly IColumnReader[] _sources;
    private readonly OutputUnit _unit;
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private string? _split;

    /// <summary>Starts a folder.</summary>
    /// <exception cref="AlignmentDataException">The output exists and may not be replaced, or holds an input.</exception>
    internal DatasetFolderWriter(string path, bool replace, DatasetFolder target, DatasetFolder[] sources, OutputUnit unit, long maxShard = ShardFiles.MaxShard)
        : this(() => new FolderTables(path, replace, sources.Prepend(target).Select(static i => i.Path), target.IsDict ? target.Splits : null, maxShard), target, sources, unit)
    {
    }

    /// <summary>Starts an output.</summary>
    /// <exception cref="AlignmentDataException">The output exists and may not be replaced, or holds an input.</exception>
    internal DatasetFolderWriter(Func<TableOutput> open, IColumnReader target, IColumnReader[] sources, OutputUnit unit)
    {
        (_target, _sources, _unit) = (target, sources, unit);
        foreach (string split in target.Splits)
            _ = PlanOf(split); // what cannot be written is refused before any work
        _output = open();
        _rows = new TableRows(_output);
    }

    /// <inheritdoc/>
    public IOutputBatch OpenBatch() => new Batch(this);

    /// <summary>Writes one document.</summary>
    public void Write(OutputDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var row = (FolderRecord)document.Record;
        if (row.Split != _split)
        {
            EndSplit();
            BeginSplit(row.Split);
        }

        _rows.Add(new OutputRow(row, document.Target, document.Sources, document.Fused));
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

        _output.Commit();
    }

    /// <inheritdoc/>
    public void Dispose() => _output.Dispose();

    private (OutputColumn[] Columns, byte[] Features) PlanOf(string split)
    {
        IColumnSplit input = _target.ColumnsOf(split);
        OutputColumn[] columns = OutputColumns.For(input, [.. _sources.Select(s => s.ColumnsOf(split))], _unit);
        HashSet<string> copied = [.. columns.OfType<CopiedColumn>().Select(static c => c.Field.Name)];
        return (columns, Features.Of(columns.Select(static c => c.Field), input.FirstFile, name => copied.Contains(name) ? input.FeatureOf(name) : null));
    }

    private void BeginSplit(string split)
    {
        _split = split;
        _written.Add(split);
        (OutputColumn[] columns, byte[] features) = PlanOf(split);
        _rows.Begin(split, columns, features);
    }

    private void EndSplit()
    {
        if (_split is not null)
            _rows.End();
        _split = null;
    }

    /// <summary>Documents wait in it: their columns are copied from the records when they are written.</summary>
    private sealed class Batch(DatasetFolderWriter writer) : IOutputBatch
    {
        private readonly List<OutputDocument> _documents = [];

        public void Add(OutputDocument document) => _documents.Add(document);

        public Action End(OutputBatch batch) => () => _documents.ForEach(writer.Write);
    }
}
