using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Stores;

/// <summary>A column of lists of numbers, or of byte strings, filled row by row without copying what is written into it.</summary>
internal sealed class StoreList
{
    private const int FirstBytes = 1 << 12;

    private readonly GrowingBuffer _offsets = new();
    private readonly List<bool> _valid = [];
    private readonly IArrowType? _leaf;
    private readonly int _width;
    private byte[] _bytes = new byte[FirstBytes];
    private int _closed, _end, _nulls;

    /// <summary>An empty column.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">A list of numbers, or binary.</param>
    public StoreList(string name, IArrowType type)
    {
        Field = new Field(name, type, nullable: true);
        _leaf = ArrowLists.ItemOf(type);
        _width = _leaf is null ? 1 : ((FixedWidthType)_leaf).BitWidth / 8;
        Clear();
    }

    /// <summary>Name and type.</summary>
    public Field Field { get; }

    /// <summary>Begins a row, and forgets one that was begun and never closed.</summary>
    public void Begin() => _end = _closed;

    /// <summary>Room for more bytes of the present row, uninitialised; valid until the next call.</summary>
    public Span<byte> Take(int bytes)
    {
        int start = _end;
        _end = checked(_end + bytes);
        if (_end > _bytes.Length)
            System.Array.Resize(ref _bytes, (int)Math.Min(System.Array.MaxLength, Math.Max(_end, 2L * _bytes.Length)));
        return _bytes.AsSpan(start, bytes);
    }

    /// <summary>Room for more numbers of the present row, uninitialised; valid until the next call.</summary>
    public Span<T> Take<T>(int count)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Take(checked(count * Unsafe.SizeOf<T>())));

    /// <summary>Closes the present row.</summary>
    /// <param name="isNull">Whether it is null; then nothing was added to it.</param>
    public void End(bool isNull = false)
    {
        _closed = _end;
        _offsets.Add(_closed / _width);
        _valid.Add(!isNull);
        _nulls += isNull ? 1 : 0;
    }

    /// <summary>The rows so far, valid until the next change.</summary>
    public ArrayData Build()
    {
        var values = new ArrowBuffer(_bytes.AsMemory(0, _closed));
        ArrowBuffer bitmap = _nulls == 0 ? ArrowBuffer.Empty : ValueCopier.Bits(_valid);
        return _leaf is null
            ? new ArrayData(Field.DataType, _valid.Count, _nulls, 0, [bitmap, _offsets.View, values])
            : new ArrayData(Field.DataType, _valid.Count, _nulls, 0, [bitmap, _offsets.View], [new ArrayData(_leaf, _closed / _width, 0, 0, [ArrowBuffer.Empty, values])]);
    }

    /// <summary>Forgets the rows, and keeps the memory for the next ones.</summary>
    public void Clear()
    {
        (_closed, _end) = (0, 0);
        _offsets.Clear();
        _offsets.Add(0);
        _valid.Clear();
        _nulls = 0;
    }
}
