using CommunityToolkit.HighPerformance;

namespace PtaKernels;

/// <summary>
/// The kernels of probabilistic token alignment. Every backend gives the same answers (SPEC A4); they differ in speed only.
/// Methods are thread-safe unless they say otherwise, callers own all memory, and results never depend on batch size or scheduling.
/// </summary>
/// <remarks>
/// Symbols and token distances are those of SPEC A3.1: Levenshtein with unit costs over the symbols of a <see cref="TokenTape"/>; where one of two tokens is
/// special, 0 if <see cref="TokenTape.SpecialsMatch"/>, else <see cref="TokenTape.SpecialMismatch"/>. Rows are the source, columns the target.
/// </remarks>
public interface IKernelBackend
{
    /// <summary>The name typed after <c>--backend</c>.</summary>
    string Name { get; }

    /// <summary>The instruction set that its inner loops use: portable, avx2, avx512, ...</summary>
    string Isa { get; }

    /// <summary>Documents that one <see cref="AlignBatch"/> call should hold: 1 where several calls run side by side on the cores, more where one call fills a device.</summary>
    int DocumentsAtOnce => 1;

    /// <summary>Edit-distance cost matrix of two token lists, u8.</summary>
    /// <param name="source">Tape of the rows.</param>
    /// <param name="sourceTokens">[n] ids on <paramref name="source"/>.</param>
    /// <param name="target">Tape of the columns.</param>
    /// <param name="targetTokens">[m] ids on <paramref name="target"/>.</param>
    /// <param name="cost">[n, m]; distances over 254 become 255.</param>
    /// <returns><see cref="KernelStatus.Range"/> if any distance is over 254.</returns>
    /// <exception cref="ArgumentException">The destination has another shape or an id lies off its tape.</exception>
    KernelStatus ComputeCostMatrix(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<byte> cost);

    /// <summary>The same, u16: distances over 65,534 become 65,535 and return <see cref="KernelStatus.Range"/>.</summary>
    /// <inheritdoc cref="ComputeCostMatrix(TokenTape, ReadOnlySpan{int}, TokenTape, ReadOnlySpan{int}, Span2D{byte})"/>
    KernelStatus ComputeCostMatrix(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<ushort> cost);

    /// <summary>Many small cost matrices of one shape: problem p has the rows <c>sourceTokens[p*n .. (p+1)*n]</c>, the columns likewise.</summary>
    /// <param name="source">Tape of the rows.</param>
    /// <param name="sourceTokens">[batch, n].</param>
    /// <param name="target">Tape of the columns.</param>
    /// <param name="targetTokens">[batch, m].</param>
    /// <param name="rows">n, at least 1.</param>
    /// <param name="columns">m, at least 1.</param>
    /// <param name="cost">[batch, n, m]; distances over 254 become 255.</param>
    /// <returns><see cref="KernelStatus.Range"/> if any distance is over 254.</returns>
    /// <exception cref="ArgumentException">The spans do not hold one batch of that shape.</exception>
    KernelStatus ComputeCostMatrices(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, int rows, int columns, Span<byte> cost);

    /// <summary>Cosine distances between embedded tokens, in hundredths: <see cref="TokenEmbeddings.DistanceOf"/> of the dot product.</summary>
    /// <param name="embeddings">The vectors.</param>
    /// <param name="sourceTokens">[n] source ids; -1 has no vector.</param>
    /// <param name="targetTokens">[m] target ids; -1 has no vector.</param>
    /// <param name="cost">[n, m] receives 0..200, or <see cref="TokenEmbeddings.NoVector"/> where one side has no vector.</param>
    /// <exception cref="ArgumentException">The destination has another shape, or an id lies outside its table.</exception>
    void ComputeEmbeddingCosts(TokenEmbeddings embeddings, ReadOnlySpan<int> sourceTokens, ReadOnlySpan<int> targetTokens, Span2D<byte> cost);

    /// <summary>Nearest target token of each source token: an exact hit, else the smallest distance; ties by smallest target id (SPEC B 3a, A3.1).</summary>
    /// <remarks>A special token is paired only with a special token that it matches, an ordinary one only with ordinary ones; holes with nothing.</remarks>
    /// <param name="source">Tape of the queries.</param>
    /// <param name="sourceTokens">[n] ids on <paramref name="source"/>.</param>
    /// <param name="target">The tape to search, all of it.</param>
    /// <param name="nearest">[n] target ids, or <see cref="VocabularyMap.None"/>.</param>
    /// <param name="distance">[n] distances; 0 where there is none.</param>
    void FindNearestTokens(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, Span<int> nearest, Span<int> distance);

