using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace PtaKernels.Corpus.Stores;

/// <summary>A batch and its bytes, kept and filled again and again: what a thread needs to encode documents.</summary>
internal sealed class StoreEncoder(IStoreBatch batch, Schema schema, bool zstd) : IDisposable
{
    private static readonly Apache.Arrow.Compression.CompressionCodecFactory Codecs = new();

    private readonly MemoryStream _stream = new();
    private int _start;

    /// <summary>The documents.</summary>
    public IStoreBatch Batch { get; } = batch;

    /// <summary>The record batch's message after <see cref="Encode"/>, valid until <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _stream.GetBuffer().AsSpan(_start, (int)_stream.Length - _start);

    /// <summary>The bytes that every shard begins with.</summary>
    public static byte[] OpeningOf(Schema schema)
    {
        using var stream = new MemoryStream();
        using var writer = new ArrowStreamWriter(stream, schema, leaveOpen: true);
        writer.WriteStart();
        return stream.ToArray();
    }

    /// <summary>Encodes the documents.</summary>
    public void Encode()
    {
        _stream.SetLength(0);
        if (Batch.Documents == 0)
            return;
        using var records = new RecordBatch(schema, Batch.Build().Select(ArrowArrayFactory.BuildArray), Batch.Documents);
        var options = zstd ? new IpcOptions { CompressionCodec = CompressionCodecType.Zstd, CompressionCodecFactory = Codecs } : new IpcOptions();
        using var writer = new ArrowStreamWriter(_stream, schema, leaveOpen: true, options);
        writer.WriteStart();
        _start = (int)_stream.Length;
        writer.WriteRecordBatch(records);
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <summary>Forgets the documents, and keeps the memory.</summary>
    public void Clear()
    {
        Batch.Clear();
        _stream.SetLength(0);
        _start = 0;
    }
}
