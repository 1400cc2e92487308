using CommunityToolkit.HighPerformance;
using ILGPU;
using PtaKernels.Rules;

namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    private EmbeddingKernels? _embeddings;

    /// <summary>Embedding distances and tables of the device.</summary>
    internal EmbeddingKernels Embeddings => LazyInitializer.EnsureInitialized(ref _embeddings, () => new EmbeddingKernels(Device, Tokens.Tapes));

    /// <inheritdoc/>
    /// <remarks>The tables are copied to the device by the first call, and stay there as long as the embeddings.</remarks>
    public void ComputeEmbeddingCosts(TokenEmbeddings embeddings, ReadOnlySpan<int> sourceTokens, ReadOnlySpan<int> targetTokens, Span2D<byte> cost)
    {
        Shapes.RequireEmbeddings(embeddings, sourceTokens, targetTokens, cost.Height, cost.Width);
        if (cost.Length == 0)
            return;
        using GpuLane lane = Device.Rent();
        ArrayView<byte> costs = lane.Take<byte>(cost.Length);
        Embeddings.QueueDistances(lane, Embeddings.Of(embeddings), lane.Upload(sourceTokens), lane.Upload(targetTokens), 1, cost.Height, cost.Width, costs);
        Download(lane, costs, cost);
        GC.KeepAlive(embeddings);
    }

    /// <summary>Bytes of a device that all chunks together may share: what embedding tables take stays taken.</summary>
    /// <param name="memory">Bytes of the device.</param>
    /// <param name="vocabularies">The pair.</param>
    /// <param name="options">Whether its embeddings are read.</param>
    internal static long LeftOf(long memory, VocabularyPair vocabularies, in AlignmentOptions options) =>
        SemanticCosts.Reads(options.Cost) && vocabularies.Embeddings is { } embeddings ? Math.Max(0, memory - DeviceEmbeddings.BytesOf(embeddings)) : memory;
}
