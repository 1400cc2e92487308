using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Parts;

/// <summary>Rows of aligned documents copied bit for bit, and kept in memory as <see cref="AlignedBatch"/> keeps them: the same rows become the same bytes.</summary>
internal sealed class GatherBatch : IStoreBatch
{
    private readonly StoreHeader _header;
    private readonly (string Name, Action<StoreRow> Append, Func<ArrayData> Build, Action Clear)[] _columns;

    /// <summary>An empty batch.</summary>
    /// <param name="header">The store's header.</param>
    public GatherBatch(StoreHeader header)
    {
        _header = header;
        _columns = [.. StoreColumns.FieldsOf(header).Select(ColumnOf)];
    }

    /// <inheritdoc/>
    public int Documents { get; private set; }

    /// <inheritdoc/>
    public long Tokens { get; private set; }

    /// <inheritdoc/>
    public long TextBytes { get; private set; }

    /// <summary>Adds a document.</summary>
    /// <exception cref="AlignmentDataException">It is damaged.</exception>
    public void Add(StoreRow row)
    {
        Tokens += row.Guard(() =>
        {
            foreach ((_, Action<StoreRow> append, _, _) in _columns)
                append(row);
            return StoreColumns.LengthOf(_header, row.Rows, row.BatchRow);
        });
        TextBytes += row.Guard(() => row.Rows.NumberOf<long>(StoreColumns.TextBytes, row.BatchRow) ?? 0);
        Documents++;
    }

    /// <inheritdoc/>
    public ArrayData[] Build() => [.. _columns.Select(static c => c.Build())];

    /// <inheritdoc/>
    public void Clear()
    {
        foreach ((_, _, _, Action clear) in _columns)
            clear();
        (Documents, Tokens, TextBytes) = (0, 0, 0);
    }

    /// <summary>A column, with the same builder that an alignment fills.</summary>
    private static (string Name, Action<StoreRow> Append, Func<ArrayData> Build, Action Clear) ColumnOf(Field field)
    {
        string name = field.Name;
        switch (field.DataType)
        {
            case StringType:
                var texts = new StringArray.Builder();
                return (name, row => texts.Append(row.Rows.TextOf(name, row.BatchRow)), () => texts.Build().Data, () => texts.Clear());
            case Int64Type:
                var integers = new Int64Array.Builder();
                return (name, row => integers.Append(row.Rows.NumberOf<long>(name, row.BatchRow)), () => integers.Build().Data, () => integers.Clear());
            case DoubleType:
                var numbers = new DoubleArray.Builder();
                return (name, row => numbers.Append(row.Rows.NumberOf<double>(name, row.BatchRow)), () => numbers.Build().Data, () => numbers.Clear());
            default:
                var lists = ValueCopier.For(field.DataType);
                return (name, row => lists.Append(row.Rows[name], row.BatchRow, 1), lists.Build, lists.Clear);
        }
    }
}
