using System.Globalization;

namespace PtaKernels.Training;

/// <summary>How well a map brings partners together that it was not fitted on.</summary>
/// <param name="Tokens">Shared tokens that were set aside.</param>
/// <param name="Cosine">Mean cosine of a source token and its partner.</param>
/// <param name="Precision">Share of the source tokens whose nearest target token, of all with a vector, is the partner.</param>
/// <param name="Chance">What <paramref name="Precision"/> would be of vectors drawn at random.</param>
public sealed record MapQuality(int Tokens, double Cosine, double Precision, double Chance);

/// <summary>What an embeddings file says of itself.</summary>
public sealed record EmbeddingsHeader
{
    /// <summary>Name of the source's vocabulary.</summary>
    public required string Source { get; init; }

    /// <summary>Its <see cref="TokenVocabulary.Fingerprint"/>.</summary>
    public required string SourceFingerprint { get; init; }

    /// <summary>The source's checkpoint, by names, sizes, beginnings and ends of its files.</summary>
    public required string SourceModel { get; init; }

    /// <summary>Name of the target's vocabulary.</summary>
    public required string Target { get; init; }

    /// <summary>Its fingerprint.</summary>
    public required string TargetFingerprint { get; init; }

    /// <summary>The target's checkpoint.</summary>
    public required string TargetModel { get; init; }

    /// <summary>Dimensions of the common space; the tables have zeros behind them.</summary>
    public required int Dimensions { get; init; }

    /// <summary>Tokens that the map was fitted on.</summary>
    public required int SharedTokens { get; init; }

    /// <summary>Measured on a tenth of them, with a map fitted on the others.</summary>
    public required MapQuality HeldOut { get; init; }

    /// <summary>As texts by name, for a safetensors file.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Described() =>
    [
        new("source", Source), new("source_fingerprint", SourceFingerprint), new("source_model", SourceModel),
        new("target", Target), new("target_fingerprint", TargetFingerprint), new("target_model", TargetModel),
        new("dimensions", Text(Dimensions)), new("shared_tokens", Text(SharedTokens)), new("held_out_tokens", Text(HeldOut.Tokens)),
        new("held_out_cosine", Text(HeldOut.Cosine)), new("held_out_precision", Text(HeldOut.Precision)), new("held_out_chance", Text(HeldOut.Chance)),
    ];

    /// <summary>From those texts.</summary>
    /// <exception cref="KeyNotFoundException">One is missing.</exception>
    /// <exception cref="FormatException">One is no number.</exception>
    internal static EmbeddingsHeader Of(IReadOnlyDictionary<string, string> texts) => new()
    {
        Source = texts["source"],
        SourceFingerprint = texts["source_fingerprint"],
        SourceModel = texts["source_model"],
        Target = texts["target"],
        TargetFingerprint = texts["target_fingerprint"],
        TargetModel = texts["target_model"],
        Dimensions = Number<int>(texts["dimensions"]),
        SharedTokens = Number<int>(texts["shared_tokens"]),
        HeldOut = new MapQuality(
            Number<int>(texts["held_out_tokens"]), Number<double>(texts["held_out_cosine"]), Number<double>(texts["held_out_precision"]), Number<double>(texts["held_out_chance"])),
    };

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);

    private static T Number<T>(string text)
        where T : IParsable<T> => T.Parse(text, CultureInfo.InvariantCulture);
}
