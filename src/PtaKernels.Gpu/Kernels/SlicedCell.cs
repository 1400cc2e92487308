using System.Runtime.CompilerServices;

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
    public static SlicedCell Of<TLogic>(uint equal, SlicedDifference left, SlicedDifference above)
        where TLogic : struct, ISlicedLogic
    {
        // Tables in which the cell equals its diagonal neighbour.
        uint level = TLogic.Any(equal, left.Negative, above.Negative);
        return new SlicedCell
        {
            Right = new SlicedDifference { Positive = TLogic.Rises(above.Negative, level, above.Positive), Negative = above.Positive & level },
            Below = new SlicedDifference { Positive = TLogic.Rises(left.Negative, level, left.Positive), Negative = left.Positive & level },
        };
    }

    /// <summary>The same in the first row, above which every difference is 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SlicedCell First<TLogic>(uint equal, SlicedDifference left)
        where TLogic : struct, ISlicedLogic
    {
        uint level = equal | left.Negative;
        return new SlicedCell
        {
            Right = new SlicedDifference { Negative = level },
            Below = new SlicedDifference { Positive = TLogic.Rises(left.Negative, level, left.Positive), Negative = left.Positive & level },
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
    public readonly SlicedCount Add(int rows, SlicedPair first, SlicedPair second)
    {
        SlicedSum low = SlicedSum.Of(Bit0, rows, first), high = SlicedSum.Of(low.One, rows - 2, second);
        uint four1 = Majority(Bit1, low.Two, low.AnotherTwo), bit1 = Bit1 ^ low.Two ^ low.AnotherTwo;
        uint four2 = Majority(bit1, high.Two, high.AnotherTwo);
        return WithFours(high.One, bit1 ^ high.Two ^ high.AnotherTwo, four1, four2);
    }

    /// <summary>The same for two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly SlicedCount Add(int rows, SlicedPair pair)
    {
        SlicedSum sum = SlicedSum.Of(Bit0, rows, pair);
        return WithFours(sum.One, Bit1 ^ sum.Two ^ sum.AnotherTwo, Majority(Bit1, sum.Two, sum.AnotherTwo), 0);
    }

    /// <summary>The counts of the tables k, k + 8, k + 16 and k + 24, a byte each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Bytes(int k) =>
        ((Bit0 >> k) & 0x01010101) | (((Bit1 >> k) & 0x01010101) << 1) | (((Bit2 >> k) & 0x01010101) << 2)
        | (((Bit3 >> k) & 0x01010101) << 3) | (((Bit4 >> k) & 0x01010101) << 4) | (((Bit5 >> k) & 0x01010101) << 5);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly SlicedCount WithFours(uint bit0, uint bit1, uint four1, uint four2)
    {
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

    /// <summary>Where at least two of three bits are set: the carry of a full adder.</summary>
    internal static uint Majority(uint x, uint y, uint z) => (x & y) | (z & (x | y));
}

/// <summary>Two rows of 32 tables: the vertical differences of a column.</summary>
internal struct SlicedPair
{
    /// <summary>The upper row.</summary>
    public SlicedDifference Upper;

    /// <summary>The lower row.</summary>
    public SlicedDifference Lower;

    /// <summary>Horizontal differences below the lower row, between the column before and this one.</summary>
    public SlicedDifference Below;

    /// <summary>The column before the first.</summary>
    public static SlicedPair Start => new() { Upper = SlicedDifference.Rising, Lower = SlicedDifference.Rising };

    /// <summary>The next column.</summary>
    /// <param name="upper">Equal symbols in the upper row.</param>
    /// <param name="lower">Equal symbols in the lower row.</param>
    /// <param name="above">Horizontal differences above the upper row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly SlicedPair Next<TLogic>(uint upper, uint lower, SlicedDifference above)
        where TLogic : struct, ISlicedLogic
    {
        SlicedCell first = SlicedCell.Of<TLogic>(upper, Upper, above), second = SlicedCell.Of<TLogic>(lower, Lower, first.Below);
        return new SlicedPair { Upper = first.Right, Lower = second.Right, Below = second.Below };
    }

    /// <summary>The same for the first two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly SlicedPair NextOfFirst<TLogic>(uint upper, uint lower)
        where TLogic : struct, ISlicedLogic
    {
        SlicedCell first = SlicedCell.First<TLogic>(upper, Upper), second = SlicedCell.Of<TLogic>(lower, Lower, first.Below);
        return new SlicedPair { Upper = first.Right, Lower = second.Right, Below = second.Below };
    }
}

/// <summary>Five bits of 32 tables added: what stays and two carries.</summary>
internal struct SlicedSum
{
    /// <summary>Bit 0 of the sum.</summary>
    public uint One;

    /// <summary>A carry.</summary>
    public uint Two;

    /// <summary>Another carry.</summary>
    public uint AnotherTwo;

    /// <summary>A bit and, for each counted row of two, 1 + its difference as two bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SlicedSum Of(uint bit, int rows, SlicedPair pair)
    {
        uint upper = rows > 0 ? uint.MaxValue : 0, lower = rows > 1 ? uint.MaxValue : 0;
        uint a = pair.Upper.Positive & upper, b = upper & ~pair.Upper.Negative, c = pair.Lower.Positive & lower, d = lower & ~pair.Lower.Negative;
        uint afterUpper = bit ^ a ^ b;
        return new SlicedSum { One = afterUpper ^ c ^ d, Two = SlicedCount.Majority(bit, a, b), AnotherTwo = SlicedCount.Majority(afterUpper, c, d) };
    }
}
