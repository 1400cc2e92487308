using System.Buffers.Binary;

namespace PtaKernels.Corpus.Parquet;

/// <summary>What a Parquet file claims about itself, compared with what it can hold, before the native library believes it.</summary>
/// <remarks>
/// The library checks most of what it reads, but makes room for what a page or a footer says. A page header that says 2 GiB costs 2 GiB, whatever the file's
/// size; run-length codes let a few bytes stand for billions of values; a schema nested without end exhausts the stack. Field numbers are those of the format's
/// parquet.thrift.
/// </remarks>
internal sealed class ParquetFooter
{
    /// <summary>Most bytes of a footer; one of 10,000 row groups of 20 columns has about 20 MB.</summary>
    private const int MaxFooter = 1 << 28;

    private const int Mark = 4, Tail = 8, MaxSchemaDepth = 16, MaxFixedWidth = 4096;

    /// <summary>A chunk of values may be all alike and take no room, but not every chunk of a file is: few values for each byte of the whole file.</summary>
    private const long FreeValues = 4 << 20, ValuesPerByte = 64;

    private const long FreePage = 16 << 20, PageRatio = 1024;
    private const int FirstLook = 4096;

    private readonly string _path;
    private readonly long _end, _length;
    private readonly List<Chunk[]> _groups = [];

    /// <summary>Reads and checks a footer.</summary>
    /// <exception cref="AlignmentDataException">The file is missing, empty, cut off or something else.</exception>
    /// <exception cref="InvalidDataException">The footer is damaged.</exception>
    /// <exception cref="EndOfStreamException">The footer is damaged.</exception>
    public ParquetFooter(string path)
    {
        _path = path;
        if (!File.Exists(path))
            throw new AlignmentDataException($"{path}: no such file.");
        using FileStream file = File.OpenRead(path);
        _length = file.Length;
        byte[] footer = Frame(file);
        _end = _length - Tail - footer.Length;
        Parse(footer);
    }

    private long MostValues => FreeValues + (ValuesPerByte * _length);

    /// <summary>Whether a file begins as Parquet files do.</summary>
    public static bool Begins(string path)
    {
        using FileStream file = File.OpenRead(path);
        Span<byte> mark = stackalloc byte[Mark];
        return file.ReadAtLeast(mark, Mark, throwOnEndOfStream: false) == Mark && (mark.SequenceEqual("PAR1"u8) || mark.SequenceEqual("PARE"u8));
    }

