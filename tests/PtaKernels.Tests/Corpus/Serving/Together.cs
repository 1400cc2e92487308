using CommunityToolkit.HighPerformance;

namespace PtaKernels.Tests.Corpus.Serving;

/// <summary>A backend that asks for many documents per call, as a device does.</summary>
internal sealed class Together(IKernelBackend backend) : IKernelBackend
{
    public string Name => backend.Name;

    public string Isa => backend.Isa;

    public int DocumentsAtOnce => 512;

    public KernelStatus ComputeCostMatrix(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<byte> cost) =>
        backend.ComputeCostMatrix(source, sourceTokens, target, targetTokens, cost);

    public KernelStatus ComputeCostMatrix(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<ushort> cost) =>
        backend.ComputeCostMatrix(source, sourceTokens, target, targetTokens, cost);

    public KernelStatus ComputeCostMatrices(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, int rows, int columns, Span<byte> cost) =>
        backend.ComputeCostMatrices(source, sourceTokens, target, targetTokens, rows, columns, cost);

    public void ComputeEmbeddingCosts(TokenEmbeddings embeddings, ReadOnlySpan<int> sourceTokens, ReadOnlySpan<int> targetTokens, Span2D<byte> cost) =>
        backend.ComputeEmbeddingCosts(embeddings, sourceTokens, targetTokens, cost);

    public void FindNearestTokens(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, Span<int> nearest, Span<int> distance) =>
        backend.FindNearestTokens(source, sourceTokens, target, nearest, distance);

    public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<byte> cost, AlignmentPath path) => backend.FindAlignmentPath(source, target, cost, path);

    public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<ushort> cost, AlignmentPath path) => backend.FindAlignmentPath(source, target, cost, path);

    public void SolveTransport(in CostMatrix<byte> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes) =>
        backend.SolveTransport(cost, marginals, options, destination, outcomes);

    public void SolveTransport(in CostMatrix<double> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes) =>
        backend.SolveTransport(cost, marginals, options, destination, outcomes);

    public void AlignBatch(ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, Span<AlignedDocument> destination, AlignmentReport report) =>
        backend.AlignBatch(documents, vocabularies, options, destination, report);
}
