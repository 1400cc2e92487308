using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>What bit-sliced distances need of the tokens with slots and of the queries.</summary>
internal struct SlicedView
{
    /// <summary>[groups].</summary>
    public ArrayView<SlicedGroup> Groups;

    /// <summary>[groups, <see cref="ClassCount"/>] the group's number of a class, 0 where it has none.</summary>
    public ArrayView<int> Numbers;

    /// <summary>Classes, and one for what the alphabet lacks.</summary>
    public int ClassCount;

    /// <summary>[groups][symbol][position][lane] a bit per slot, and one row more.</summary>
    public ArrayView<uint> Masks;

    /// <summary>[groups, 32] symbols of the tokens of a word.</summary>
    public ArrayView<int> WordLengths;

    /// <summary>[quads, 4] classes of the queries' symbols.</summary>
    public ArrayView<int> QueryClasses;
}

/// <summary>Distances of one query to the 1,024 tokens of a group, 32 in each lane.</summary>
/// <remarks>
/// The tables have the token's symbols down and the query's to the right. A lane keeps the vertical differences of a column in registers, which needs the number of
/// rows known when it is compiled: a group is walked by the smallest of seven bodies that holds its longest token. Rows past a token's end are not counted.
/// </remarks>
internal static class SlicedWalk
{
    /// <summary>Most symbols of a query; distances are then below 255.</summary>
    public const int LongestQuery = 200;

    /// <summary>Rows of masks that a walk may read past those of a symbol.</summary>
    public const int RowsRead = LengthSort.LongestSliced;

    /// <summary>Whether a query is compared bit-sliced.</summary>
    public static bool Takes(TokenEntry query) => !query.IsSpecial && query.Length <= LongestQuery;

    /// <summary>One query beside one group; all lanes together.</summary>
    /// <param name="view">The groups and the classes.</param>
    /// <param name="number">The group's number.</param>
    /// <param name="query">The query.</param>
    /// <param name="length">Symbols of this lane's tokens.</param>
    /// <returns>Counts that exceed the distances by <c>length - query.Length</c>: the last column's differences, each plus 1.</returns>
    public static SlicedCount Counts(SlicedView view, int number, TokenEntry query, int length)
    {
        SlicedGroup group = view.Groups[number];
        long numbers = (long)number * view.ClassCount;
        if (group.Longest <= 4)
            return group.Longest <= 2 ? Rows2(view, group, numbers, query, length) : Rows4(view, group, numbers, query, length);
        if (group.Longest <= 8)
            return group.Longest <= 6 ? Rows6(view, group, numbers, query, length) : Rows8(view, group, numbers, query, length);
        if (group.Longest <= 12)
            return group.Longest <= 10 ? Rows10(view, group, numbers, query, length) : Rows12(view, group, numbers, query, length);
        return Rows16(view, group, numbers, query, length);
    }

    // Found one column ahead, so that two dependent loads are under way while a column is computed. Past the last column it is any row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FirstMaskRow(SlicedView view, SlicedGroup group, long numbers, TokenEntry query, int column) =>
        column < query.Length ? group.FirstRow + (view.Numbers[numbers + view.QueryClasses[(4L * query.Start) + column]] * group.Longest) : group.FirstRow;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ArrayView<uint> MasksOf(SlicedView view, int row) => view.Masks.SubView((32L * row) + Warp.LaneIdx, (32 * RowsRead) - 31);

    private static SlicedCount Rows2(SlicedView view, SlicedGroup group, long numbers, TokenEntry query, int length)
    {
        SlicedPair a = SlicedPair.First;
        int row = FirstMaskRow(view, group, numbers, query, 0);
        for (int column = 0; column < query.Length; column++)
        {
            ArrayView<uint> masks = MasksOf(view, row);
            row = FirstMaskRow(view, group, numbers, query, column + 1);
            uint m0 = masks[0], m1 = masks[32];
            a = a.Next(m0, m1, SlicedDifference.Rising);
        }

        return default(SlicedCount).Add(length - 0, a);
    }

