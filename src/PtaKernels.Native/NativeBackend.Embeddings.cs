using CommunityToolkit.HighPerformance;

namespace PtaKernels.Native;

public sealed unsafe partial class NativeBackend
{
    /// <inheritdoc/>
    public void ComputeEmbeddingCosts(TokenEmbeddings embeddings, ReadOnlySpan<int> sourceTokens, ReadOnlySpan<int> targetTokens, Span2D<byte> cost)
    {
        Shapes.RequireEmbeddings(embeddings, sourceTokens, targetTokens, cost.Height, cost.Width);
        using Lease lease = Rent();
        fixed (int* s = sourceTokens, t = targetTokens)
        fixed (byte* c = cost)
            NativeErrors.Require(NativeMethods.EmbeddingCosts(lease.Workspace, NativeTapes.Of(embeddings), s, sourceTokens.Length, t, targetTokens.Length, c, StrideOf<byte>(cost)));
    }
}
