using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Alignment;

namespace PtaKernels.Corpus.Folders;

/// <summary>A document on its way out.</summary>
/// <param name="Record">Where its other columns are, when any are copied.</param>
/// <param name="Target">The target's view.</param>
/// <param name="Sources">Each source's view.</param>
/// <param name="Fused">The fused rows, when there are any.</param>
internal readonly record struct OutputRow(IColumnRecord? Record, TokenizedDocument Target, IReadOnlyList<TokenizedDocument> Sources, FusedDocument? Fused)
{
    /// <summary>The document's own name, when it has one.</summary>
    public string? Name { get; init; }
}

/// <summary>A column of an output, filled row by row; once per record batch it is built, written and cleared.</summary>
internal abstract class OutputColumn(string name, IArrowType type)
{
    /// <summary>Name and type; nullable, as Hugging Face writes every column.</summary>
    public Field Field { get; } = new(name, type, nullable: true);

    /// <summary>About the bytes held.</summary>
    public abstract long Bytes { get; }

    /// <summary>Adds a document.</summary>
    public abstract void Append(in OutputRow row);

    /// <summary>The rows so far as an array, which is valid until the next change of the column.</summary>
    public abstract ArrayData Build();

    /// <summary>Forgets the rows, and keeps the memory for the next ones.</summary>
    public abstract void Clear();
}

/// <summary>A buffer that grows, and can be handed out without copying.</summary>
internal sealed class GrowingBuffer
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>Bytes written.</summary>
    public int Length => _bytes.WrittenCount;

    /// <summary>What was written, valid until the next change.</summary>
    public ArrowBuffer View => new(_bytes.WrittenMemory);

    public void Add<T>(ReadOnlySpan<T> values)
        where T : struct => _bytes.Write(MemoryMarshal.AsBytes(values));

    public void Add<T>(T value)
        where T : struct => Add(new ReadOnlySpan<T>(in value));

    public void Clear() => _bytes.ResetWrittenCount();
}

/// <summary>A column of the input, untouched.</summary>
internal sealed class CopiedColumn(Field input) : OutputColumn(input.Name, input.DataType)
{
    private readonly ValueCopier _values = ValueCopier.For(input.DataType);

    public override long Bytes => _values.Bytes;

    public override void Append(in OutputRow row)
    {
        IColumnRecord record = row.Record!;
        record.Shard.Guard(
            () =>
            {
                _values.Append(record.Columns[Field.Name].Data, record.BatchRow, 1);
                return true;
            },
            () => $"{record.Where}, column {Field.Name}");
        record.Columns.KeepAlive();
    }

    public override ArrayData Build() => _values.Build();

    public override void Clear() => _values.Clear();
}

/// <summary>Lists, or lists of lists, of numbers; <c>fill</c> writes one row's.</summary>
internal sealed class ListColumn<T> : OutputColumn
    where T : unmanaged
{
    private readonly ListValues<T> _values;
    private readonly Fill _fill;

    public ListColumn(string name, IArrowType leaf, int depth, Fill fill)
        : base(name, depth == 1 ? new ListType(leaf) : new ListType(new ListType(leaf))) => (_values, _fill) = (new ListValues<T>(leaf, depth), fill);

    public delegate void Fill(ListColumn<T> column, in OutputRow row);

    public override long Bytes => _values.Bytes;

    public override void Append(in OutputRow row)
    {
        _fill(this, row);
        _values.EndRow();
    }

    /// <summary>Values of the present row, or of its present position.</summary>
    public void Add(ReadOnlySpan<T> values) => _values.Add(values);

    /// <summary>Closes a position: what was added since the last one.</summary>
    public void EndPosition() => _values.EndPosition();

    public override ArrayData Build() => _values.Build();

    public override void Clear() => _values.Clear();
}

/// <summary>Lists, or lists of lists, of numbers, on their way to an Arrow array.</summary>
/// <typeparam name="T">The leaves; byte, where values are copied without looking at them.</typeparam>
internal sealed class ListValues<T>
    where T : unmanaged
{
    private readonly GrowingBuffer _values = new(), _rows = new(), _positions = new();
    private readonly IArrowType _leaf;
    private readonly int _width, _depth;

    /// <summary>Empty lists.</summary>
    /// <param name="leaf">Type of the numbers.</param>
    /// <param name="depth">1: lists; 2: lists of lists.</param>
    public ListValues(IArrowType leaf, int depth)
    {
        (_leaf, _depth) = (leaf, depth);
        _width = ((FixedWidthType)leaf).BitWidth / 8;
        Clear();
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => (long)_values.Length + _rows.Length + _positions.Length;

    /// <summary>Type of the rows.</summary>
    public IArrowType Type => _depth == 1 ? new ListType(_leaf) : new ListType(new ListType(_leaf));

    /// <summary>Values of the present row, or of its present position.</summary>
    public void Add(ReadOnlySpan<T> values) => _values.Add(values);

    /// <summary>Closes a position: what was added since the last one.</summary>
    public void EndPosition() => _positions.Add(ValueCount);

    /// <summary>Closes a row: what was added, or which positions were closed, since the last one.</summary>
    public void EndRow() => _rows.Add(_depth == 1 ? ValueCount : CountOf(_positions));

    /// <summary>The rows so far, valid until the next change.</summary>
    public ArrayData Build()
    {
        var values = new ArrayData(_leaf, ValueCount, 0, 0, [ArrowBuffer.Empty, _values.View]);
        if (_depth == 2)
            values = new ArrayData(new ListType(_leaf), CountOf(_positions), 0, 0, [ArrowBuffer.Empty, _positions.View], [values]);
        return new ArrayData(Type, CountOf(_rows), 0, 0, [ArrowBuffer.Empty, _rows.View], [values]);
    }

    /// <summary>Forgets the rows, and keeps the memory for the next ones.</summary>
    public void Clear()
    {
        _values.Clear();
        _rows.Clear();
        _rows.Add(0);
        _positions.Clear();
        _positions.Add(0);
    }

    private int ValueCount => _values.Length / _width;

    /// <summary>Lists that a buffer of offsets describes.</summary>
    private static int CountOf(GrowingBuffer offsets) => (offsets.Length / sizeof(int)) - 1;
}

/// <summary>One number per row, or null.</summary>
internal sealed class NumberColumn(string name, NumberColumn.Value value) : OutputColumn(name, DoubleType.Default)
{
    private readonly DoubleArray.Builder _values = new();

    public delegate double? Value(in OutputRow row);

    public override long Bytes => 8L * _values.Length;

    public override void Append(in OutputRow row)
    {
        if (value(row) is { } number)
            _values.Append(number);
        else
            _values.AppendNull();
    }

    public override ArrayData Build() => _values.Build().Data;

    public override void Clear() => _values.Clear();
}

/// <summary>One text per row.</summary>
internal sealed class TextColumn(string name, TextColumn.Value value) : OutputColumn(name, StringType.Default)
{
    private readonly StringArray.Builder _values = new();
    private long _bytes;

    public delegate string Value(in OutputRow row);

    public override long Bytes => _bytes;

    public override void Append(in OutputRow row)
    {
        string text = value(row);
        _bytes += text.Length;
        _values.Append(text, Encoding.UTF8);
    }

    public override ArrayData Build() => _values.Build().Data;

    public override void Clear()
    {
        _values.Clear();
        _bytes = 0;
    }
}
