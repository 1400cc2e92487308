using System.Buffers.Binary;

namespace PtaKernels.Corpus.Folders;

/// <summary>What the frame of one message of an Arrow IPC stream says: enough to walk a file, count its rows and see that none of it is missing.</summary>
/// <param name="Kind">What the message holds.</param>
/// <param name="Rows">Rows of a record batch, else 0.</param>
/// <param name="Compressed">Whether a record batch's buffers are compressed.</param>
/// <param name="BodyLength">Bytes after the metadata.</param>
internal readonly record struct ArrowMessage(ArrowMessageKind Kind, long Rows, bool Compressed, long BodyLength)
{
    private const int Union = 14, MaxDepth = 64;

    /// <summary>Reads the Message table of the format's Message.fbs.</summary>
    /// <returns>Null when the bytes are no such table, or when a list in it is longer than the bytes: the library would make room for all of it.</returns>
    public static ArrowMessage? Parse(ReadOnlySpan<byte> metadata)
    {
        // Field numbers: Message { 0 version, 1 header_type, 2 header, 3 bodyLength }; RecordBatch { 0 length, 1 nodes, 2 buffers, 3 compression };
        // Schema { 0 endianness, 1 fields, 2 metadata }; Field { 0 name, 1 nullable, 2 type_type, 3 type, 4 dictionary, 5 children, 6 metadata }.
        if (Table.Root(metadata) is not { } message)
            return null;
        int kindAt = message.FieldAt(metadata, 1), bodyAt = message.FieldAt(metadata, 3);
        if (kindAt < 0 || kindAt >= metadata.Length)
            return null;
        long body = bodyAt < 0 ? 0 : Long(metadata, bodyAt);
        var kind = (ArrowMessageKind)metadata[kindAt];
        if (body < 0 || message.TableAt(metadata, 2) is not { } header)
            return null;
        if (kind == ArrowMessageKind.Schema && !(header.ListAt(metadata, 2, 4) is not null && FieldsFit(metadata, header, 1, 0)))
            return null;
        if (kind != ArrowMessageKind.RecordBatch)
            return new ArrowMessage(kind, 0, false, body);
        if (header.ListAt(metadata, 1, 16) is null || header.ListAt(metadata, 2, 16) is null)
            return null;
        int rowsAt = header.FieldAt(metadata, 0);
        long rows = rowsAt < 0 ? 0 : Long(metadata, rowsAt);
        return rows is < 0 or > int.MaxValue ? null : new ArrowMessage(kind, rows, header.FieldAt(metadata, 3) >= 0, body);
    }

    /// <summary>Where the buffers of a record batch that <see cref="Parse"/> took lie in its body.</summary>
    public static (long Offset, long Length)[] BuffersOf(ReadOnlySpan<byte> metadata)
    {
        if (Table.Root(metadata) is not { } message || message.TableAt(metadata, 2) is not { } header || header.ListAt(metadata, 2, 16) is not { } list)
            return [];
        var buffers = new (long, long)[list.Count];
        for (int b = 0; b < buffers.Length; b++)
            buffers[b] = (Long(metadata, list.Start + (16 * b)), Long(metadata, list.Start + (16 * b) + 8));
        return buffers;
    }

    /// <summary>Whether a list of Field tables lies inside the bytes; unions, which datasets do not have, are refused for their lists of ids.</summary>
    private static bool FieldsFit(ReadOnlySpan<byte> metadata, Table parent, int number, int depth)
    {
        if (depth > MaxDepth || parent.ListAt(metadata, number, 4) is not { } list)
            return false;
        for (int i = 0; i < list.Count; i++)
        {
            if (Table.At(metadata, list.Start + (4 * i)) is not { } field)
                return false;
            int type = field.FieldAt(metadata, 2);
            if (type >= metadata.Length || (type >= 0 && metadata[type] == Union) || field.ListAt(metadata, 6, 4) is null || !FieldsFit(metadata, field, 5, depth + 1))
                return false;
        }

        return true;
    }

    private static long Long(ReadOnlySpan<byte> metadata, int at) =>
        at + sizeof(long) <= metadata.Length ? BinaryPrimitives.ReadInt64LittleEndian(metadata[at..]) : -1;

    /// <summary>A FlatBuffers table: a field's place is in the vtable that the table points back to.</summary>
    private readonly record struct Table(int Start, int Fields, int FieldsLength)
    {
        public static Table? Root(ReadOnlySpan<byte> bytes) => At(bytes, 0);

        /// <summary>The place of a field, or -1 when it is absent.</summary>
        public int FieldAt(ReadOnlySpan<byte> bytes, int number)
        {
            int entry = 4 + (2 * number);
            if (entry + 2 > FieldsLength)
                return -1;
            int offset = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(Fields + entry)..]);
            return offset == 0 ? -1 : Start + offset;
        }

        public Table? TableAt(ReadOnlySpan<byte> bytes, int number) => FieldAt(bytes, number) is var at and >= 0 ? At(bytes, at) : null;

        /// <summary>Where a list's elements lie and how many there are, none when the field is absent; null when they do not fit into the bytes.</summary>
        public (int Start, int Count)? ListAt(ReadOnlySpan<byte> bytes, int number, int elementSize)
        {
            int at = FieldAt(bytes, number);
            if (at < 0)
                return (0, 0);
            if (at + 4 > bytes.Length)
                return null;
            long start = at + (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
            if (start + 4 > bytes.Length)
                return null;
            long count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(int)start..]);
            return start + 4 + (count * elementSize) <= bytes.Length ? ((int)start + 4, (int)count) : null;
        }

        /// <summary>The table that the offset stored at a place points to, when it and its vtable lie inside the bytes.</summary>
        public static Table? At(ReadOnlySpan<byte> bytes, int pointer)
        {
            if (pointer + 4 > bytes.Length)
                return null;
            long start = pointer + (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes[pointer..]);
            if (start + 4 > bytes.Length)
                return null;
            long fields = start - BinaryPrimitives.ReadInt32LittleEndian(bytes[(int)start..]);
            if (fields < 0 || fields + 4 > bytes.Length)
                return null;
            int length = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(int)fields..]);
            return length < 4 || fields + length > bytes.Length ? null : new Table((int)start, (int)fields, length);
        }
    }
}

/// <summary>Kinds of messages, numbered as in Message.fbs.</summary>
internal enum ArrowMessageKind : byte
{
    None,
    Schema,
    DictionaryBatch,
    RecordBatch,
}
