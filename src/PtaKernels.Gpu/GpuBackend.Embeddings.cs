using CommunityToolkit.HighPerformance;
using PtaKernels.Reference;

namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    private static readonly ReferenceBackend Plain = new();

    /// <inheritdoc/>
    public void ComputeEmbeddingCosts(TokenEmbeddings embeddings, ReadOnlySpan<int> sourceTokens, ReadOnlySpan<int> targetTokens, Span2D<byte> cost) =>
        Plain.ComputeEmbeddingCosts(embeddings, sourceTokens, targetTokens, cost);
}
