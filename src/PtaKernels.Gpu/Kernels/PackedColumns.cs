using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;

namespace PtaKernels.Gpu;

/// <summary>Vertical differences of several tokens' tables at one column, each token's rows in a field of its own of one word.</summary>
internal struct PackedDifferences
{
    /// <summary>Rows whose value is one more than the value above; 0 in the last bit of a field that has a neighbour.</summary>
    public uint Positive;

    /// <summary>Rows whose value is one less.</summary>
    public uint Negative;

    /// <summary>The next column; row 0 grows by 1. Bits past a token's rows are of no meaning and never reach the rows: carries and shifts go upwards.</summary>
    /// <param name="equal">Rows whose symbol is the column's.</param>
    /// <param name="lows">The first bit of each field.</param>
    /// <param name="body">All bits but the last of each field that has a neighbour: there the sum's carry ends.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly PackedDifferences Next(uint equal, uint lows, uint body)
    {
        uint sum = (((equal & Positive) + Positive) ^ Positive) | equal, diagonal = sum | Negative;
        uint right = ((Negative | ~(sum | Positive)) << 1) | lows, left = (Positive & sum) << 1;
        return new PackedDifferences { Positive = (left & body) | (~(diagonal | right) & body), Negative = right & diagonal };
    }
}

/// <summary>A lane's columns: one, two or four tokens in the bits of a word.</summary>
internal struct PackedColumns
{
    /// <summary>The tokens' rows.</summary>
    public uint Rows;

    /// <summary>See <see cref="PackedDifferences.Next"/>.</summary>
    public uint Lows;

    /// <inheritdoc cref="Lows"/>
    public uint Body;

    private uint _lengths;
    private int _c0;
    private int _c1;
    private int _c2;
    private int _c3;

    /// <summary>Columns <c>lane</c>, <c>lane + 32</c> and so on of a tile.</summary>
    /// <param name="target">Their tape.</param>
    /// <param name="order">Columns of the tile.</param>
    /// <param name="ids">Ids of the table's columns.</param>
    /// <param name="shift">Logarithm of a field's bits, 3 to 5; 0 gives no columns.</param>
    public static PackedColumns Load(TapeView target, ArrayView<int> order, ArrayView<int> ids, int shift)
    {
        var columns = new PackedColumns
        {
            Lows = shift == 3 ? 0x01010101u : shift == 4 ? 0x00010001u : 1,
            Body = shift == 3 ? 0x7F7F7F7Fu : shift == 4 ? 0x7FFF7FFFu : uint.MaxValue,
        };
        int lane = Warp.LaneIdx;
        columns._c0 = shift == 0 ? -1 : ColumnAt(order, lane);
        columns._c1 = shift is 3 or 4 ? ColumnAt(order, lane + 32) : -1;
        columns._c2 = shift == 3 ? ColumnAt(order, lane + 64) : -1;
        columns._c3 = shift == 3 ? ColumnAt(order, lane + 96) : -1;
        uint l0 = LengthOf(target, ids, columns._c0), l1 = LengthOf(target, ids, columns._c1), l2 = LengthOf(target, ids, columns._c2), l3 = LengthOf(target, ids, columns._c3);
        // ILGPU moves arithmetic down to its use, here into the loop over rows; what a lane gets from itself it leaves where it is.
        columns._lengths = Warp.Shuffle(l0 | (l1 << 8) | (l2 << 16) | (l3 << 24), lane);
        columns.Rows = Warp.Shuffle(RowsOf(l0) | (RowsOf(l1) << (shift == 4 ? 16 : 8)) | (RowsOf(l2) << 16) | (RowsOf(l3) << 24), lane);
        return columns;
    }

    /// <summary>Stores the distances of a row, each at its column.</summary>
    /// <param name="last">The differences at the row's last symbol.</param>
    /// <param name="length">Its symbols.</param>
    /// <param name="shift">As in <see cref="Load"/>.</param>
    /// <param name="cost">The row.</param>
    public readonly void Store(PackedDifferences last, int length, int shift, ArrayView<byte> cost)
    {
        uint more = last.Positive & Rows, less = last.Negative & Rows, distances;
        if (shift == 3)
        {
            // Per byte the result is a distance, 0 to 254, so whatever is borrowed on the way is given back.
            distances = ((uint)length * 0x01010101u) - _lengths + CountOfBytes(more, Rows & ~less);
        }
        else
        {
            uint first = shift == 4 ? 0xFFFFu : uint.MaxValue;
            distances = (uint)(length + XMath.PopCount(more & first) - XMath.PopCount(less & first));
            distances |= (uint)(length + XMath.PopCount(more & ~first) - XMath.PopCount(less & ~first)) << 8;
        }

        if (_c0 >= 0)
            cost[_c0] = (byte)distances;
        if (_c1 >= 0)
            cost[_c1] = (byte)(distances >> 8);
        if (_c2 >= 0)
            cost[_c2] = (byte)(distances >> 16);
        if (_c3 >= 0)
            cost[_c3] = (byte)(distances >> 24);
    }

    /// <summary>In each byte the number of bits of both words, up to 16.</summary>
    private static uint CountOfBytes(uint a, uint b)
    {
        a -= (a >> 1) & 0x55555555;
        b -= (b >> 1) & 0x55555555;
        uint fours = (a & 0x33333333) + ((a >> 2) & 0x33333333) + (b & 0x33333333) + ((b >> 2) & 0x33333333);
        return (fours & 0x0F0F0F0F) + ((fours >> 4) & 0x0F0F0F0F);
    }

    private static int ColumnAt(ArrayView<int> order, int at) => at < order.Length ? order[at] : -1;

    private static uint LengthOf(TapeView target, ArrayView<int> ids, int column) => column < 0 ? 0 : (uint)target.Tokens[ids[column]].Length;

    private static uint RowsOf(uint length) => (uint)((1UL << (int)length) - 1);
}
