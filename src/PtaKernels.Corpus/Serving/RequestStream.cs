using System.Buffers.Binary;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Serving;

/// <summary>An Arrow IPC stream from a pipe: one record batch in memory at a time, its frame checked before anything is believed.</summary>
/// <remarks>
/// The memory holds the schema's message and, after it, the present batch, which the library reads in place. It grows with what arrives, not with what a
/// length claims.
/// </remarks>
internal sealed class RequestStream
{
    private const uint Continuation = 0xFFFFFFFF;
    private const int FrameBytes = 8, MaxMetadata = 1 << 26, Piece = 1 << 24;

    private readonly Stream _input;
    private readonly string _name;
    private readonly int _schemaEnd;
    private byte[] _memory = new byte[1 << 16];
    private int _end;
    private long _messages;

    /// <summary>Reads the schema.</summary>
    /// <param name="input">Where from; it is not closed.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="AlignmentDataException">It ends too soon, or does not begin with a schema.</exception>
    public RequestStream(Stream input, string name)
    {
        (_input, _name) = (input, name);
        if (Message() is not ArrowMessageKind.Schema)
            throw new AlignmentDataException($"{name}: ended before a schema; write an Arrow IPC stream of requests to it.");
        _schemaEnd = _end;
        using ArrowStreamReader reader = new(_memory.AsMemory(0, _schemaEnd));
        Schema = Guard(() => reader.Schema);
    }

    /// <summary>The columns.</summary>
    public Schema Schema { get; }

    /// <summary>Record batches so far.</summary>
    public long Batches => _messages - 1;

    /// <summary>The next record batch, valid until the next call; null at the end.</summary>
    /// <exception cref="AlignmentDataException">It is damaged, or the stream ends inside it.</exception>
    public RecordBatch? Next()
    {
        _end = _schemaEnd;
        if (Message() is null)
            return null;
        using ArrowStreamReader reader = new(_memory.AsMemory(0, _end));
        RecordBatch? batch = Guard(reader.ReadNextRecordBatch);
        return batch is not null && batch.ColumnCount == Schema.FieldsList.Count ? batch : throw Damaged("holds no whole record batch");
    }

    /// <summary>Does what reads a batch's arrays, and says where it is when they are damaged.</summary>
    /// <exception cref="AlignmentDataException">They are.</exception>
    public T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e)
        {
            throw new AlignmentDataException($"{_name}: batch {Batches}: {e.Message}.", e);
        }
        catch (Exception e) when (e is not (AlignmentDataException or OutOfMemoryException))
        {
            throw new AlignmentDataException($"{_name}: message {_messages} is damaged ({e.Message.ReplaceLineEndings(" ")}).", e);
        }
    }

    /// <summary>Appends the next message to the memory; null at the stream's end, which needs no marker.</summary>
    private ArrowMessageKind? Message()
    {
        int start = _end;
        if (!Fill(FrameBytes, mayEnd: true))
            return null;
        int size = BinaryPrimitives.ReadInt32LittleEndian(_memory.AsSpan(start + 4));
        if (BinaryPrimitives.ReadUInt32LittleEndian(_memory.AsSpan(start)) != Continuation)
            throw new AlignmentDataException(_messages == 0 ? $"{_name}: is no Arrow IPC stream." : $"{_name}: no message starts where message {_messages + 1} should.");
        if (size == 0)
            return null;
        _messages++;
        if (size is < 0 or > MaxMetadata)
            throw Damaged($"has a header of {(uint)size} bytes");
        Fill(size);
        ReadOnlySpan<byte> metadata = _memory.AsSpan(start + FrameBytes, size);
        ArrowMessageKind expected = _messages == 1 ? ArrowMessageKind.Schema : ArrowMessageKind.RecordBatch;
        if (ArrowMessage.Parse(metadata) is not { } message)
            throw Damaged("has no valid header");
        if (message.Kind != expected)
            throw Damaged(expected == ArrowMessageKind.Schema ? "is no schema" : "is no record batch");
        if (message.Compressed)
            throw Damaged("has compressed buffers; write them as they are");
        if (message.BodyLength > System.Array.MaxLength - _end)
            throw Damaged($"has {message.BodyLength} bytes, and at most 2 GiB can be read; send fewer documents at once");
        Fill((int)message.BodyLength);
        return message.Kind;
    }

    /// <summary>Reads so many bytes to the end of the memory.</summary>
    /// <returns>Whether they came; false only where the stream may end, and ended before the first of them.</returns>
    private bool Fill(int bytes, bool mayEnd = false)
    {
        int start = _end, end = _end + bytes;
        while (_end < end)
        {
            int room = Math.Min(end - _end, Piece);
            if (_end + room > _memory.Length)
                System.Array.Resize(ref _memory, (int)Math.Min(System.Array.MaxLength, Math.Max(_end + room, 2L * _memory.Length)));
            int read = _input.Read(_memory, _end, room);
            if (read == 0 && mayEnd && _end == start)
                return false;
            if (read == 0)
                throw new AlignmentDataException($"{_name}: ended inside message {Math.Max(1, _messages)}; what wrote it has stopped too soon.");
            _end += read;
        }

        return true;
    }

    private AlignmentDataException Damaged(string what) => new($"{_name}: message {_messages} {what}.");
}
