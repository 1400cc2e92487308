using Apache.Arrow;
using Apache.Arrow.Ipc;
using ParquetSharp;
using ParquetSharp.Arrow;
using PtaKernels.Corpus.Folders;
using Field = Apache.Arrow.Field;
using Schema = Apache.Arrow.Schema;

namespace PtaKernels.Corpus.Parquet;

/// <summary>One <c>.parquet</c> file: opened for its schema and counts, then read batch by batch into memory of our own.</summary>
/// <remarks>
/// Columns of types that no document needs and that cannot be copied (dictionaries, maps, unions, nulls) are left out. Page checksums are verified where the file
/// has them. What the native library hands out is copied and given back at once: its memory is unknown to the garbage collector.
/// </remarks>
internal sealed class ParquetShard : IColumnFile
{
    /// <summary>About the bytes of a record batch, unless one row has more.</summary>
    private const long BatchBytes = 8_000_000;

    private const int MostRows = 1024;

    private readonly ParquetFooter _footer;
    private readonly int[] _leaves;
    private readonly int[] _rowsAtOnce;

    /// <summary>Opens a file.</summary>
    /// <exception cref="AlignmentDataException">The file is cut off, damaged or no Parquet file.</exception>
    public ParquetShard(string path)
    {
        Path = path;
        _footer = Guard(() => new ParquetFooter(path));
        (Schema, _leaves, _rowsAtOnce, Rows) = Guard(Describe);
        if (Schema.FieldsList.GroupBy(static f => f.Name, StringComparer.Ordinal).FirstOrDefault(static g => g.Count() > 1) is { } twice)
            throw new AlignmentDataException($"{path}: has several columns named {twice.Key}; write the file again with different names.");
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public Schema Schema { get; }

    /// <summary>Rows of all row groups.</summary>
    public long Rows { get; }

    /// <summary>The rows, a record batch at a time. A batch stays valid after the next one was read.</summary>
    /// <exception cref="AlignmentDataException">A row group is damaged.</exception>
    public IEnumerable<ArrowBatch> ReadBatches()
    {
        long first = 0;
        for (int i = 0; i < _rowsAtOnce.Length; i++)
        {
            int group = i;
            Guard(() =>
            {
                _footer.RequirePages(group);
                return true;
            });
            using ArrowReaderProperties properties = ArrowProperties(_rowsAtOnce[group]);
            using FileReader file = Guard(() => Open(properties));
            using IArrowArrayStream batches = Guard(() => file.GetRecordBatchReader([group], _leaves));
            while (Guard(() => Next(batches)) is { } batch)
            {
                if (batch.Length > Rows - first)
                    throw Damaged($"its row group {group} has more rows than its footer says");
                yield return new ArrowBatch(batch, first, null);
                first += batch.Length;
            }
        }

        if (first != Rows)
            throw Damaged($"{first} of its {Rows} rows could be read");
    }

    /// <inheritdoc/>
    public T Guard<T>(Func<T> read, Func<string>? where = null)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not (AlignmentDataException or OutOfMemoryException))
        {
            string what = Reason(e is AggregateException { InnerException: { } inner } ? inner : e);
            throw new AlignmentDataException($"{where?.Invoke() ?? Path}: damaged, or a kind of Parquet that is not read ({what}); copy or write the file again.", e);
        }
    }

    /// <summary>What went wrong, without the native type's mangled name.</summary>
    private static string Reason(Exception e)
    {
        const string Start = "(message: '";
        string message = e.Message.ReplaceLineEndings(" ").Trim();
        int at = message.IndexOf(Start, StringComparison.Ordinal);
        return (at < 0 ? message : message[(at + Start.Length)..].TrimEnd(')', '\'')).TrimEnd('.');
    }

    private static ReaderProperties Properties()
    {
        ReaderProperties properties = ReaderProperties.GetDefaultReaderProperties();
        properties.EnableBufferedStream(); // page after page, not whole column chunks
        properties.EnablePageChecksumVerification();
        return properties;
    }

    private static ArrowReaderProperties ArrowProperties(int rows)
    {
        ArrowReaderProperties properties = ArrowReaderProperties.GetDefault();
        properties.UseThreads = false;
        properties.PreBuffer = false;
        properties.BatchSize = rows;
        return properties;
    }

    private FileReader Open(ArrowReaderProperties arrow)
    {
        using ReaderProperties properties = Properties();
        return new FileReader(Path, properties, arrow);
    }

    private (Schema Schema, int[] Leaves, int[] RowsAtOnce, long Rows) Describe()
    {
        using ArrowReaderProperties arrow = ArrowProperties(1);
        using FileReader file = Open(arrow);
        List<Field> fields = [];
        List<int> leaves = [];
        foreach (SchemaField field in file.SchemaManifest.SchemaFields)
        {
            Field column = field.Field;
            if (!ValueCopier.Copies(column.DataType))
                continue;
            fields.Add(column);
            AddLeaves(field, leaves);
        }

        int[] rowsAtOnce = new int[file.NumRowGroups];
        long rows = 0;
        for (int group = 0; group < rowsAtOnce.Length; group++)
        {
            using RowGroupReader reader = file.ParquetReader.RowGroup(group);
            long count = reader.MetaData.NumRows, values = 0;
            foreach (int leaf in leaves)
                values = checked(values + Math.Max(0, reader.MetaData.GetColumnChunkMetaData(leaf).NumValues));
            if (count < 0)
                throw Damaged($"its row group {group} has {count} rows");
            rows = checked(rows + count);
            rowsAtOnce[group] = (int)Math.Clamp(BatchBytes / Math.Max(1, 8 * (values / Math.Max(1, count))), 1, MostRows);
        }

        if (rows != file.ParquetReader.FileMetaData.NumRows)
            throw Damaged($"its row groups have {rows} rows, its footer says {file.ParquetReader.FileMetaData.NumRows}");
        return (new Schema(fields, null), [.. leaves], rowsAtOnce, rows);
    }

    private static void AddLeaves(SchemaField field, List<int> leaves)
    {
        if (field.Children.Count == 0)
            leaves.Add(field.ColumnIndex);
        foreach (SchemaField child in field.Children)
            AddLeaves(child, leaves);
    }

    private RecordBatch? Next(IArrowArrayStream batches)
    {
        using RecordBatch? given = batches.ReadNextRecordBatchAsync().AsTask().GetAwaiter().GetResult();
        if (given is null)
            return null;
        if (given.ColumnCount != Schema.FieldsList.Count)
            throw Damaged($"{given.ColumnCount} columns where its schema has {Schema.FieldsList.Count}");
        var columns = new IArrowArray[given.ColumnCount];
        for (int c = 0; c < columns.Length; c++)
        {
            ArrayData data = given.Column(c).Data;
            var copier = ValueCopier.For(Schema.FieldsList[c].DataType);
            copier.Append(data, 0, data.Length);
            columns[c] = ArrowArrayFactory.BuildArray(copier.Build());
        }

        return new RecordBatch(Schema, columns, given.Length);
    }

    private AlignmentDataException Damaged(string what) => new($"{Path}: damaged: {what}; copy or write the file again.");
}
