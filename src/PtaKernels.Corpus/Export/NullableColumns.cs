using System.Text;
using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Export;

/// <summary>A column whose rows may be null; subclasses add the values.</summary>
internal abstract class NullableColumn(string name, IArrowType type) : OutputColumn(name, type)
{
    private readonly List<bool> _valid = [];
    private int _nulls;

    public sealed override void Append(in OutputRow row)
    {
        bool valid = AppendValue(row);
        _valid.Add(valid);
        _nulls += valid ? 0 : 1;
    }

    public sealed override ArrayData Build()
    {
        ArrayData values = BuildValues();
        if (_nulls == 0)
            return values;
        return new ArrayData(values.DataType, values.Length, _nulls, 0, [ValueCopier.Bits(_valid), .. values.Buffers[1..]], values.Children);
    }

    public sealed override void Clear()
    {
        _valid.Clear();
        _nulls = 0;
        ClearValues();
    }

    /// <summary>Adds a row.</summary>
    /// <returns>Whether it is not null.</returns>
    protected abstract bool AppendValue(in OutputRow row);

    protected abstract ArrayData BuildValues();

    protected abstract void ClearValues();
}

/// <summary>Names of the documents that have their own.</summary>
internal sealed class NameColumn() : NullableColumn(TextDocument.IdField, StringType.Default)
{
    private readonly GrowingBuffer _offsets = new(), _bytes = new();

    public override long Bytes => _bytes.Length + _offsets.Length;

    protected override bool AppendValue(in OutputRow row)
    {
        if (_offsets.Length == 0)
            _offsets.Add(0);
        bool given = row.Name is not null;
        if (given)
            _bytes.Add<byte>(Encoding.UTF8.GetBytes(row.Name!));
        _offsets.Add(_bytes.Length);
        return given;
    }

    protected override ArrayData BuildValues() => new(StringType.Default, (_offsets.Length / sizeof(int)) - 1, 0, 0, [ArrowBuffer.Empty, _offsets.View, _bytes.View]);

    protected override void ClearValues()
    {
        _offsets.Clear();
        _bytes.Clear();
    }
}

/// <summary>One number per document.</summary>
internal sealed class MeanColumn(string name, IArrowType type) : NullableColumn(name, type)
{
    private readonly GrowingBuffer _bytes = new();
    private readonly PackedNumbers _numbers = new(type, exact: true);

    public override long Bytes => _bytes.Length;

    protected override bool AppendValue(in OutputRow row)
    {
        _bytes.Add(_numbers.Of(Field.Name, [row.Target.MeanCrossEntropy ?? 0]));
        return row.Target.MeanCrossEntropy is not null;
    }

    protected override ArrayData BuildValues() => new(Field.DataType, _bytes.Length * 8 / ((FixedWidthType)Field.DataType).BitWidth, 0, 0, [ArrowBuffer.Empty, _bytes.View]);

    protected override void ClearValues() => _bytes.Clear();
}

/// <summary>Numbers per position, where a document has them.</summary>
internal sealed class NumbersColumn(string name, IArrowType leaf, Func<TokenizedDocument, double[]?> values) : NullableColumn(name, new ListType(leaf))
{
    private readonly ListValues<byte> _values = new(leaf, 1);
    private readonly PackedNumbers _numbers = new(leaf, exact: true);

    public override long Bytes => _values.Bytes;

    protected override bool AppendValue(in OutputRow row)
    {
        double[]? given = values(row.Target);
        _values.Add(_numbers.Of(Field.Name, given));
        _values.EndRow();
        return given is not null;
    }

    protected override ArrayData BuildValues() => _values.Build();

    protected override void ClearValues() => _values.Clear();
}

/// <summary>Byte spans of the tokens, where a document has them.</summary>
internal sealed class SpansColumn(string name) : NullableColumn(name, new ListType(new ListType(Int32Type.Default)))
{
    private readonly ListValues<int> _values = new(Int32Type.Default, 2);

    public override long Bytes => _values.Bytes;

    protected override bool AppendValue(in OutputRow row)
    {
        foreach ((int start, int end) in row.Target.Spans ?? [])
        {
            _values.Add([start, end]);
            _values.EndPosition();
        }

        _values.EndRow();
        return row.Target.Spans is not null;
    }

    protected override ArrayData BuildValues() => _values.Build();

    protected override void ClearValues() => _values.Clear();
}
