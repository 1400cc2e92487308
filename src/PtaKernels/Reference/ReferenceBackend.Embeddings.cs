using CommunityToolkit.HighPerformance;

namespace PtaKernels.Reference;

public sealed partial class ReferenceBackend
{
    /// <inheritdoc/>
    public void ComputeEmbeddingCosts(TokenEmbeddings embeddings, ReadOnlySpan<int> sourceTokens, ReadOnlySpan<int> targetTokens, Span2D<byte> cost)
    {
        Shapes.RequireEmbeddings(embeddings, sourceTokens, targetTokens, cost.Height, cost.Width);
        for (int i = 0; i < sourceTokens.Length; i++)
        {
            for (int j = 0; j < targetTokens.Length; j++)
                cost[i, j] = Distance(embeddings, sourceTokens[i], targetTokens[j]);
        }
    }

    private static byte Distance(TokenEmbeddings embeddings, int source, int target)
    {
        if (source < 0 || target < 0 || !embeddings.SourceKnown[source] || !embeddings.TargetKnown[target])
            return TokenEmbeddings.NoVector;
        ReadOnlySpan<sbyte> x = embeddings.OfSource(source), y = embeddings.OfTarget(target);
        int dot = 0;
        for (int d = 0; d < x.Length; d++)
            dot += x[d] * y[d];
        return TokenEmbeddings.DistanceOf(dot);
    }
}
