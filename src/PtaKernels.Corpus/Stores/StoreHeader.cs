using System.Text.Json.Serialization;

namespace PtaKernels.Corpus.Stores;

/// <summary>What a store's rows are.</summary>
public enum StoreKind
{
    /// <summary>A model's next-token candidates.</summary>
    Teacher,

    /// <summary>Fused rows over a target's tokens.</summary>
    Aligned,
}

/// <summary>What a teacher's values are.</summary>
public enum ValueKind
{
    /// <summary>Logits; with <c>log_sum_exp</c> also probabilities.</summary>
    RawLogit,

    /// <summary>Natural logarithms of probabilities: the log-sum-exp is 0.</summary>
    Logprob,
}

/// <summary>The tokenizer whose ids a store holds.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Fingerprint"><see cref="TokenVocabulary.Fingerprint"/>.</param>
/// <param name="Tokens">Number of ids.</param>
public sealed record StoreTokenizer(string Name, string Fingerprint, int Tokens)
{
    /// <summary>A vocabulary's.</summary>
    public static StoreTokenizer Of(TokenVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        return new StoreTokenizer(vocabulary.Name, vocabulary.Fingerprint, vocabulary.Count);
    }

    /// <summary>Refuses another vocabulary.</summary>
    /// <param name="path">The store of this tokenizer.</param>
    /// <param name="vocabulary">What it is about to be read with.</param>
    /// <exception cref="AlignmentDataException">It is not the one that the ids were made with.</exception>
    public void Require(string path, TokenVocabulary vocabulary) => Require(path, Of(vocabulary), "give that tokenizer");

    /// <summary>Refuses another tokenizer.</summary>
    /// <param name="path">The store of this tokenizer.</param>
    /// <param name="other">The one that is needed.</param>
    /// <param name="advice">What to do about it.</param>
    /// <exception cref="AlignmentDataException">They differ.</exception>
    internal void Require(string path, StoreTokenizer other, string advice)
    {
        if (other.Fingerprint != Fingerprint)
            throw new AlignmentDataException($"{path}: its ids are of {Name} ({Tokens} tokens, fingerprint {Fingerprint}), not of {other.Name} ({other.Tokens}, {other.Fingerprint}); {advice}.");
    }
}

/// <summary>What a run read.</summary>
/// <param name="Path">As it was named.</param>
/// <param name="Identity">Its <see cref="IDocumentReader.Identity"/>.</param>
public sealed record StoreInput(string Path, string Identity);

/// <summary>Who made a store, from what.</summary>
/// <param name="Program">Name and version.</param>
/// <param name="Command">The command line that makes the store again, without its output; empty when no command made it.</param>
/// <param name="Options">Every option that decides values, by name.</param>
/// <param name="Inputs">What was read.</param>
public sealed record StoreProducer(string Program, IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Options, IReadOnlyList<StoreInput> Inputs)
{
    /// <summary>A producer that no command line stands for.</summary>
    public static StoreProducer Of(string program) => new(program, [], new Dictionary<string, string>(), []);
}

/// <summary>The first line of a manifest: everything that holds for all shards.</summary>
public sealed record StoreHeader
{
    /// <summary>Value of <see cref="Format"/>.</summary>
    public const string FormatName = "pta-store";

    /// <summary>The schema written here, and the newest that is read.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Always <see cref="FormatName"/>.</summary>
    [JsonPropertyOrder(-2)]
    public string Format { get; init; } = FormatName;

    /// <summary>Version of columns and manifest.</summary>
    [JsonPropertyOrder(-1)]
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>What the rows are.</summary>
    public required StoreKind Kind { get; init; }

    /// <summary>The tokenizer of all ids: the model's, or the target's.</summary>
    public required StoreTokenizer Tokenizer { get; init; }

    /// <summary>How ids are kept.</summary>
    public required IdEncoding Ids { get; init; }

    /// <summary>How values are kept.</summary>
    public required NumberType Values { get; init; }

    /// <summary>Parts of the corpus in order; one named by the empty string where there are none.</summary>
    public required IReadOnlyList<string> Splits { get; init; }

    /// <summary>Who made it.</summary>
    public required StoreProducer Producer { get; init; }

    /// <summary>Tokens after which a shard ends.</summary>
    public required long ShardTokens { get; init; }

    /// <summary>Whether the shards' buffers are compressed by zstd.</summary>
    public bool Zstd { get; init; }

    /// <summary>Teacher: candidates per position.</summary>
    public int? K { get; init; }

    /// <summary>Teacher: what the values are.</summary>
    public ValueKind? ValueKind { get; init; }

    /// <summary>Teacher: type of the label cross-entropies.</summary>
    public NumberType? LabelType { get; init; }

    /// <summary>Teacher: the input was an official step-2 folder, whose <c>attention_mask</c> and <c>labels</c> follow from the ids.</summary>
    public bool Official { get; init; }

    /// <summary>Teacher: other columns of the input, kept as they were: name and Arrow type.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Others { get; init; } = [];

    /// <summary>Aligned: the sources in listing order.</summary>
    public IReadOnlyList<StoreTokenizer>? Sources { get; init; }

    /// <summary>Aligned: indices of the sources, best first (SPEC A3.5).</summary>
    public IReadOnlyList<int>? SourceOrder { get; init; }

    /// <summary>Aligned: what the values are.</summary>
    public OutputUnit? Unit { get; init; }

    /// <summary>How ids become bytes.</summary>
    internal TokenIds TokenIds => new(Ids, Tokenizer.Tokens);
}

/// <summary>A line of the manifest: a shard that is complete.</summary>
public sealed record StoreShard
{
    /// <summary>Its file in the folder.</summary>
    public required string File { get; init; }

    /// <summary>Hexadecimal SHA-256 of the file.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Size of the file.</summary>
    public required long Bytes { get; init; }

    /// <summary>Its split.</summary>
    public required string Split { get; init; }

    /// <summary>Documents in it.</summary>
    public required long Documents { get; init; }

    /// <summary>Their tokens.</summary>
    public required long Tokens { get; init; }

    /// <summary>UTF-8 bytes of their texts, where known.</summary>
    public required long TextBytes { get; init; }

    /// <summary>Number of its first input row in the split.</summary>
    public required long FirstRow { get; init; }

    /// <summary>Input rows that it stands for, those not taken included.</summary>
    public required long Rows { get; init; }

    /// <summary>Documents that were set aside instead of being written.</summary>
    public long Quarantined { get; init; }

    /// <summary>SHA-256 of the file of those, beside the shard.</summary>
    public string? QuarantineSha256 { get; init; }

    /// <summary>Aligned: the run's counts for these rows.</summary>
    public Alignment.AlignmentCounts? Counts { get; init; }
}

/// <summary>The last line of a manifest.</summary>
/// <param name="Shards">Number of shards.</param>
/// <param name="Documents">Documents in all of them.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="TextBytes">UTF-8 bytes of their texts, where known.</param>
/// <param name="Quarantined">Documents set aside.</param>
public sealed record StoreTotals(int Shards, long Documents, long Tokens, long TextBytes, long Quarantined);
