namespace PtaKernels.Corpus.Parquet;

/// <summary>Walks over a structure of Thrift's compact protocol, in which Parquet writes its footers and page headers. Never looks outside its bytes.</summary>
internal ref struct ThriftCursor(ReadOnlySpan<byte> bytes)
{
    /// <summary>Nesting of Parquet's own structures is below 10.</summary>
    private const int MaxDepth = 32;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes passed.</summary>
    public int At { get; private set; }

    /// <summary>The next field of a structure.</summary>
    /// <param name="id">Number of the field before; 0 at the start. Becomes this one's.</param>
    /// <param name="kind">How its value is written.</param>
    /// <returns>False at the structure's end.</returns>
    public bool Field(ref int id, out ThriftKind kind)
    {
        byte header = Byte();
        kind = (ThriftKind)(header & 15);
        if (kind == ThriftKind.Stop)
            return false;
        id = header >> 4 == 0 ? (int)Integer() : id + (header >> 4);
        return true;
    }

    /// <summary>An integer of 16, 32 or 64 bits.</summary>
    public long Integer(ThriftKind kind)
    {
        Require(kind, ThriftKind.Int16, ThriftKind.Int64);
        return Integer();
    }

    /// <summary>The number of structures that follow, each at least a byte.</summary>
    public int Structures(ThriftKind kind)
    {
        Require(kind, ThriftKind.List, ThriftKind.List);
        (int count, ThriftKind item) = List();
        if (count > 0)
            Require(item, ThriftKind.Structure, ThriftKind.Structure);
        return count;
    }

    /// <summary>Requires that the value is a structure, whose fields follow.</summary>
    public static void Structure(ThriftKind kind) => Require(kind, ThriftKind.Structure, ThriftKind.Structure);

    /// <summary>Passes a value.</summary>
    public void Skip(ThriftKind kind) => Skip(kind, 0);

    private void Skip(ThriftKind kind, int depth)
    {
        if (depth > MaxDepth)
            throw new InvalidDataException("its structures are nested too deeply");
        switch (kind)
        {
            case ThriftKind.True or ThriftKind.False:
                break;
            case ThriftKind.Byte:
                Pass(1);
                break;
            case ThriftKind.Int16 or ThriftKind.Int32 or ThriftKind.Int64:
                _ = Unsigned();
                break;
            case ThriftKind.Double:
                Pass(sizeof(double));
                break;
            case ThriftKind.Binary:
                Pass(Unsigned());
                break;
            case ThriftKind.Structure:
                for (int id = 0; Field(ref id, out ThriftKind field);)
                    Skip(field, depth + 1);
                break;
            case ThriftKind.List or ThriftKind.Set:
                (int count, ThriftKind item) = List();
                for (int i = 0; i < count; i++)
                    SkipItem(item, depth + 1);
                break;
            case ThriftKind.Map:
                SkipMap(depth + 1);
                break;
            default:
                throw new InvalidDataException($"it has a value of the unknown kind {(int)kind}");
        }
    }

    private void SkipMap(int depth)
    {
        ulong count = Unsigned();
        if (count == 0)
            return;
        if (count > (ulong)(_bytes.Length - At))
            throw Cut();
        byte kinds = Byte();
        for (ulong i = 0; i < count; i++)
        {
            SkipItem((ThriftKind)(kinds >> 4), depth);
            SkipItem((ThriftKind)(kinds & 15), depth);
        }
    }

    /// <summary>An item of a list; truth values take a byte there.</summary>
    private void SkipItem(ThriftKind kind, int depth) => Skip(kind is ThriftKind.True or ThriftKind.False ? ThriftKind.Byte : kind, depth);

    private (int Count, ThriftKind Item) List()
    {
        byte header = Byte();
        ulong count = header >> 4 == 15 ? Unsigned() : (ulong)(header >> 4);
        return count <= (ulong)(_bytes.Length - At) ? ((int)count, (ThriftKind)(header & 15)) : throw Cut();
    }

    private long Integer()
    {
        ulong value = Unsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private ulong Unsigned()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Byte();
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
                return value;
        }

        throw new InvalidDataException("it has an integer of more than 64 bits");
    }

    private byte Byte() => At < _bytes.Length ? _bytes[At++] : throw Cut();

    private void Pass(ulong count)
    {
        if (count > (ulong)(_bytes.Length - At))
            throw Cut();
        At += (int)count;
    }

    private static void Require(ThriftKind kind, ThriftKind first, ThriftKind last)
    {
        if (kind < first || kind > last)
            throw new InvalidDataException($"a value is of the kind {kind}, not {first}");
    }

    private static EndOfStreamException Cut() => new("its structures end too early");
}

/// <summary>Kinds of values in the compact protocol.</summary>
internal enum ThriftKind
{
    Stop,
    True,
    False,
    Byte,
    Int16,
    Int32,
    Int64,
    Double,
    Binary,
    List,
    Set,
    Map,
    Structure,
}
