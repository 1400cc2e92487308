using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Differences of -1, 0 or 1 between neighbouring values of 32 tables, a bit each.</summary>
internal struct SlicedDifference
{
    /// <summary>Where it is +1.</summary>
    public uint Positive;

    /// <summary>Where it is -1.</summary>
    public uint Negative;

    /// <summary>+1 in every table, as along the first row and column.</summary>
    public static SlicedDifference Rising => new() { Positive = uint.MaxValue };
}

/// <summary>One cell of 32 tables: the differences that leave it.</summary>
internal struct SlicedCell
{
    /// <summary>Between the cell and the one above it, to be used by the next column.</summary>
    public SlicedDifference Right;

    /// <summary>Between the cell and the one left of it, to be used by the next row.</summary>
    public SlicedDifference Below;

    /// <summary>Five operations of three inputs: the boolean form of D = min(diagonal + different, up + 1, left + 1).</summary>
    /// <param name="equal">Tables whose two symbols are equal here.</param>
    /// <param name="left">Vertical differences of the column before.</param>
    /// <param name="above">Horizontal differences of the row above.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SlicedCell Of(uint equal, SlicedDifference left, SlicedDifference above)
    {
        // Tables in which the cell equals its diagonal neighbour.
        uint level = equal | left.Negative | above.Negative;
        return new SlicedCell
        {
            Right = new SlicedDifference { Positive = above.Negative | ~(level | above.Positive), Negative = above.Positive & level },
            Below = new SlicedDifference { Positive = left.Negative | ~(level | left.Positive), Negative = left.Positive & level },
        };
    }
}

/// <summary>32 counts of 0 to 32, bit b of all of them in one word.</summary>
internal struct SlicedCount
{
    /// <summary>Bit 0.</summary>
    public uint Bit0;

    /// <summary>Bit 1.</summary>
    public uint Bit1;

    /// <summary>Bit 2.</summary>
    public uint Bit2;

    /// <summary>Bit 3.</summary>
    public uint Bit3;

    /// <summary>Bit 4.</summary>
    public uint Bit4;

    /// <summary>Bit 5.</summary>
    public uint Bit5;

    /// <summary>Adds 1 + d for the differences d of the first <paramref name="rows"/> of four rows, by a tree of full adders.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly SlicedCount Add(int rows, SlicedDifference a, SlicedDifference b, SlicedDifference c, SlicedDifference d)
    {
        uint inA = rows > 0 ? uint.MaxValue : 0, inB = rows > 1 ? uint.MaxValue : 0, inC = rows > 2 ? uint.MaxValue : 0, inD = rows > 3 ? uint.MaxValue : 0;
        uint a1 = a.Positive & inA, a2 = inA & ~a.Negative, b1 = b.Positive & inB, b2 = inB & ~b.Negative;
        uint c1 = c.Positive & inC, c2 = inC & ~c.Negative, d1 = d.Positive & inD, d2 = inD & ~d.Negative;
        uint bit0 = Bit0, bit1 = Bit1;
        uint two1 = Majority(bit0, a1, a2);
        bit0 ^= a1 ^ a2;
        uint two2 = Majority(bit0, b1, b2);
        bit0 ^= b1 ^ b2;
        uint two3 = Majority(bit0, c1, c2);
        bit0 ^= c1 ^ c2;
        uint two4 = Majority(bit0, d1, d2);
        bit0 ^= d1 ^ d2;
        uint four1 = Majority(bit1, two1, two2);
        bit1 ^= two1 ^ two2;
        uint four2 = Majority(bit1, two3, two4);
        bit1 ^= two3 ^ two4;
        uint eight = Majority(Bit2, four1, four2);
        return new SlicedCount
        {
            Bit0 = bit0,
            Bit1 = bit1,
            Bit2 = Bit2 ^ four1 ^ four2,
            Bit3 = Bit3 ^ eight,
            Bit4 = Bit4 ^ (Bit3 & eight),
            Bit5 = Bit5 ^ (Bit4 & Bit3 & eight),
        };
    }

    /// <summary>The counts of the tables k, k + 8, k + 16 and k + 24, a byte each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Bytes(int k) =>
        ((Bit0 >> k) & 0x01010101) | (((Bit1 >> k) & 0x01010101) << 1) | (((Bit2 >> k) & 0x01010101) << 2)
        | (((Bit3 >> k) & 0x01010101) << 3) | (((Bit4 >> k) & 0x01010101) << 4) | (((Bit5 >> k) & 0x01010101) << 5);

    private static uint Majority(uint x, uint y, uint z) => (x & y) | (z & (x | y));
}

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
internal static class SlicedWalk
{
    /// <summary>Most symbols of a query; distances are then below 255.</summary>
    public const int LongestQuery = 200;

