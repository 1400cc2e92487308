using System.Runtime.InteropServices;
using Apache.Arrow;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Stores;

/// <summary>Reads the columns of a record batch of a store by bytes, never outside their buffers.</summary>
internal sealed class StoreRows
{
    private readonly ArrowBatch _batch;

    /// <summary>The columns of a batch whose shard's schema was checked.</summary>
    public StoreRows(StoreHeader header, ArrowShard shard, ArrowBatch batch)
    {
        (Header, Shard, _batch) = (header, shard, batch);
        Encoding = header.TokenIds;
        Columns = new DocumentColumns(shard, batch);
    }

    /// <summary>The store's header.</summary>
    public StoreHeader Header { get; }

    /// <summary>The file.</summary>
    public ArrowShard Shard { get; }

    /// <summary>How ids are kept.</summary>
    public TokenIds Encoding { get; }

    /// <summary>The columns as Arrow arrays.</summary>
    public DocumentColumns Columns { get; }

    /// <summary>Documents in it.</summary>
    public int Count => _batch.Batch.Length;

    /// <summary>A column as it is stored.</summary>
    public ArrayData this[string column] => Columns[column].Data;

    /// <summary>Keeps the mapping alive to this point; call it after the last look at a span.</summary>
    public void KeepAlive() => Columns.KeepAlive();

    /// <summary>Gives back the pages looked at so far.</summary>
    public void Forget() => _batch.Mapping?.Forget();

    /// <summary>The bytes of a row of a list or binary column; null where it is null.</summary>
    /// <param name="column">Its name.</param>
    /// <param name="row">The row.</param>
    /// <param name="width">Bytes of an item.</param>
    /// <param name="bytes">The bytes, valid while the batch is.</param>
    /// <returns>False where the row is null.</returns>
    /// <exception cref="InvalidDataException">The offsets are damaged.</exception>
    public bool TryBytes(string column, int row, int width, out ReadOnlySpan<byte> bytes)
    {
        ArrayData data = this[column];
        bytes = default;
        if (IsNull(data, row))
            return false;
        ReadOnlySpan<int> offsets = MemoryMarshal.Cast<byte, int>(data.Buffers[1].Span).Slice(data.Offset + row, 2);
        ArrayData? items = data.Children is { Length: > 0 } children ? children[0] : null;
        ReadOnlySpan<byte> values = items is null ? data.Buffers[2].Span : items.Buffers[1].Span;
        long first = items?.Offset ?? 0, start = (first + offsets[0]) * width, end = (first + offsets[1]) * width;
        if (offsets[0] < 0 || end < start || end > values.Length || end > int.MaxValue)
            throw new InvalidDataException($"{column}: its offsets {offsets[0]} and {offsets[1]} are damaged");
        bytes = values[(int)start..(int)end];
        return true;
    }

    /// <summary>The bytes of a row that may not be null.</summary>
    /// <exception cref="InvalidDataException">It is null, or the offsets are damaged.</exception>
    public ReadOnlySpan<byte> Bytes(string column, int row, int width) =>
        TryBytes(column, row, width, out ReadOnlySpan<byte> bytes) ? bytes : throw new InvalidDataException($"{column} is null");

    /// <summary>Numbers of a row, widened; null where it is null.</summary>
    public double[]? NumbersOf(string column, int row, NumberType type)
    {
        int width = Numbers.WidthOf(type);
        if (!TryBytes(column, row, width, out ReadOnlySpan<byte> bytes))
            return null;
        double[] values = GC.AllocateUninitializedArray<double>(bytes.Length / width);
        Numbers.Widen(bytes, type, values);
        return values;
    }

    /// <summary>Token ids of a row.</summary>
    /// <param name="column">Its name.</param>
    /// <param name="row">The row.</param>
    /// <param name="count">How many there must be.</param>
    public int[] IdsOf(string column, int row, int count)
    {
        ReadOnlySpan<byte> bytes = Bytes(column, row, Encoding.Encoding switch { IdEncoding.U16 => 2, IdEncoding.U32 => 4, _ => 1 });
        if (Encoding.BytesOf(count) != bytes.Length)
            throw new InvalidDataException($"{column}: {bytes.Length} bytes are not {count} ids");
        int[] ids = GC.AllocateUninitializedArray<int>(count);
        Encoding.Read(bytes, ids);
        if (TokenIds.Largest(ids) is var id && id >= (uint)Header.Tokenizer.Tokens)
            throw new InvalidDataException($"{column}: {id} is no id of {Header.Tokenizer.Name}, which has {Header.Tokenizer.Tokens} tokens");
        return ids;
    }

    /// <summary>A string of a row; null where it is null.</summary>
    public string? TextOf(string column, int row) =>
        TryBytes(column, row, 1, out ReadOnlySpan<byte> bytes) ? System.Text.Encoding.UTF8.GetString(bytes) : null;

    /// <summary>A number of a row; null where it is null.</summary>
    public T? NumberOf<T>(string column, int row)
        where T : struct
    {
        ArrayData data = this[column];
        return IsNull(data, row) ? null : MemoryMarshal.Cast<byte, T>(data.Buffers[1].Span)[data.Offset + row];
    }

    private static bool IsNull(ArrayData data, int row) =>
        data.NullCount != 0 && !data.Buffers[0].IsEmpty && !BitUtility.GetBit(data.Buffers[0].Span, data.Offset + row);
}
