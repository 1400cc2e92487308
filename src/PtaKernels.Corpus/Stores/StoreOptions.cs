namespace PtaKernels.Corpus.Stores;

/// <summary>How a new store keeps its rows.</summary>
public sealed record StoreOptions
{
    /// <summary>Default of <see cref="ShardTokens"/>: about 50 MB at k = 10, and what a stopped run loses at most.</summary>
    public const long DefaultShardTokens = 1_000_000;

    /// <summary>Tokens after which a shard ends, at the next batch of documents.</summary>
    public long ShardTokens { get; init; } = DefaultShardTokens;

    /// <summary>Type of the values.</summary>
    public NumberType Values { get; init; } = NumberType.Float16;

    /// <summary>How ids are kept; null: 16 bits where the vocabulary fits, else packed.</summary>
    public IdEncoding? Ids { get; init; }

    /// <summary>Whether buffers are compressed by zstd.</summary>
    public bool Zstd { get; init; }

    /// <summary>Refuses values that make no store.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    internal void Require()
    {
        if (ShardTokens < 1)
            throw new ArgumentException($"--shard-tokens is {ShardTokens}; it must be at least 1.");
    }
}
