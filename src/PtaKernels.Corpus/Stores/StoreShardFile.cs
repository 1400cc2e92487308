using System.Security.Cryptography;
using PtaKernels.Alignment;

namespace PtaKernels.Corpus.Stores;

/// <summary>A shard while it is written, under a temporary name.</summary>
internal sealed class StoreShardFile : IDisposable
{
    /// <summary>End of an Arrow IPC stream.</summary>
    private static readonly byte[] EndOfStream = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];

    private readonly string _folder, _name;
    private readonly long _firstRow;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<byte[]> _quarantined = [];
    private AlignmentRunReport? _report;
    private long _bytes, _documents, _textBytes, _rows;
    private bool _published;

    /// <summary>Starts a shard.</summary>
    /// <param name="folder">The store.</param>
    /// <param name="name">The final name.</param>
    /// <param name="split">Its split.</param>
    /// <param name="firstRow">Its first input row.</param>
    /// <param name="opening">The schema's message.</param>
    public StoreShardFile(string folder, string name, string split, long firstRow, byte[] opening)
    {
        (_folder, _name, Split, _firstRow) = (folder, name, split, firstRow);
        _file = new FileStream(StoreFiles.PartialOf(Path.Combine(folder, name)), FileMode.Create, FileAccess.Write, FileShare.None, 1);
        Write(opening);
    }

    /// <summary>Its split.</summary>
    public string Split { get; }

    /// <summary>Tokens so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Appends an encoded batch.</summary>
    public void Append(StoreEncoder encoder, long rows, IReadOnlyList<byte[]> quarantined, AlignmentRunReport? report)
    {
        if (encoder.Batch.Documents > 0)
            Write(encoder.Bytes);
        _documents += encoder.Batch.Documents;
        Tokens += encoder.Batch.Tokens;
        _textBytes += encoder.Batch.TextBytes;
        _rows += rows;
        _quarantined.AddRange(quarantined);
        if (report is null)
            return;
        _report ??= new AlignmentRunReport(report.Sources.Length);
        _report.Add(report);
    }

    /// <summary>Completes the bytes.</summary>
    /// <returns>The manifest's line.</returns>
    public StoreShard End()
    {
        Write(EndOfStream);
        byte[] aside = [.. _quarantined.SelectMany(static line => line)];
        return new StoreShard
        {
            File = _name,
            Sha256 = Convert.ToHexStringLower(_hash.GetHashAndReset()),
            Bytes = _bytes,
            Split = Split,
            Documents = _documents,
            Tokens = Tokens,
            TextBytes = _textBytes,
            FirstRow = _firstRow,
            Rows = _rows,
            Quarantined = _quarantined.Count,
            QuarantineSha256 = aside.Length == 0 ? null : Convert.ToHexStringLower(SHA256.HashData(aside)),
            Counts = _report?.Counts,
        };
    }

    /// <summary>Flushes the files to the disk and gives them their names; the shard's last.</summary>
    /// <param name="replace">Whether the names may be taken: by damaged files of a store under repair.</param>
    public void Publish(bool replace)
    {
        if (_quarantined.Count > 0)
        {
            string aside = Path.Combine(_folder, StoreFiles.QuarantineOf(_name));
            using (var file = new FileStream(StoreFiles.PartialOf(aside), FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                foreach (byte[] line in _quarantined)
                    file.Write(line);
                file.Flush(flushToDisk: true);
            }

            Name(aside, replace);
        }

        _file.Flush(flushToDisk: true);
        _file.Dispose();
        Name(Path.Combine(_folder, _name), replace);
        _published = true;
    }

    /// <summary>Closes the file; one that was not published is removed.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
        if (!_published && Directory.Exists(_folder))
            File.Delete(StoreFiles.PartialOf(Path.Combine(_folder, _name)));
    }

    private static void Name(string path, bool replace)
    {
        if (replace)
            File.Move(StoreFiles.PartialOf(path), path, overwrite: true);
        else
            DurableFiles.Publish(StoreFiles.PartialOf(path), path);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _file.Write(bytes);
        _hash.AppendData(bytes);
        _bytes += bytes.Length;
    }
}