    /// <summary>Whether a query is compared bit-sliced.</summary>
    public static bool Takes(TokenEntry query) => !query.IsSpecial && query.Length <= LongestQuery;

    /// <summary>The tables of one query: token symbols down, query symbols to the right; all lanes together.</summary>
    /// <param name="view">The groups and the classes.</param>
    /// <param name="group">The group's number.</param>
    /// <param name="query">The query.</param>
    /// <param name="length">Symbols of this lane's tokens.</param>
    /// <returns>Counts that exceed the distances by <c>length - query.Length</c>: the last column's differences, each plus 1.</returns>
    public static SlicedCount Counts(SlicedView view, int group, TokenEntry query, int length)
    {
        SlicedGroup described = view.Groups[group];
        return Counts(view, described, (long)group * view.ClassCount, query, length);
    }

    // Four rows beyond the longest token may be computed; what they hold is not counted.
    private static SlicedCount Counts(SlicedView view, SlicedGroup group, long numbers, TokenEntry query, int length)
    {
        SlicedDifference row0 = SlicedDifference.Rising, row1 = SlicedDifference.Rising, row2 = SlicedDifference.Rising, row3 = SlicedDifference.Rising;
        SlicedDifference row4 = SlicedDifference.Rising, row5 = SlicedDifference.Rising, row6 = SlicedDifference.Rising, row7 = SlicedDifference.Rising;
        SlicedDifference row8 = SlicedDifference.Rising, row9 = SlicedDifference.Rising, row10 = SlicedDifference.Rising, row11 = SlicedDifference.Rising;
        SlicedDifference row12 = SlicedDifference.Rising, row13 = SlicedDifference.Rising, row14 = SlicedDifference.Rising, row15 = SlicedDifference.Rising;
        ArrayView<int> classes = view.QueryClasses.SubView(4L * query.Start, query.Length);
        for (int column = 0; column < query.Length; column++)
        {
            int row = group.FirstRow + (view.Numbers[numbers + classes[column]] * group.Longest);
            ArrayView<uint> masks = view.Masks.SubView((32L * row) + Warp.LaneIdx, (32 * LengthSort.LongestSliced) - 31);
            SlicedCell cell = SlicedCell.Of(masks[0], row0, SlicedDifference.Rising);
            row0 = cell.Right;
            cell = SlicedCell.Of(masks[32], row1, cell.Below);
            row1 = cell.Right;
            if (group.Longest > 2)
            {
                cell = SlicedCell.Of(masks[64], row2, cell.Below);
                row2 = cell.Right;
                cell = SlicedCell.Of(masks[96], row3, cell.Below);
                row3 = cell.Right;
                if (group.Longest > 4)
                {
                    cell = SlicedCell.Of(masks[128], row4, cell.Below);
                    row4 = cell.Right;
                    cell = SlicedCell.Of(masks[160], row5, cell.Below);
                    row5 = cell.Right;
                    if (group.Longest > 6)
                    {
                        cell = SlicedCell.Of(masks[192], row6, cell.Below);
                        row6 = cell.Right;
                        cell = SlicedCell.Of(masks[224], row7, cell.Below);
                        row7 = cell.Right;
                        if (group.Longest > 8)
                        {
                            cell = SlicedCell.Of(masks[256], row8, cell.Below);
                            row8 = cell.Right;
                            cell = SlicedCell.Of(masks[288], row9, cell.Below);
                            row9 = cell.Right;
                            if (group.Longest > 10)
                            {
                                cell = SlicedCell.Of(masks[320], row10, cell.Below);
                                row10 = cell.Right;
                                cell = SlicedCell.Of(masks[352], row11, cell.Below);
                                row11 = cell.Right;
                                if (group.Longest > 12)
                                {
                                    cell = SlicedCell.Of(masks[384], row12, cell.Below);
                                    row12 = cell.Right;
                                    cell = SlicedCell.Of(masks[416], row13, cell.Below);
                                    row13 = cell.Right;
                                    if (group.Longest > 14)
                                    {
                                        cell = SlicedCell.Of(masks[448], row14, cell.Below);
                                        row14 = cell.Right;
                                        cell = SlicedCell.Of(masks[480], row15, cell.Below);
                                        row15 = cell.Right;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }

        SlicedCount count = default(SlicedCount).Add(length, row0, row1, row2, row3);
        if (group.Longest > 4)
            count = count.Add(length - 4, row4, row5, row6, row7);
        if (group.Longest > 8)
            count = count.Add(length - 8, row8, row9, row10, row11);
        if (group.Longest > 12)
            count = count.Add(length - 12, row12, row13, row14, row15);
        return count;
    }
}
