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
    /// <typeparam name="TLogic">How a cell is computed; the result is the same.</typeparam>
    /// <param name="view">The groups and the classes.</param>
    /// <param name="number">The group's number.</param>
    /// <param name="query">The query.</param>
    /// <param name="length">Symbols of this lane's tokens.</param>
    /// <returns>Counts that exceed the distances by <c>length - query.Length</c>: the last column's differences, each plus 1.</returns>
    public static SlicedCount Counts<TLogic>(SlicedView view, int number, TokenEntry query, int length)
        where TLogic : struct, ISlicedLogic
    {
        SlicedGroup group = view.Groups[number];
        long firstWord = 32L * group.FirstRow;
        var columns = new Columns
        {
            Masks = view.Masks.SubView(firstWord + Warp.LaneIdx, view.Masks.Length - firstWord - Warp.LaneIdx),
            Numbers = view.Numbers.SubView((long)number * view.ClassCount, view.ClassCount),
            Classes = view.QueryClasses.SubView(4L * query.Start, query.Length),
            Count = query.Length,
            Stride = 32 * group.Longest,
        };
        if (group.Longest <= 4)
            return group.Longest <= 2 ? Rows2<TLogic>(columns, length) : Rows4<TLogic>(columns, length);
        if (group.Longest <= 8)
            return group.Longest <= 6 ? Rows6<TLogic>(columns, length) : Rows8<TLogic>(columns, length);
        if (group.Longest <= 12)
            return group.Longest <= 10 ? Rows10<TLogic>(columns, length) : Rows12<TLogic>(columns, length);
        return Rows16<TLogic>(columns, length);
    }

    private static SlicedCount Rows2<TLogic>(Columns columns, int length)
        where TLogic : struct, ISlicedLogic
    {
        SlicedPair a = SlicedPair.Start;
        int next = columns.MasksOf(0);
        for (int column = 0; column < columns.Count; column++)
        {
            ArrayView<uint> masks = columns.Masks.SubView(next, (32 * RowsRead) - 31);
            next = columns.MasksOf(column + 1);
            uint m0 = masks[0], m1 = masks[32];
            a = a.NextOfFirst<TLogic>(m0, m1);
        }

        return default(SlicedCount).Add(length - 0, a);
    }

    private static SlicedCount Rows4<TLogic>(Columns columns, int length)
        where TLogic : struct, ISlicedLogic
    {
        SlicedPair a = SlicedPair.Start, b = SlicedPair.Start;
        int next = columns.MasksOf(0);
        for (int column = 0; column < columns.Count; column++)
        {
            ArrayView<uint> masks = columns.Masks.SubView(next, (32 * RowsRead) - 31);
            next = columns.MasksOf(column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96];
            a = a.NextOfFirst<TLogic>(m0, m1);
            b = b.Next<TLogic>(m2, m3, a.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b);
    }

    private static SlicedCount Rows6<TLogic>(Columns columns, int length)
        where TLogic : struct, ISlicedLogic
    {
        SlicedPair a = SlicedPair.Start, b = SlicedPair.Start, c = SlicedPair.Start;
        int next = columns.MasksOf(0);
        for (int column = 0; column < columns.Count; column++)
        {
            ArrayView<uint> masks = columns.Masks.SubView(next, (32 * RowsRead) - 31);
            next = columns.MasksOf(column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96], m4 = masks[128], m5 = masks[160];
            a = a.NextOfFirst<TLogic>(m0, m1);
            b = b.Next<TLogic>(m2, m3, a.Below);
            c = c.Next<TLogic>(m4, m5, b.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b).Add(length - 4, c);
    }

    private static SlicedCount Rows8<TLogic>(Columns columns, int length)
        where TLogic : struct, ISlicedLogic
    {
        SlicedPair a = SlicedPair.Start, b = SlicedPair.Start, c = SlicedPair.Start, d = SlicedPair.Start;
        int next = columns.MasksOf(0);
        for (int column = 0; column < columns.Count; column++)
        {
            ArrayView<uint> masks = columns.Masks.SubView(next, (32 * RowsRead) - 31);
            next = columns.MasksOf(column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96],
                m4 = masks[128], m5 = masks[160], m6 = masks[192], m7 = masks[224];
            a = a.NextOfFirst<TLogic>(m0, m1);
            b = b.Next<TLogic>(m2, m3, a.Below);
            c = c.Next<TLogic>(m4, m5, b.Below);
            d = d.Next<TLogic>(m6, m7, c.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b).Add(length - 4, c, d);
    }

    private static SlicedCount Rows10<TLogic>(Columns columns, int length)
        where TLogic : struct, ISlicedLogic
    {
        SlicedPair a = SlicedPair.Start, b = SlicedPair.Start, c = SlicedPair.Start, d = SlicedPair.Start, e = SlicedPair.Start;
        int next = columns.MasksOf(0);
        for (int column = 0; column < columns.Count; column++)
        {
            ArrayView<uint> masks = columns.Masks.SubView(next, (32 * RowsRead) - 31);
            next = columns.MasksOf(column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96], m4 = masks[128],
                m5 = masks[160], m6 = masks[192], m7 = masks[224], m8 = masks[256], m9 = masks[288];
            a = a.NextOfFirst<TLogic>(m0, m1);
            b = b.Next<TLogic>(m2, m3, a.Below);
            c = c.Next<TLogic>(m4, m5, b.Below);
            d = d.Next<TLogic>(m6, m7, c.Below);
            e = e.Next<TLogic>(m8, m9, d.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b).Add(length - 4, c, d).Add(length - 8, e);
    }

    private static SlicedCount Rows12<TLogic>(Columns columns, int length)
        where TLogic : struct, ISlicedLogic
    {
        SlicedPair a = SlicedPair.Start, b = SlicedPair.Start, c = SlicedPair.Start, d = SlicedPair.Start, e = SlicedPair.Start, f = SlicedPair.Start;
        int next = columns.MasksOf(0);
        for (int column = 0; column < columns.Count; column++)
        {
            ArrayView<uint> masks = columns.Masks.SubView(next, (32 * RowsRead) - 31);
            next = columns.MasksOf(column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96], m4 = masks[128], m5 = masks[160],
                m6 = masks[192], m7 = masks[224], m8 = masks[256], m9 = masks[288], m10 = masks[320], m11 = masks[352];
            a = a.NextOfFirst<TLogic>(m0, m1);
            b = b.Next<TLogic>(m2, m3, a.Below);
            c = c.Next<TLogic>(m4, m5, b.Below);
            d = d.Next<TLogic>(m6, m7, c.Below);
            e = e.Next<TLogic>(m8, m9, d.Below);
            f = f.Next<TLogic>(m10, m11, e.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b).Add(length - 4, c, d).Add(length - 8, e, f);
    }

    private static SlicedCount Rows16<TLogic>(Columns columns, int length)
        where TLogic : struct, ISlicedLogic
    {
        SlicedPair a = SlicedPair.Start, b = SlicedPair.Start, c = SlicedPair.Start, d = SlicedPair.Start, e = SlicedPair.Start, f = SlicedPair.Start, g = SlicedPair.Start, h = SlicedPair.Start;
        int next = columns.MasksOf(0);
        for (int column = 0; column < columns.Count; column++)
        {
            ArrayView<uint> masks = columns.Masks.SubView(next, (32 * RowsRead) - 31);
            next = columns.MasksOf(column + 1);
            uint m0 = masks[0], m1 = masks[32], m2 = masks[64], m3 = masks[96], m4 = masks[128], m5 = masks[160], m6 = masks[192], m7 = masks[224],
                m8 = masks[256], m9 = masks[288], m10 = masks[320], m11 = masks[352], m12 = masks[384], m13 = masks[416], m14 = masks[448], m15 = masks[480];
            a = a.NextOfFirst<TLogic>(m0, m1);
            b = b.Next<TLogic>(m2, m3, a.Below);
            c = c.Next<TLogic>(m4, m5, b.Below);
            d = d.Next<TLogic>(m6, m7, c.Below);
            e = e.Next<TLogic>(m8, m9, d.Below);
            f = f.Next<TLogic>(m10, m11, e.Below);
            g = g.Next<TLogic>(m12, m13, f.Below);
            h = h.Next<TLogic>(m14, m15, g.Below);
        }

        return default(SlicedCount).Add(length - 0, a, b).Add(length - 4, c, d).Add(length - 8, e, f).Add(length - 12, g, h);
    }

    /// <summary>A query's symbols beside a group.</summary>
    private struct Columns
    {
        /// <summary>The group's masks, from this lane's word.</summary>
        public ArrayView<uint> Masks;

        /// <summary>[classes] the group's number of each.</summary>
        public ArrayView<int> Numbers;

        /// <summary>[count] class of each symbol.</summary>
        public ArrayView<int> Classes;

        /// <summary>Symbols of the query.</summary>
        public int Count;

        /// <summary>Words of masks for each symbol.</summary>
        public int Stride;

        /// <summary>Where the masks of a column are. It is asked a column ahead, so that two dependent loads are under way while one is computed.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly int MasksOf(int column) => column < Count ? Numbers[Classes[column]] * Stride : 0;
    }
}
