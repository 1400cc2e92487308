using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace PtaKernels.Corpus.Folders;

/// <summary>Collects values of any stored type out of arrays, bit for bit, never looking outside their buffers.</summary>
/// <remarks>One subclass per memory layout of the Arrow format; lists and structs hold copiers of their items.</remarks>
internal abstract class ValueCopier(IArrowType type)
{
    private readonly List<bool> _valid = [];
    private int _nulls;

    /// <summary>The type copied.</summary>
    protected IArrowType Type { get; } = type;

    /// <summary>Bytes held.</summary>
    public abstract long Bytes { get; }

    /// <summary>Whether <see cref="For"/> knows a type.</summary>
    public static bool Copies(IArrowType type) => type switch
    {
        BooleanType or StringType or BinaryType or LargeStringType or LargeBinaryType => true,
        ListType or LargeListType or FixedSizeListType => Copies(ArrowLists.ItemOf(type)!),
        StructType record => record.Fields.All(static f => Copies(f.DataType)),
        DictionaryType => false, // as wide as its keys, but nothing without its words
        FixedWidthType width => width.BitWidth > 0 && width.BitWidth % 8 == 0,
        _ => false,
    };

    /// <summary>A copier of a type.</summary>
    /// <exception cref="NotSupportedException">Values of that type are not kept.</exception>
    public static ValueCopier For(IArrowType type) => type switch
    {
        _ when !Copies(type) => throw new NotSupportedException(type.Name),
        BooleanType => new BooleanCopier(type),
        StringType or BinaryType => new BytesCopier<int>(type),
        LargeStringType or LargeBinaryType => new BytesCopier<long>(type),
        ListType or LargeListType or FixedSizeListType => new ListCopier(type, For(ArrowLists.ItemOf(type)!)),
        StructType record => new StructCopier(record, [.. record.Fields.Select(static f => For(f.DataType))]),
        _ => new FixedWidthCopier(type, ((FixedWidthType)type).BitWidth / 8),
    };

    /// <summary>Adds a range of values.</summary>
    /// <exception cref="ArgumentException">The array's buffers do not hold them.</exception>
    public void Append(ArrayData data, int start, int count)
    {
        start = checked(start + data.Offset);
        AppendValues(data, start, count);
        ReadOnlySpan<byte> bitmap = data.NullCount == 0 ? default : data.Buffers[0].Span;
        for (int i = start; i < start + count; i++)
        {
            bool valid = bitmap.IsEmpty || BitUtility.GetBit(bitmap, i);
            _valid.Add(valid);
            _nulls += valid ? 0 : 1;
        }
    }

    /// <summary>The values so far, valid until the next change.</summary>
    public ArrayData Build()
    {
        (ArrowBuffer[] buffers, ArrayData[] children) = View();
        return new ArrayData(Type, _valid.Count, _nulls, 0, [_nulls > 0 ? Bits(_valid) : ArrowBuffer.Empty, .. buffers], children);
    }

    /// <summary>Forgets the values, and keeps the memory for the next ones.</summary>
    public virtual void Clear()
    {
        _valid.Clear();
        _nulls = 0;
    }

    /// <summary>Adds the values at places that count from the buffers' beginning.</summary>
    protected abstract void AppendValues(ArrayData data, int start, int count);

    /// <summary>The buffers after the bitmap, and the children.</summary>
    protected abstract (ArrowBuffer[] Buffers, ArrayData[] Children) View();

    /// <summary>Values of a buffer.</summary>
    protected static ReadOnlySpan<T> Values<T>(ArrowBuffer buffer, int start, int count)
        where T : struct => MemoryMarshal.Cast<byte, T>(buffer.Span).Slice(start, count);

    /// <summary>A bit for each value, as Arrow keeps validity and booleans.</summary>
    public static ArrowBuffer Bits(List<bool> values)
    {
        byte[] bits = new byte[(values.Count + 7) / 8];
        for (int i = 0; i < values.Count; i++)
            BitUtility.SetBit(bits, i, values[i]);
        return new ArrowBuffer(bits);
    }

    private sealed class FixedWidthCopier(IArrowType type, int width) : ValueCopier(type)
    {
        private readonly GrowingBuffer _bytes = new();

        public override long Bytes => _bytes.Length;

        public override void Clear()
        {
            base.Clear();
            _bytes.Clear();
        }

