namespace PtaKernels.CorpusBench;

/// <summary>How long documents are: log-normal as on the web, cut at what a model reads.</summary>
internal static class LengthMix
{
    /// <summary>Most tokens of a document by any tokenizer, its end of sequence included: SPEC A and the official code cut at it.</summary>
    public const int MostTokens = 2048;

    /// <summary>Fewest tokens of the target.</summary>
    public const int FewestTokens = 16;

    /// <summary>Median, and standard deviation of the logarithm, of what is drawn; texts that end before their length is reached bring the documents' median to about 350.</summary>
    public const double Median = 600, Spread = 1.0;

    /// <summary>The mix in words.</summary>
    public static string Words => $"log-normal cuts, median {Median:0} and sigma {Spread:0.0#} target tokens, {FewestTokens} to {MostTokens} by every tokenizer, at lines or spaces; the ends of texts are shorter documents";

    /// <summary>A length in target tokens without the end of sequence.</summary>
    public static int Draw(ref Draws draws) => (int)Math.Clamp(Median * Math.Exp(Spread * draws.Normal()), FewestTokens, MostTokens - 8);
}
