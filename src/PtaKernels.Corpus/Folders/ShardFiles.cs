using System.Globalization;
using System.Security.Cryptography;
using Apache.Arrow;
using Apache.Arrow.Ipc;

namespace PtaKernels.Corpus.Folders;

/// <summary>Writes record batches into the shards of one Dataset folder, and knows a fingerprint of all their bytes.</summary>
internal sealed class ShardFiles : IDisposable
{
    /// <summary>Largest shard, the default of <c>save_to_disk</c>.</summary>
    public const long MaxShard = 500_000_000;

    private const long MessageOverhead = 1 << 16;

    private readonly string _folder;
    private readonly Schema _schema;
    private readonly long _maxShard;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<string> _files = [];
    private FileStream? _file;
    private ArrowStreamWriter? _writer;

    public ShardFiles(string folder, Schema schema, long maxShard)
    {
        _folder = folder;
        _schema = schema;
        _maxShard = maxShard;
        _hash.AppendData(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', schema.FieldsList.Select(static f => $"{f.Name} {ArrowLists.Describe(f.DataType)}"))));
        Open();
    }

    /// <summary>Writes rows; into the next shard when this one would become too large.</summary>
    public void Write(ArrayData[] columns, int rows)
    {
        using var batch = new RecordBatch(_schema, columns.Select(ArrowArrayFactory.BuildArray), rows);
        long bytes = columns.Sum(Measure) + MessageOverhead;
        if (_file!.Position > MessageOverhead && _file.Position + bytes > _maxShard)
        {
            Close();
            Open();
        }

        _writer!.WriteRecordBatch(batch);
    }

    /// <summary>Completes the shards and gives them their final names.</summary>
    /// <returns>The names, and a fingerprint that depends on the columns and all values.</returns>
    public (string[] Files, string Fingerprint) Finish()
    {
        Close();
        string[] names = [.. _files.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"data-{i:D5}-of-{_files.Count:D5}.arrow"))];
        for (int i = 0; i < names.Length; i++)
            File.Move(_files[i], Path.Combine(_folder, names[i]));
        return (names, Convert.ToHexStringLower(_hash.GetHashAndReset().AsSpan(0, 8)));
    }

    public void Dispose()
    {
        _writer?.Dispose();
        _file?.Dispose();
        _hash.Dispose();
    }

    private void Open()
    {
        _files.Add(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"shard-{_files.Count:D5}")));
        _file = new FileStream(_files[^1], FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        _writer = new ArrowStreamWriter(_file, _schema, leaveOpen: true);
        _writer.WriteStart(); // an empty split is a shard with a schema and no rows
    }

    private void Close()
    {
        _writer!.WriteEnd();
        _writer.Dispose();
        _file!.Flush(flushToDisk: true);
        _file.Dispose();
    }

    private long Measure(ArrayData data)
    {
        long bytes = 0;
        foreach (ArrowBuffer buffer in data.Buffers)
        {
            _hash.AppendData(buffer.Span);
            bytes += buffer.Length + 64;
        }

        return bytes + (data.Children?.Sum(Measure) ?? 0) + (data.Dictionary is { } dictionary ? Measure(dictionary) : 0);
    }
}
