using System.Security.Cryptography;

namespace PtaKernels.Corpus.Sampling;

/// <summary>One model's documents of a sample as a corpus of its own, so that a run over them does all that a run over the corpus does but reading and writing files.</summary>
internal sealed class SampledReader : IDocumentReader
{
    private static readonly byte[] Zeros = new byte[1 << 16];

    private readonly IDocumentReader _whole;
    private readonly IReadOnlyList<IDocumentRecord> _records;

    /// <summary>Takes documents.</summary>
    /// <param name="whole">Where they come from.</param>
    /// <param name="records">The documents, which may come several times.</param>
    public SampledReader(IDocumentReader whole, IReadOnlyList<IDocumentRecord> records) => (_whole, _records) = (whole, records);

    /// <summary>Bytes that are hashed before the first document: a store compares every shard that it reads with its checksum.</summary>
    public long HashedBytes { get; init; }

    /// <summary>Opens the output of a run in which these documents are the target's; null for the reader's own kind.</summary>
    public Func<OutputRequest, IDocumentWriter>? Output { get; init; }

    /// <inheritdoc/>
    public string Path => _whole.Path;

    /// <inheritdoc/>
    public string Kind => "sample of documents";

    /// <inheritdoc/>
    public IReadOnlyList<string> Splits { get; } = [""];

    /// <inheritdoc/>
    public string Identity => "sample";

    /// <inheritdoc/>
    public long? CountOf(string split) => _records.Count;

    /// <inheritdoc/>
    public IEnumerable<IDocumentRecord> Read(string split, long first = 0)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long left = HashedBytes; left > 0; left -= Zeros.Length)
            hash.AppendData(Zeros);
        return _records.Skip((int)first);
    }

    /// <inheritdoc/>
    public IDocumentWriter OpenOutput(OutputRequest request) => Output?.Invoke(request) ?? Stores.AlignedStoreWriter.Open(request, Splits);
}