    /// <summary>Walks the pages of a row group without reading their values.</summary>
    /// <exception cref="InvalidDataException">A page is damaged.</exception>
    /// <exception cref="EndOfStreamException">A page header is damaged.</exception>
    public void RequirePages(int group)
    {
        using FileStream file = new(_path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        foreach (Chunk chunk in _groups[group])
        {
            long at = chunk.Start, end = chunk.Start + chunk.Length, values = 0;
            while (values < chunk.Values)
            {
                Page page = PageAt(file, at, end, out int header);
                at += header;
                if (page.Compressed < 0 || page.Compressed > end - at)
                    throw new InvalidDataException($"the page at byte {at - header} has {page.Compressed} bytes, of {end - at} left in its column");
                if (page.Uncompressed < 0 || page.Uncompressed > FreePage + (PageRatio * page.Compressed))
                    throw new InvalidDataException($"the page at byte {at - header} has {page.Compressed} bytes that should become {page.Uncompressed}");
                if (page.Values < 0 || page.Values > (page.IsData ? chunk.Values - values : MostValues))
                    throw new InvalidDataException($"the page at byte {at - header} has {page.Values} values, more than its column can have");
                values += page.IsData ? page.Values : 0;
                at += page.Compressed;
            }
        }
    }

    private byte[] Frame(FileStream file)
    {
        Span<byte> start = stackalloc byte[Mark], end = stackalloc byte[Tail];
        if (_length < Mark + Tail)
            throw new AlignmentDataException($"{_path}: has {_length} bytes, fewer than any Parquet file; copy or write the file again.");
        file.ReadExactly(start);
        file.Seek(-Tail, SeekOrigin.End);
        file.ReadExactly(end);
        if (start.SequenceEqual("PARE"u8))
            throw new AlignmentDataException($"{_path}: is encrypted; write it without encryption.");
        if (!start.SequenceEqual("PAR1"u8))
            throw new AlignmentDataException($"{_path}: is no Parquet file, it does not begin with PAR1; name another file.");
        if (!end[Mark..].SequenceEqual("PAR1"u8))
            throw new AlignmentDataException($"{_path}: cut off or damaged: it does not end with PAR1; copy or write the file again.");
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(end);
        if (size == 0 || size > MaxFooter || size > _length - Mark - Tail)
            throw new AlignmentDataException($"{_path}: damaged: its footer says that it has {size} bytes, in a file of {_length}; copy or write the file again.");
        byte[] footer = new byte[size];
        file.Seek(-Tail - size, SeekOrigin.End);
        file.ReadExactly(footer);
        return footer;
    }

    private void Parse(byte[] footer)
    {
        var cursor = new ThriftCursor(footer);
        for (int id = 0; cursor.Field(ref id, out ThriftKind kind);)
        {
            if (id == 2)
                ReadSchema(ref cursor, cursor.Structures(kind));
            else if (id == 4)
                ReadGroups(ref cursor, cursor.Structures(kind));
            else
                cursor.Skip(kind);
        }
    }

    /// <summary>The elements are a tree in preorder, each with the number of its children.</summary>
    private static void ReadSchema(ref ThriftCursor cursor, int count)
    {
        Stack<long> open = new();
        for (int i = 0; i < count; i++)
        {
            long children = 0, width = 0;
            for (int id = 0; cursor.Field(ref id, out ThriftKind kind);)
            {
                if (id == 2)
                    width = cursor.Integer(kind);
                else if (id == 5)
                    children = cursor.Integer(kind);
                else
                    cursor.Skip(kind);
            }

            if (i > 0)
            {
                if (open.Count == 0)
                    throw new InvalidDataException("its schema has more elements than its root");
                open.Push(open.Pop() - 1);
            }

            if (children < 0 || children > count - i - 1)
                throw new InvalidDataException($"its schema has an element of {children} children");
            if (width is < 0 or > MaxFixedWidth)
                throw new InvalidDataException($"its schema has values of {width} bytes each");
            open.Push(children);
            if (open.Count > MaxSchemaDepth)
                throw new InvalidDataException($"its schema is nested more than {MaxSchemaDepth} deep");
            while (open.TryPeek(out long left) && left == 0)
                open.Pop();
        }

        if (open.Count > 0)
            throw new InvalidDataException("its schema is not whole");
    }

    private void ReadGroups(ref ThriftCursor cursor, int count)
    {
        for (int group = 0; group < count; group++)
        {
            List<Chunk> chunks = [];
            long rows = 0;
            for (int id = 0; cursor.Field(ref id, out ThriftKind kind);)
            {
                if (id == 1)
                {
                    for (int left = cursor.Structures(kind); left > 0; left--)
                        chunks.Add(ReadChunk(ref cursor));
                }
                else if (id == 3)
                {
                    rows = cursor.Integer(kind);
                }
                else
                {
                    cursor.Skip(kind);
                }
            }

            if (rows < 0 || chunks.Exists(c => c.Values < rows))
                throw new InvalidDataException($"its row group {group} has {rows} rows, more than values");
            _groups.Add([.. chunks]);
        }
    }

    private Chunk ReadChunk(ref ThriftCursor cursor)
    {
        Chunk? chunk = null;
        for (int id = 0; cursor.Field(ref id, out ThriftKind kind);)
        {
            if (id == 3)
            {
                ThriftCursor.Structure(kind);
                chunk = ReadChunkData(ref cursor);
            }
            else
            {
                cursor.Skip(kind);
            }
        }

        return chunk ?? throw new InvalidDataException("a column has no description");
    }

    private Chunk ReadChunkData(ref ThriftCursor cursor)
    {
        long values = 0, length = 0, data = 0, dictionary = 0;
        for (int id = 0; cursor.Field(ref id, out ThriftKind kind);)
        {
            switch (id)
            {
                case 5:
                    values = cursor.Integer(kind);
                    break;
                case 7:
                    length = cursor.Integer(kind);
                    break;
                case 9:
                    data = cursor.Integer(kind);
                    break;
                case 11:
                    dictionary = cursor.Integer(kind);
                    break;
                default:
                    cursor.Skip(kind);
                    break;
            }
        }

        long start = dictionary > 0 && dictionary < data ? dictionary : data;
        if (values < 0 || values > MostValues)
            throw new InvalidDataException($"a column says that it has {values} values, in a file of {_length} bytes");
        if (start < Mark || length < 0 || start > _end || length > _end - start)
            throw new InvalidDataException($"a column says that it has {length} bytes from byte {start}, but values end at byte {_end}");
        return new Chunk(start, length, values);
    }

    private static Page PageAt(FileStream file, long at, long end, out int length)
    {
        for (long look = FirstLook; ; look *= 16)
        {
            byte[] bytes = new byte[Math.Min(look, end - at)];
            RandomAccess.Read(file.SafeFileHandle, bytes, at);
            try
            {
                var cursor = new ThriftCursor(bytes);
                Page page = ReadPage(ref cursor);
                length = cursor.At;
                return page;
            }
            catch (EndOfStreamException) when (bytes.Length < end - at && look < FreePage)
            {
                // A header with long statistics.
            }
        }
    }

    private static Page ReadPage(ref ThriftCursor cursor)
    {
        long compressed = -1, uncompressed = -1, values = 0;
        bool isData = false;
        for (int id = 0; cursor.Field(ref id, out ThriftKind kind);)
        {
            switch (id)
            {
                case 2:
                    uncompressed = cursor.Integer(kind);
                    break;
                case 3:
                    compressed = cursor.Integer(kind);
                    break;
                case 5 or 7 or 8:
                    ThriftCursor.Structure(kind);
                    isData = id != 7;
                    values = ReadCount(ref cursor);
                    break;
                default:
                    cursor.Skip(kind);
                    break;
            }
        }

        return new Page(compressed, uncompressed, values, isData);
    }

    /// <summary>The first field of each kind of page header.</summary>
    private static long ReadCount(ref ThriftCursor cursor)
    {
        long count = 0;
        for (int id = 0; cursor.Field(ref id, out ThriftKind kind);)
        {
            if (id == 1)
                count = cursor.Integer(kind);
            else
                cursor.Skip(kind);
        }

        return count;
    }

    private readonly record struct Chunk(long Start, long Length, long Values);

    private readonly record struct Page(long Compressed, long Uncompressed, long Values, bool IsData);
}