    private static SlicedCount Rows4(SlicedView view, SlicedGroup group, long numbers, TokenEntry query, int length)
    {
        SlicedPair a = SlicedPair.First, b = SlicedPair.First;
        int row = FirstMaskRow(view, group, numbers, query, 0);
        for (int column = 0; column < query.Length; column++)
        {
            ArrayView<uint> masks = MasksOf(view, row);
            row = FirstMaskRow(view, group, numbers, query, column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96];
            a = a.Next(m0, m1, SlicedDifference.Rising);
            b = b.Next(m2, m3, a.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b);
    }

    private static SlicedCount Rows6(SlicedView view, SlicedGroup group, long numbers, TokenEntry query, int length)
    {
        SlicedPair a = SlicedPair.First, b = SlicedPair.First, c = SlicedPair.First;
        int row = FirstMaskRow(view, group, numbers, query, 0);
        for (int column = 0; column < query.Length; column++)
        {
            ArrayView<uint> masks = MasksOf(view, row);
            row = FirstMaskRow(view, group, numbers, query, column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96], m4 = masks[128], m5 = masks[160];
            a = a.Next(m0, m1, SlicedDifference.Rising);
            b = b.Next(m2, m3, a.Below);
            c = c.Next(m4, m5, b.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b).Add(length - 4, c);
    }

    private static SlicedCount Rows8(SlicedView view, SlicedGroup group, long numbers, TokenEntry query, int length)
    {
        SlicedPair a = SlicedPair.First, b = SlicedPair.First, c = SlicedPair.First, d = SlicedPair.First;
        int row = FirstMaskRow(view, group, numbers, query, 0);
        for (int column = 0; column < query.Length; column++)
        {
            ArrayView<uint> masks = MasksOf(view, row);
            row = FirstMaskRow(view, group, numbers, query, column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96],
                m4 = masks[128], m5 = masks[160], m6 = masks[192], m7 = masks[224];
            a = a.Next(m0, m1, SlicedDifference.Rising);
            b = b.Next(m2, m3, a.Below);
            c = c.Next(m4, m5, b.Below);
            d = d.Next(m6, m7, c.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b).Add(length - 4, c, d);
    }

    private static SlicedCount Rows10(SlicedView view, SlicedGroup group, long numbers, TokenEntry query, int length)
    {
        SlicedPair a = SlicedPair.First, b = SlicedPair.First, c = SlicedPair.First, d = SlicedPair.First, e = SlicedPair.First;
        int row = FirstMaskRow(view, group, numbers, query, 0);
        for (int column = 0; column < query.Length; column++)
        {
            ArrayView<uint> masks = MasksOf(view, row);
            row = FirstMaskRow(view, group, numbers, query, column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96], m4 = masks[128],
                m5 = masks[160], m6 = masks[192], m7 = masks[224], m8 = masks[256], m9 = masks[288];
            a = a.Next(m0, m1, SlicedDifference.Rising);
            b = b.Next(m2, m3, a.Below);
            c = c.Next(m4, m5, b.Below);
            d = d.Next(m6, m7, c.Below);
            e = e.Next(m8, m9, d.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b).Add(length - 4, c, d).Add(length - 8, e);
    }

    private static SlicedCount Rows12(SlicedView view, SlicedGroup group, long numbers, TokenEntry query, int length)
    {
        SlicedPair a = SlicedPair.First, b = SlicedPair.First, c = SlicedPair.First, d = SlicedPair.First, e = SlicedPair.First, f = SlicedPair.First;
        int row = FirstMaskRow(view, group, numbers, query, 0);
        for (int column = 0; column < query.Length; column++)
        {
            ArrayView<uint> masks = MasksOf(view, row);
            row = FirstMaskRow(view, group, numbers, query, column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96], m4 = masks[128], m5 = masks[160],
                m6 = masks[192], m7 = masks[224], m8 = masks[256], m9 = masks[288], m10 = masks[320], m11 = masks[352];
            a = a.Next(m0, m1, SlicedDifference.Rising);
            b = b.Next(m2, m3, a.Below);
            c = c.Next(m4, m5, b.Below);
            d = d.Next(m6, m7, c.Below);
            e = e.Next(m8, m9, d.Below);
            f = f.Next(m10, m11, e.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b).Add(length - 4, c, d).Add(length - 8, e, f);
    }

    private static SlicedCount Rows16(SlicedView view, SlicedGroup group, long numbers, TokenEntry query, int length)
    {
        SlicedPair a = SlicedPair.First, b = SlicedPair.First, c = SlicedPair.First, d = SlicedPair.First, e = SlicedPair.First, f = SlicedPair.First, g = SlicedPair.First, h = SlicedPair.First;
        int row = FirstMaskRow(view, group, numbers, query, 0);
        for (int column = 0; column < query.Length; column++)
        {
            ArrayView<uint> masks = MasksOf(view, row);
            row = FirstMaskRow(view, group, numbers, query, column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96], m4 = masks[128], m5 = masks[160], m6 = masks[192], m7 = masks[224],
                m8 = masks[256], m9 = masks[288], m10 = masks[320], m11 = masks[352], m12 = masks[384], m13 = masks[416], m14 = masks[448], m15 = masks[480];
            a = a.Next(m0, m1, SlicedDifference.Rising);
            b = b.Next(m2, m3, a.Below);
            c = c.Next(m4, m5, b.Below);
            d = d.Next(m6, m7, c.Below);
            e = e.Next(m8, m9, d.Below);
            f = f.Next(m10, m11, e.Below);
            g = g.Next(m12, m13, f.Below);
            h = h.Next(m14, m15, g.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b).Add(length - 4, c, d).Add(length - 8, e, f).Add(length - 12, g, h);
    }
}