    /// <summary>Dynamic time warping (paper Eq 1): the cheapest monotone path from (0, 0) to (n - 1, m - 1).</summary>
    /// <remarks>f(i, j) = cost(i, j) + min(f(i-1, j-1), f(i-1, j), f(i, j-1)). Traced back from the end; ties prefer diagonal, then up, then left (SPEC B 3b.1).</remarks>
    /// <param name="source">[n] rows of <paramref name="cost"/>, at least one.</param>
    /// <param name="target">[m] columns of <paramref name="cost"/>, at least one.</param>
    /// <param name="cost">Costs between distinct tokens; see <see cref="Rules.UniqueTokenCosts"/>.</param>
    /// <param name="path">Receives the path and its cost; not thread-safe.</param>
    /// <exception cref="ArgumentException">A sequence is empty.</exception>
    void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<byte> cost, AlignmentPath path);

    /// <inheritdoc cref="FindAlignmentPath(ReadOnlySpan{int}, ReadOnlySpan{int}, ReadOnlySpan2D{byte}, AlignmentPath)"/>
    void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<ushort> cost, AlignmentPath path);

    /// <summary>Optimal transport between candidates, one plan per problem (paper Eq 2-4; SPEC A3.4).</summary>
    /// <remarks>
    /// <list type="bullet">
    /// <item><c>official</c>: the published loop to its own stop, float64 in NumPy's order; no certificate. Plans agree to 1e-12, iterations exactly.</item>
    /// <item><c>balanced</c>: argmin ⟨P, C⟩ − ε·H(P) with P·1 = a, Pᵀ·1 = b, certified by the potentials.</item>
    /// <item><c>semi-relaxed</c>: P_ij = a_i · softmax_j(−C_ij / ε). No potentials.</item>
    /// <item><c>unbalanced</c>: P·1 = a, plus ρ·KL(Pᵀ·1 | b).</item>
    /// <item><c>exact</c>: argmin ⟨P, C⟩ with duals u_i + v_j ≤ C_ij, integers when C is. Compared by cost and duals, not by plan.</item>
    /// </list>
    /// Not converging is reported, never thrown. NaN or infinity in gives NaN out and <see cref="TransportStatus.NotFinite"/>.
    /// </remarks>
    /// <param name="cost">[batch, n, m], n and m 1..64.</param>
    /// <param name="marginals">a [batch, n], b [batch, m]; for <c>balanced</c> and <c>exact</c> their sums agree to 1e-15.</param>
    /// <param name="options">The coupling and its parameters.</param>
    /// <param name="destination">Plans, and potentials where wanted.</param>
    /// <param name="outcomes">[batch].</param>
    /// <exception cref="ArgumentException">Shapes disagree, or the options are out of range.</exception>
    void SolveTransport(
        in CostMatrix<byte> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes);

    /// <summary>The same for real-valued costs.</summary>
    /// <inheritdoc cref="SolveTransport(in CostMatrix{byte}, in Marginals, in TransportOptions, in TransportPlan, Span{TransportOutcome})"/>
    void SolveTransport(
        in CostMatrix<double> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes);

    /// <summary>Whole documents: pairing, transfer, candidates, costs, transports and projection in one call (SPEC A2).</summary>
    /// <remarks>
    /// Rows that receive nothing hold the fallback. With <c>recursive</c> and a <see cref="DocumentPair.Prior"/>, that prior's rows are the columns. Each
    /// document's result depends on that document alone.
    /// </remarks>
    /// <param name="documents">[count].</param>
    /// <param name="vocabularies">The two vocabularies; nearest tokens are found on the way, in its maps or in a backend's own.</param>
    /// <param name="options">All switches; must pass <see cref="AlignmentSwitches.Validate"/>.</param>
    /// <param name="destination">[count] receives the aligned documents.</param>
    /// <param name="report">Receives counts and seconds per stage; not thread-safe, use one per call.</param>
    /// <exception cref="AlignmentDataException">
    /// A document is bad input of SPEC A5; the message names it, the row and the column. Of several it is the first. The others are in the destination.
    /// </exception>
    void AlignBatch(
        ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, Span<AlignedDocument> destination, AlignmentReport report);
}
