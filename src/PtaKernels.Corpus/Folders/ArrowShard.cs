using System.Buffers.Binary;
using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace PtaKernels.Corpus.Folders;

/// <summary>One <c>.arrow</c> file: an Arrow IPC stream, uncompressed, as <c>save_to_disk</c> writes it, or a store's.</summary>
/// <remarks>
/// Opening walks the frames of all messages without reading their bodies, so that a file that was cut off is found before any work is done. Files up to 2 GiB
/// are mapped and read without copying; larger ones are read batch by batch into memory, because an Arrow buffer cannot be larger.
/// </remarks>
internal sealed class ArrowShard : IColumnFile
{
    private const uint Continuation = 0xFFFFFFFF;
    private const int MaxMetadata = 1 << 26;

    /// <summary>Bytes of a record batch's buffers when they are no longer compressed; a store's have a few million.</summary>
    private const long MaxUncompressed = 1 << 28;

    private static readonly Apache.Arrow.Compression.CompressionCodecFactory Codecs = new();

    private readonly long _mapLimit;
    private readonly bool _compressed;

    /// <summary>Checks a file's frames and reads its schema.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mapLimit">Largest file that is mapped.</param>
    /// <param name="compressed">Whether its buffers may be compressed.</param>
    /// <exception cref="AlignmentDataException">The file is missing, cut off, damaged, or not such a stream.</exception>
    public ArrowShard(string path, long mapLimit = int.MaxValue, bool compressed = false)
    {
        Path = path;
        (_mapLimit, _compressed) = (mapLimit, compressed);
        using FileStream file = Open();
        (Rows, long schemaEnd) = Walk(file);
        byte[] first = new byte[schemaEnd];
        file.ReadExactly(first);
        using ArrowStreamReader reader = new(first);
        Schema = Guard(() => reader.Schema);
        if (Schema.FieldsList.GroupBy(static f => f.Name, StringComparer.Ordinal).FirstOrDefault(static g => g.Count() > 1) is { } twice)
            throw new AlignmentDataException($"{path}: has several columns named {twice.Key}; save the dataset again with different names.");
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public Schema Schema { get; }

    /// <summary>Rows of all its record batches.</summary>
    public long Rows { get; }

    /// <summary>Its record batches, one at a time. A batch stays valid after the next one was read.</summary>
    /// <exception cref="AlignmentDataException">A batch is damaged.</exception>
    public IEnumerable<ArrowBatch> ReadBatches()
    {
        using FileStream file = Open();
        MappedFile? mapped = file.Length <= _mapLimit ? new MappedFile(file) : null;
        using ArrowStreamReader reader = mapped is null
            ? new ArrowStreamReader(file, Codecs, leaveOpen: true)
            : new ArrowStreamReader(mapped.Memory, Codecs);
        long first = 0;
        while (Guard(reader.ReadNextRecordBatch) is { } batch)
        {
            if (batch.Length < 0 || first + batch.Length > Rows || batch.ColumnCount != Schema.FieldsList.Count)
                throw Damaged($"its record batch after row {first} is not whole");
            yield return new ArrowBatch(batch, first, mapped);
            first += batch.Length;
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
            throw new AlignmentDataException($"{where?.Invoke() ?? Path}: damaged, or of a kind that save_to_disk does not write ({e.Message.ReplaceLineEndings(" ")}); copy or save the dataset again.", e);
        }
    }

    private FileStream Open()
    {
        if (!File.Exists(Path))
            throw new AlignmentDataException($"{Path}: missing, though the folder lists it; copy the whole folder again.");
        return new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
    }

    private AlignmentDataException Damaged(string what) => new($"{Path}: damaged: {what}; copy or save the dataset again.");

    /// <summary>Counts the rows, and finds where the schema's message ends.</summary>
    private (long Rows, long SchemaEnd) Walk(FileStream file)
    {
        long rows = 0, schemaEnd = 0, at = 0, length = file.Length;
        byte[] metadata = [];
        Span<byte> frame = stackalloc byte[8];
        for (int number = 0; ; number++)
        {
            if (at + 8 > length)
                throw CutOff(at, length);
            RandomAccess.Read(file.SafeFileHandle, frame, at);
            if (BinaryPrimitives.ReadUInt32LittleEndian(frame) != Continuation)
            {
                throw number == 0
                    ? new AlignmentDataException($"{Path}: is no Arrow stream; save the dataset with save_to_disk.")
                    : Damaged($"no message starts at byte {at}");
            }

            int size = BinaryPrimitives.ReadInt32LittleEndian(frame[4..]);
            at += 8;
            if (size == 0)
                break;
            if (size is < 0 or > MaxMetadata)
                throw Damaged($"the message at byte {at - 8} has a header of {(uint)size} bytes");
            if (at + size > length)
                throw CutOff(at, length);
            if (metadata.Length < size)
                metadata = new byte[size];
            RandomAccess.Read(file.SafeFileHandle, metadata.AsSpan(0, size), at);
            if (ArrowMessage.Parse(metadata.AsSpan(0, size)) is not { } message || (message.Kind == ArrowMessageKind.Schema) != (number == 0))
                throw Damaged($"the message at byte {at - 8} has no valid header");
            if (message.BodyLength > int.MaxValue)
                throw new AlignmentDataException($"{Path}: its message {number} has {message.BodyLength} bytes, and at most 2 GiB can be read; save the dataset with fewer rows per batch.");
            if (message.Compressed && !_compressed)
                throw new AlignmentDataException($"{Path}: its buffers are compressed, which save_to_disk never does; save the dataset without compression.");
            at += size;
            if (number == 0 && message.BodyLength > 0)
                throw Damaged("its schema has a body");
            if (message.BodyLength > length - at)
                throw CutOff(at, length);
            if (message.Compressed && !ClaimsAreSmall(file, metadata.AsSpan(0, size), at, message.BodyLength))
                throw Damaged($"a buffer of the message at byte {at - size - 8} claims more than it can hold");
            at += message.BodyLength;
            rows += message.Rows;
            if (number == 0)
                schemaEnd = at;
        }

        return (rows, schemaEnd);
    }

    /// <summary>Whether no compressed buffer claims to become larger than a store's ever are: the library makes room for what they claim.</summary>
    private static bool ClaimsAreSmall(FileStream file, ReadOnlySpan<byte> metadata, long body, long length)
    {
        Span<byte> claim = stackalloc byte[sizeof(long)];
        long sum = 0;
        foreach ((long offset, long bytes) in ArrowMessage.BuffersOf(metadata))
        {
            if (bytes == 0)
                continue;
            if (offset < 0 || bytes < sizeof(long) || offset > length - bytes)
                return false;
            RandomAccess.Read(file.SafeFileHandle, claim, body + offset);
            long become = BinaryPrimitives.ReadInt64LittleEndian(claim); // -1: not compressed
            if (become < -1 || (sum += Math.Max(0, become)) > MaxUncompressed)
                return false;
        }

        return true;
    }

    private AlignmentDataException CutOff(long at, long length) =>
        new($"{Path}: cut off: it ends at byte {length} inside the message that goes on from byte {at}; copy or save the dataset again.");
}

/// <summary>A record batch of a shard.</summary>
/// <param name="Batch">The rows.</param>
/// <param name="FirstRow">Number of its first row in the shard.</param>
/// <param name="Mapping">What it points into, or null when it was copied.</param>
internal sealed record ArrowBatch(RecordBatch Batch, long FirstRow, MappedFile? Mapping);
