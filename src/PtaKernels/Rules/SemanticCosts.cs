using CommunityToolkit.HighPerformance;
using CommunityToolkit.HighPerformance.Buffers;

namespace PtaKernels.Rules;

/// <summary>Candidate costs <c>embedding</c> and <c>hybrid</c> (own rule): whole hundredths of an edit, so that every backend computes the same numbers.</summary>
/// <remarks>
/// The same text costs 0, whatever the vectors say. Otherwise the text distance t = edits / symbols of the longer text, in hundredths, and the cosine distance e of
/// <see cref="IKernelBackend.ComputeEmbeddingCosts"/> give (1 - share) · t + share · e, rounded half up and at least 1; share is 1 for <c>embedding</c>. Where one side has no
/// vector (a stripped rest of SPEC A3.2 rule (b) is no token) t stands alone. A special token costs 0 beside its match and 200 beside all others.
/// </remarks>
public static class SemanticCosts
{
    /// <summary>What is one edit under cost <c>texts</c>: epsilon and rho are in edits, so they count in this unit.</summary>
    public const int Unit = TokenEmbeddings.Unit;

    /// <summary>The largest cost; of a special token and one that it does not match.</summary>
    public const int Most = 2 * Unit;

    /// <summary>Whether a candidate cost reads embeddings.</summary>
    public static bool Reads(CandidateCost cost) => cost is CandidateCost.Embedding or CandidateCost.Hybrid;

    /// <summary>The embedding distance's share in hundredths, 0..100.</summary>
    public static int ShareOf(in AlignmentOptions options) =>
        options.Cost == CandidateCost.Embedding ? Unit : (int)Math.Round(options.EmbeddingShare * Unit, MidpointRounding.AwayFromZero);

    /// <summary>One entry of two ordinary tokens.</summary>
    /// <param name="edits">Levenshtein distance of the texts.</param>
    /// <param name="longer">Symbols of the longer text.</param>
    /// <param name="distance">Cosine distance in hundredths, or <see cref="TokenEmbeddings.NoVector"/>.</param>
    /// <param name="share">Of <see cref="ShareOf"/>.</param>
    public static byte Of(int edits, int longer, byte distance, int share)
    {
        if (edits == 0)
            return 0;
        int text = ((2 * Unit * edits) + longer) / (2 * longer);
        int cost = distance == TokenEmbeddings.NoVector ? text : (((Unit - share) * text) + (share * distance) + (Unit / 2)) / Unit;
        return (byte)Math.Max(1, cost);
    }

    /// <summary>The cost matrix of one row's candidates.</summary>
    /// <param name="backend">Computes both distances.</param>
    /// <param name="embeddings">The vectors.</param>
    /// <param name="rowTape">Texts of the source candidates.</param>
    /// <param name="rows">[n] their ids on it.</param>
    /// <param name="rowTokens">[n] their source tokens; -1 for a rest, which is none.</param>
    /// <param name="columnTape">Texts of the target candidates.</param>
    /// <param name="columns">[m] their ids on it.</param>
    /// <param name="columnTokens">[m] their target tokens.</param>
    /// <param name="share">Of <see cref="ShareOf"/>.</param>
    /// <param name="cost">[n, m].</param>
    public static void Fill(
        IKernelBackend backend, TokenEmbeddings embeddings, TokenTape rowTape, ReadOnlySpan<int> rows, ReadOnlySpan<int> rowTokens, TokenTape columnTape,
        ReadOnlySpan<int> columns, ReadOnlySpan<int> columnTokens, int share, Span2D<byte> cost)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(rowTape);
        ArgumentNullException.ThrowIfNull(columnTape);
        using SpanOwner<ushort> kept = SpanOwner<ushort>.Allocate(rows.Length * columns.Length);
        var edits = Span2D<ushort>.DangerousCreate(ref kept.DangerousGetReference(), rows.Length, columns.Length, 0);
        backend.ComputeCostMatrix(rowTape, rows, columnTape, columns, edits);
        backend.ComputeEmbeddingCosts(embeddings, rowTokens, columnTokens, cost);
        for (int i = 0; i < rows.Length; i++)
        {
            bool special = (rowTape.RolesOf(rows[i]) & TokenRoles.Special) != 0;
            int length = rowTape[rows[i]].Length;
            for (int j = 0; j < columns.Length; j++)
            {
                cost[i, j] = special || (columnTape.RolesOf(columns[j]) & TokenRoles.Special) != 0
                    ? (byte)(edits[i, j] == 0 ? 0 : Most)
                    : Of(edits[i, j], Math.Max(length, columnTape[columns[j]].Length), cost[i, j], share);
            }
        }
    }
}
