using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Brings the input embeddings of two models into one space: <see cref="OrthogonalMap"/> on the tokens that both have, read from the checkpoints without the rest of the models.</summary>
public sealed class EmbeddingFit
{
    /// <summary>Dimensions of the common space, where both models have as many.</summary>
    public const int DefaultDimensions = 128;

    /// <summary>Fewest shared tokens of any fit.</summary>
    public const int LeastShared = 64;

    /// <summary>Below this share of held-out tokens that find their partner, most neighbours mean nothing.</summary>
    private const double WeakPrecision = 0.05;

    /// <summary>Rows that are compared with the target's whole vocabulary at a time.</summary>
    private const int Compared = 512;

    /// <summary>How near a cosine may be to the largest and pass for it: float32 sums of another order.</summary>
    private const double Rounding = 1e-6;

    /// <summary>The source's checkpoint.</summary>
    public required string SourceModel { get; init; }

    /// <summary>Its vocabulary.</summary>
    public required TokenVocabulary Source { get; init; }

    /// <summary>The target's checkpoint.</summary>
    public required string TargetModel { get; init; }

    /// <summary>Its vocabulary.</summary>
    public required TokenVocabulary Target { get; init; }

    /// <summary>Dimensions of the common space, 1..the narrower model's width less one for each <see cref="EmbeddingTable.WidthOfCommon"/>; null for <see cref="DefaultDimensions"/>, or for as many as there are if these are fewer.</summary>
    public int? Dimensions { get; init; }

    /// <summary>Told what a user should know.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Fits, and measures on shared tokens that a first fit did not see.</summary>
    /// <exception cref="AlignmentDataException">A file is missing or damaged, a table is narrower than its vocabulary, or too few tokens are shared.</exception>
    /// <exception cref="ArgumentException">More dimensions than a model has.</exception>
    public FittedEmbeddings Run()
    {
        TorchRuntime.Load();
        using var scope = NewDisposeScope();
        (string source, string target) = (CaptureIdentity.NearlyOf(SourceModel), CaptureIdentity.NearlyOf(TargetModel));
        using EmbeddingTable theirs = EmbeddingTable.Read(SourceModel, Source, Notice), ours = EmbeddingTable.Read(TargetModel, Target, Notice);
        return Fit(theirs, source, ours, target);
    }

    /// <summary>The same for tables that are read.</summary>
    internal FittedEmbeddings Fit(EmbeddingTable source, string sourceModel, EmbeddingTable target, string targetModel)
    {
        using var scope = NewDisposeScope();
        int rank = RankOf(source.Width, target.Width);
        var shared = SharedTokens.Of(Source, source.Known, Target, target.Known);
        int least = Math.Max(2 * rank, LeastShared);
        if (shared.Count < least)
        {
            throw new AlignmentDataException(
                $"{Source.Name} and {Target.Name} share {shared.Count} tokens with a vector, and a map of {rank} dimensions needs {least}; {(shared.Count < LeastShared ? "use --cost texts" : $"give --dimensions {shared.Count / 2} or fewer")}.");
        }

        (SharedTokens fitted, SharedTokens heldOut) = shared.Split(Source);
        MapQuality quality = Measure(source, target, fitted, heldOut, rank);
        if (quality.Precision < WeakPrecision)
            Notice?.Invoke(FormattableString.Invariant($"only {quality.Precision:P1} of the shared tokens that were held out find their partner, so these models' embeddings have little in common; --cost texts is likely to do better."));
        using var map = OrthogonalMap.Fit(source.Select(shared.Source), target.Select(shared.Target), rank);
        int padded = (rank + TokenEmbeddings.Block - 1) / TokenEmbeddings.Block * TokenEmbeddings.Block;
        var embeddings = new TokenEmbeddings(
            padded, OrthogonalMap.Quantise(OrthogonalMap.Project(source.Rows, map.Source), padded), OrthogonalMap.Quantise(OrthogonalMap.Project(target.Rows, map.Target), padded));
        return new FittedEmbeddings(embeddings, new EmbeddingsHeader
        {
            Source = Source.Name,
            SourceFingerprint = Source.Fingerprint,
            SourceModel = sourceModel,
            Target = Target.Name,
            TargetFingerprint = Target.Fingerprint,
            TargetModel = targetModel,
            Dimensions = rank,
            SharedTokens = shared.Count,
            HeldOut = quality,
        });
    }

    private int RankOf(int sourceWidth, int targetWidth)
    {
        int most = Math.Min(EmbeddingTable.DirectionsOf(Math.Min(sourceWidth, targetWidth)), TokenEmbeddings.MaxDimensions);
        int rank = Dimensions ?? Math.Min(DefaultDimensions, most);
        return rank >= 1 && rank <= most ? rank : throw new ArgumentException($"--dimensions is {rank}; it must be 1..{most}, as the source's rows have {sourceWidth} numbers and the target's {targetWidth}.");
    }

    private static MapQuality Measure(EmbeddingTable source, EmbeddingTable target, SharedTokens fitted, SharedTokens heldOut, int rank)
    {
        using var scope = NewDisposeScope();
        using var map = OrthogonalMap.Fit(source.Select(fitted.Source), target.Select(fitted.Target), rank);
        Tensor all = OrthogonalMap.Project(target.Select(Enumerable.Range(0, target.Known.Length).Where(t => target.Known[t])), map.Target).transpose(0, 1);
        (double cosines, long hits) = (0, 0);
        for (int at = 0; at < heldOut.Count; at += Compared)
        {
            using var part = NewDisposeScope();
            Range rows = at..Math.Min(at + Compared, heldOut.Count);
            Tensor theirs = OrthogonalMap.Project(source.Select(heldOut.Source[rows]), map.Source);
            Tensor partners = (theirs * OrthogonalMap.Project(target.Select(heldOut.Target[rows]), map.Target)).sum(1);
            cosines += partners.to(ScalarType.Float64).sum().item<double>();
            hits += partners.ge(theirs.matmul(all).amax([1]) - Rounding).sum().item<long>();
        }

        return new MapQuality(heldOut.Count, cosines / heldOut.Count, (double)hits / heldOut.Count, 1.0 / all.shape[1]);
    }
}

/// <summary>What a fit made.</summary>
/// <param name="Embeddings">The vectors.</param>
/// <param name="Header">What they are of, and how good.</param>
public sealed record FittedEmbeddings(TokenEmbeddings Embeddings, EmbeddingsHeader Header);