        protected override void AppendValues(ArrayData data, int start, int count) =>
            _bytes.Add(data.Buffers[1].Span.Slice(checked(start * width), checked(count * width)));

        protected override (ArrowBuffer[] Buffers, ArrayData[] Children) View() => ([_bytes.View], []);
    }

    private sealed class BooleanCopier(IArrowType type) : ValueCopier(type)
    {
        private readonly List<bool> _values = [];

        public override long Bytes => _values.Count / 8;

        public override void Clear()
        {
            base.Clear();
            _values.Clear();
        }

        protected override void AppendValues(ArrayData data, int start, int count)
        {
            for (int i = start; i < start + count; i++)
                _values.Add(BitUtility.GetBit(data.Buffers[1].Span, i));
        }

        protected override (ArrowBuffer[] Buffers, ArrayData[] Children) View() => ([Bits(_values)], []);
    }

    /// <summary>Strings and byte strings; <typeparamref name="T"/> is the type of their offsets.</summary>
    private sealed class BytesCopier<T> : ValueCopier
        where T : struct, System.Numerics.IBinaryInteger<T>
    {
        private readonly GrowingBuffer _offsets = new(), _bytes = new();

        public BytesCopier(IArrowType type)
            : base(type) => _offsets.Add(T.Zero);

        public override long Bytes => _bytes.Length + _offsets.Length;

        public override void Clear()
        {
            base.Clear();
            _bytes.Clear();
            _offsets.Clear();
            _offsets.Add(T.Zero);
        }

        protected override void AppendValues(ArrayData data, int start, int count)
        {
            ReadOnlySpan<T> offsets = Values<T>(data.Buffers[1], start, checked(count + 1));
            for (int i = 0; i < count; i++)
            {
                int from = int.CreateChecked(offsets[i]);
                _bytes.Add(data.Buffers[2].Span.Slice(from, checked(int.CreateChecked(offsets[i + 1]) - from)));
                _offsets.Add(T.CreateChecked(_bytes.Length));
            }
        }

        protected override (ArrowBuffer[] Buffers, ArrayData[] Children) View() => ([_offsets.View, _bytes.View], []);
    }

    private sealed class ListCopier : ValueCopier
    {
        private readonly ValueCopier _items;
        private readonly GrowingBuffer _offsets = new();
        private long _count;

        public ListCopier(IArrowType type, ValueCopier items)
            : base(type)
        {
            _items = items;
            AddOffset();
        }

        public override long Bytes => _items.Bytes + _offsets.Length;

        public override void Clear()
        {
            base.Clear();
            _items.Clear();
            _offsets.Clear();
            _count = 0;
            AddOffset();
        }

        protected override void AppendValues(ArrayData data, int start, int count)
        {
            for (int i = start; i < start + count; i++)
            {
                (long from, long to) = Type switch
                {
                    FixedSizeListType list => ((long)i * list.ListSize, (i + 1L) * list.ListSize),
                    LargeListType => (Values<long>(data.Buffers[1], i, 2)[0], Values<long>(data.Buffers[1], i, 2)[1]),
                    _ => (Values<int>(data.Buffers[1], i, 2)[0], Values<int>(data.Buffers[1], i, 2)[1]),
                };
                if (from < 0 || to < from || to > data.Children[0].Length)
                    throw new ArgumentException($"list offsets {from} and {to} for {data.Children[0].Length} items");
                _items.Append(data.Children[0], (int)from, (int)(to - from));
                _count += to - from;
                AddOffset();
            }
        }

        protected override (ArrowBuffer[] Buffers, ArrayData[] Children) View() => (Type is FixedSizeListType ? [] : [_offsets.View], [_items.Build()]);

        private void AddOffset()
        {
            if (Type is LargeListType)
                _offsets.Add(_count);
            else
                _offsets.Add(checked((int)_count));
        }
    }

    private sealed class StructCopier(StructType type, ValueCopier[] fields) : ValueCopier(type)
    {
        public override long Bytes => fields.Sum(static f => f.Bytes);

        public override void Clear()
        {
            base.Clear();
            foreach (ValueCopier field in fields)
                field.Clear();
        }

        protected override void AppendValues(ArrayData data, int start, int count)
        {
            for (int f = 0; f < fields.Length; f++)
                fields[f].Append(data.Children[f], start, count);
        }

        protected override (ArrowBuffer[] Buffers, ArrayData[] Children) View() => ([], [.. fields.Select(static f => f.Build())]);
    }
}
