using System.Runtime.InteropServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Two neighbouring values: one 16-byte access.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct Pair
{
    /// <summary>The value of the even index.</summary>
    public double First;

    /// <summary>The value of the odd index.</summary>
    public double Second;
}

/// <summary>A row or column of a small matrix in registers, padded with zeros.</summary>
/// <typeparam name="TSelf">The implementing struct.</typeparam>
internal interface ICells<TSelf>
    where TSelf : struct, ICells<TSelf>
{
    /// <summary>Lanes of a problem; each has two rows and two columns, so twice as many are the most that fit.</summary>
    static abstract int Lanes { get; }

    /// <summary>lane / <see cref="Lanes"/> for lanes 0..31: a division would be done again in every iteration, to save a register.</summary>
    static abstract int GroupOf(int lane);

    /// <summary>Reads a vector that the lanes of a problem left in shared memory.</summary>
    static abstract TSelf Load(ArrayView<Pair> pairs, int first);

    /// <summary>Reads exp(−cost / ε) of a row.</summary>
    /// <param name="cost">All costs.</param>
    /// <param name="table">[256].</param>
    /// <param name="first">Its first cell.</param>
    /// <param name="count">Cells in use.</param>
    static abstract TSelf Look(ArrayView<byte> cost, ArrayView<double> table, long first, int count);

    /// <summary>The side at which rows fill the cells and <see cref="LookWhole"/> works, or 0.</summary>
    static abstract int WholeSide { get; }

    /// <summary>The same for a row whose costs stand in words, lowest byte first.</summary>
    static abstract TSelf LookWhole(ArrayView<double> table, uint word0, uint word1, uint word2);

    /// <summary>Leaves a row in shared memory.</summary>
    static abstract void Put(ArrayView<Pair> pairs, int first, in TSelf cells);

    /// <summary>Reads the column of the first values of pairs that stand a row apart.</summary>
    static abstract TSelf Even(ArrayView<Pair> pairs, int first);

    /// <summary>Reads the column of the second values of pairs that stand a row apart.</summary>
    static abstract TSelf Odd(ArrayView<Pair> pairs, int first);

    /// <summary>Σ x_j·y_j from left to right, as NumPy adds down a column and along a row below 8.</summary>
    static abstract double SumInOrder(in TSelf x, in TSelf y);

    /// <summary>Σ x_j·y_j in the order in which NumPy adds 8 to 15 contiguous values: a tree over the first eight, then the rest.</summary>
    static abstract double SumByEights(in TSelf x, in TSelf y);

    /// <summary>Writes x_j·y_j·scale for j below count.</summary>
    static abstract void Store(ArrayView<double> plan, long first, int count, in TSelf x, in TSelf y, double scale);

    /// <summary>The same for all <see cref="WholeSide"/> of them, first being a count of pairs.</summary>
    static abstract void StoreWhole(ArrayView<Pair> plan, long first, in TSelf x, in TSelf y, double scale);
}

/// <summary>What all widths of cells share.</summary>
internal static class SinkhornLook
{
    /// <summary>Cells j and j + 1, 0 from count on.</summary>
    public static Pair Pair(ArrayView<byte> cost, ArrayView<double> table, long first, int count, int j)
    {
        Pair pair = default;
        if (j < count)
            pair.First = table[(int)cost[first + j]];
        if (j + 1 < count)
            pair.Second = table[(int)cost[first + j + 1]];
        return pair;
    }

    /// <summary>x·y·scale.</summary>
    public static Pair Product(Pair x, Pair y, double scale)
    {
        Pair product = default;
        product.First = x.First * y.First * scale;
        product.Second = x.Second * y.Second * scale;
        return product;
    }

    /// <summary>Entries j and j + 1 of a row of the plan.</summary>
    public static void Store(ArrayView<double> plan, long first, int count, int j, Pair x, Pair y, double scale)
    {
        if (j < count)
            plan[first + j] = x.First * y.First * scale;
        if (j + 1 < count)
            plan[first + j + 1] = x.Second * y.Second * scale;
    }
}
