namespace PtaKernels;

/// <summary>One document as one model saw it.</summary>
public sealed class TokenizedDocument
{
    /// <summary>Names the document in messages and joins the models' views of it.</summary>
    public required string Id { get; init; }

    /// <summary>[length] token ids.</summary>
    public required int[] Ids { get; init; }

    /// <summary>[length, k] next-token candidates.</summary>
    public required TopKLogits Candidates { get; init; }

    /// <summary>[length] log-sum-exp of each row's full logits at temperature 1, or null when it was not stored.</summary>
    public double[]? LogSumExp { get; init; }

    /// <summary>[length - 1] cross-entropy of token t + 1 under row t, in nats, or null.</summary>
    public double[]? LabelCrossEntropy { get; init; }

    /// <summary>Mean of the label cross-entropies in nats per token, or null; the per-token values win where both are given.</summary>
    public double? MeanCrossEntropy { get; init; }

    /// <summary>[length] byte span of each token in the original document, from the encoder (SPEC A3.1), or null when only ids are known.</summary>
    public (int Start, int End)[]? Spans { get; init; }

    /// <summary>Number of tokens.</summary>
    public int Length => Ids.Length;
}

/// <summary>One problem of <see cref="IKernelBackend.AlignBatch"/>: two models' views of one document.</summary>
/// <param name="Source">The giving model's view.</param>
/// <param name="Target">The receiving model's view.</param>
/// <param name="Prior">D_(s-1) of SPEC A3.5 with sources recursive: its rows replace the target's own top-k as columns. Null for the first source and for <c>independent</c>.</param>
public sealed record DocumentPair(TokenizedDocument Source, TokenizedDocument Target, AlignedDocument? Prior = null);
