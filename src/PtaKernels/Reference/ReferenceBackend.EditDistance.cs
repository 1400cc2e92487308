using System.Numerics;
using CommunityToolkit.HighPerformance;
using CommunityToolkit.HighPerformance.Buffers;
using PtaKernels.Steps;

namespace PtaKernels.Reference;

public sealed partial class ReferenceBackend
{
    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrix(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<byte> cost) =>
        FillCosts(source, sourceTokens, target, targetTokens, cost);

    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrix(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<ushort> cost) =>
        FillCosts(source, sourceTokens, target, targetTokens, cost);

    /// <summary>All distances; the largest value of the destination's type stands for every distance that is not below it.</summary>
    private static KernelStatus FillCosts<T>(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<T> cost)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        Shapes.RequireMatrix(cost.Height, cost.Width, sourceTokens.Length, targetTokens.Length);
        RequireOnTape(source, sourceTokens, nameof(source));
        RequireOnTape(target, targetTokens, nameof(target));
        using SpanOwner<int> scratch = SpanOwner<int>.Allocate(target.LongestToken + 1);
        int unfit = int.CreateTruncating(T.MaxValue);
        var status = KernelStatus.Ok;
        for (int i = 0; i < sourceTokens.Length; i++)
        {
            Span<T> row = cost.GetRowSpan(i);
            for (int j = 0; j < targetTokens.Length; j++)
            {
                int distance = TokenDistance(source, sourceTokens[i], target, targetTokens[j], scratch.Span);
                row[j] = T.CreateSaturating(distance);
                if (distance >= unfit)
                    status = KernelStatus.Range;
            }
        }

        return status;
    }

    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrices(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, int rows, int columns, Span<byte> cost)
    {
        int batch = Shapes.RequireMatrices(sourceTokens.Length, targetTokens.Length, rows, columns, cost.Length);
        var status = KernelStatus.Ok;
        for (int p = 0; p < batch; p++)
        {
            var block = Span2D<byte>.DangerousCreate(ref cost[p * rows * columns], rows, columns, 0);
            if (ComputeCostMatrix(source, sourceTokens.Slice(p * rows, rows), target, targetTokens.Slice(p * columns, columns), block) != KernelStatus.Ok)
                status = KernelStatus.Range;
        }

        return status;
    }

    /// <inheritdoc/>
    public void FindNearestTokens(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, Span<int> nearest, Span<int> distance)
    {
        Shapes.RequireResults(sourceTokens.Length, nearest.Length, distance.Length);
        NearestIndex index = NearestIndex.Of(target);
        using SpanOwner<int> scratch = SpanOwner<int>.Allocate(target.LongestToken + 1);
        for (int i = 0; i < sourceTokens.Length; i++)
            (nearest[i], distance[i]) = FindNearest(source, sourceTokens[i], target, index, scratch.Span);
    }

    /// <summary>Distance of two tokens as the contract defines it; <paramref name="row"/> is scratch for the target's symbols and one more.</summary>
    private static int TokenDistance(TokenTape source, int i, TokenTape target, int j, Span<int> row)
    {
        if (((source.RolesOf(i) | target.RolesOf(j)) & TokenRoles.Special) != 0)
            return TokenTape.SpecialsMatch(source, i, target, j) ? 0 : TokenTape.SpecialMismatch;
        return Levenshtein(source[i], target[j], int.MaxValue, row);
    }

    /// <summary>Levenshtein distance by one row of the table; gives up with <paramref name="limit"/> once no cell of a row is below it.</summary>
    private static int Levenshtein(ReadOnlySpan<int> a, ReadOnlySpan<int> b, int limit, Span<int> row)
    {
        row = row[..(b.Length + 1)];
        for (int j = 0; j < row.Length; j++)
            row[j] = j;
        for (int i = 0; i < a.Length; i++)
        {
            int symbol = a[i], diagonal = row[0], left = i + 1, lowest = left;
            row[0] = left;
            for (int j = 0; j < b.Length; j++)
            {
                int up = row[j + 1];
                left = EditDistanceStep.Cell(diagonal, up, left, symbol ^ b[j]);
                diagonal = up;
                row[j + 1] = left;
                lowest = Math.Min(lowest, left);
            }

            if (lowest >= limit)
                return limit;
        }

        return row[^1];
    }

    /// <summary>
    /// Exact search, length classes nearest first. A class whose length differs by d holds no distance under d; equal distances still compete by id, so a
    /// class is left out only when d is larger than the best.
    /// </summary>
    private static (int Token, int Distance) FindNearest(TokenTape source, int query, TokenTape target, NearestIndex index, Span<int> row)
    {
        TokenRoles roles = source.RolesOf(query);
        if ((roles & TokenRoles.Hole) != 0)
            return (VocabularyMap.None, 0);
        if ((roles & TokenRoles.Special) != 0)
        {
            foreach (int id in index.Specials)
            {
                if (TokenTape.SpecialsMatch(source, query, target, id))
                    return (id, 0);
            }

            return (VocabularyMap.None, 0);
        }

        ReadOnlySpan<int> symbols = source[query];
        int exact = index.FindExact(target, symbols);
        if (exact != VocabularyMap.None)
            return (exact, 0);
        (int Token, int Distance) best = (VocabularyMap.None, int.MaxValue);
        for (int gap = 0; gap <= best.Distance && gap <= Math.Max(symbols.Length, target.LongestToken); gap++)
        {
            SearchClass(symbols, target, index, symbols.Length - gap, row, ref best);
            if (gap > 0)
                SearchClass(symbols, target, index, symbols.Length + gap, row, ref best);
        }

        return best.Token == VocabularyMap.None ? (VocabularyMap.None, 0) : best;
    }

    /// <summary>Tokens of one length. Most are left out unread: they have too many symbols that the query lacks, or lack too many of its own.</summary>
    private static void SearchClass(
        ReadOnlySpan<int> symbols, TokenTape target, NearestIndex index, int length, Span<int> row, ref (int Token, int Distance) best)
    {
        ReadOnlySpan<int> ids = index.OfLength(length);
        ReadOnlySpan<ulong> symbolSets = index.SymbolSetsOfLength(length);
        ulong symbolSet = NearestIndex.SymbolSet(symbols);
        int gap = Math.Abs(symbols.Length - length);
        for (int i = 0; i < ids.Length; i++)
        {
            int id = ids[i];
            // A smaller id wins a tie, a larger one must be strictly better.
            bool winsTie = id < best.Token && best.Distance < int.MaxValue;
            if (!winsTie && gap >= best.Distance)
                return; // ids ascend, so nothing that follows can win either
            int limit = winsTie ? best.Distance + 1 : best.Distance;
            if (NearestIndex.LowerBound(symbolSet, symbolSets[i]) >= limit)
                continue;
            int distance = Levenshtein(symbols, target[id], limit, row);
            if (distance < limit)
                best = (id, distance);
        }
    }

    private static void RequireOnTape(TokenTape tape, ReadOnlySpan<int> tokens, string side)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)tape.Count)
                throw new ArgumentException($"The {side} id {token} lies off its tape of {tape.Count} tokens.");
        }
    }
}
