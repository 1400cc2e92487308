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

    /// <summary>Reads a vector that the lanes of a problem left in shared memory.</summary>
    static abstract TSelf Load(ArrayView<Pair> pairs, int first);

    /// <summary>Reads exp(−cost / ε) of a row or column.</summary>
    /// <param name="cost">All costs.</param>
    /// <param name="table">[256].</param>
    /// <param name="first">Its first cell.</param>
    /// <param name="stride">From cell to cell.</param>
    /// <param name="count">Cells in use.</param>
    static abstract TSelf Look(ArrayView<byte> cost, ArrayView<double> table, long first, int stride, int count);

    /// <summary>Σ x_j·y_j from left to right, as NumPy adds down a column and along a row below 8.</summary>
    static abstract double SumInOrder(in TSelf x, in TSelf y);

    /// <summary>Σ x_j·y_j in the order in which NumPy adds 8 to 15 contiguous values: a tree over the first eight, then the rest.</summary>
    static abstract double SumByEights(in TSelf x, in TSelf y);

    /// <summary>Writes x_j·y_j·scale for j below count.</summary>
    static abstract void Store(ArrayView<double> plan, long first, int count, in TSelf x, in TSelf y, double scale);
}

/// <summary>Up to 10 cells: five lanes, six problems in a warp.</summary>
internal struct TenCells : ICells<TenCells>
{
    private Pair _p0, _p1, _p2, _p3, _p4;

    /// <inheritdoc/>
    public static int Lanes => 5;

    /// <inheritdoc/>
    public static TenCells Load(ArrayView<Pair> pairs, int first)
    {
        TenCells cells = default;
        cells._p0 = pairs[first];
        cells._p1 = pairs[first + 1];
        cells._p2 = pairs[first + 2];
        cells._p3 = pairs[first + 3];
        cells._p4 = pairs[first + 4];
        return cells;
    }

    /// <inheritdoc/>
    public static TenCells Look(ArrayView<byte> cost, ArrayView<double> table, long first, int stride, int count)
    {
        TenCells cells = default;
        cells._p0 = SinkhornLook.Pair(cost, table, first, stride, count, 0);
        cells._p1 = SinkhornLook.Pair(cost, table, first, stride, count, 2);
        cells._p2 = SinkhornLook.Pair(cost, table, first, stride, count, 4);
        cells._p3 = SinkhornLook.Pair(cost, table, first, stride, count, 6);
        cells._p4 = SinkhornLook.Pair(cost, table, first, stride, count, 8);
        return cells;
    }

    /// <inheritdoc/>
    public static double SumInOrder(in TenCells x, in TenCells y)
    {
        double sum = (x._p0.First * y._p0.First) + (x._p0.Second * y._p0.Second);
        sum = sum + (x._p1.First * y._p1.First) + (x._p1.Second * y._p1.Second);
        sum = sum + (x._p2.First * y._p2.First) + (x._p2.Second * y._p2.Second);
        sum = sum + (x._p3.First * y._p3.First) + (x._p3.Second * y._p3.Second);
        return sum + (x._p4.First * y._p4.First) + (x._p4.Second * y._p4.Second);
    }

    /// <inheritdoc/>
    public static double SumByEights(in TenCells x, in TenCells y)
    {
        double s01 = (x._p0.First * y._p0.First) + (x._p0.Second * y._p0.Second), s23 = (x._p1.First * y._p1.First) + (x._p1.Second * y._p1.Second);
        double s45 = (x._p2.First * y._p2.First) + (x._p2.Second * y._p2.Second), s67 = (x._p3.First * y._p3.First) + (x._p3.Second * y._p3.Second);
        return ((s01 + s23) + (s45 + s67)) + (x._p4.First * y._p4.First) + (x._p4.Second * y._p4.Second);
    }

    /// <inheritdoc/>
    public static void Store(ArrayView<double> plan, long first, int count, in TenCells x, in TenCells y, double scale)
    {
        SinkhornLook.Store(plan, first, count, 0, x._p0, y._p0, scale);
        SinkhornLook.Store(plan, first, count, 2, x._p1, y._p1, scale);
        SinkhornLook.Store(plan, first, count, 4, x._p2, y._p2, scale);
        SinkhornLook.Store(plan, first, count, 6, x._p3, y._p3, scale);
        SinkhornLook.Store(plan, first, count, 8, x._p4, y._p4, scale);
    }
}

/// <summary>Up to 15 cells, the sixteenth 0: eight lanes, four problems in a warp.</summary>
internal struct FifteenCells : ICells<FifteenCells>
{
    private Pair _p0, _p1, _p2, _p3, _p4, _p5, _p6, _p7;

    /// <inheritdoc/>
    public static int Lanes => 8;

    /// <inheritdoc/>
    public static FifteenCells Load(ArrayView<Pair> pairs, int first)
    {
        FifteenCells cells = default;
        cells._p0 = pairs[first];
        cells._p1 = pairs[first + 1];
        cells._p2 = pairs[first + 2];
        cells._p3 = pairs[first + 3];
        cells._p4 = pairs[first + 4];
        cells._p5 = pairs[first + 5];
        cells._p6 = pairs[first + 6];
        cells._p7 = pairs[first + 7];
        return cells;
    }

    /// <inheritdoc/>
    public static FifteenCells Look(ArrayView<byte> cost, ArrayView<double> table, long first, int stride, int count)
    {
        FifteenCells cells = default;
        cells._p0 = SinkhornLook.Pair(cost, table, first, stride, count, 0);
        cells._p1 = SinkhornLook.Pair(cost, table, first, stride, count, 2);
        cells._p2 = SinkhornLook.Pair(cost, table, first, stride, count, 4);
        cells._p3 = SinkhornLook.Pair(cost, table, first, stride, count, 6);
        cells._p4 = SinkhornLook.Pair(cost, table, first, stride, count, 8);
        cells._p5 = SinkhornLook.Pair(cost, table, first, stride, count, 10);
        cells._p6 = SinkhornLook.Pair(cost, table, first, stride, count, 12);
        cells._p7 = SinkhornLook.Pair(cost, table, first, stride, count, 14);
        return cells;
    }

    /// <inheritdoc/>
    public static double SumInOrder(in FifteenCells x, in FifteenCells y)
    {
        double sum = (x._p0.First * y._p0.First) + (x._p0.Second * y._p0.Second);
        sum = sum + (x._p1.First * y._p1.First) + (x._p1.Second * y._p1.Second);
        sum = sum + (x._p2.First * y._p2.First) + (x._p2.Second * y._p2.Second);
        sum = sum + (x._p3.First * y._p3.First) + (x._p3.Second * y._p3.Second);
        return AddRest(sum, x, y);
    }

    /// <inheritdoc/>
    public static double SumByEights(in FifteenCells x, in FifteenCells y)
    {
        double s01 = (x._p0.First * y._p0.First) + (x._p0.Second * y._p0.Second), s23 = (x._p1.First * y._p1.First) + (x._p1.Second * y._p1.Second);
        double s45 = (x._p2.First * y._p2.First) + (x._p2.Second * y._p2.Second), s67 = (x._p3.First * y._p3.First) + (x._p3.Second * y._p3.Second);
        return AddRest((s01 + s23) + (s45 + s67), x, y);
    }

    /// <inheritdoc/>
    public static void Store(ArrayView<double> plan, long first, int count, in FifteenCells x, in FifteenCells y, double scale)
    {
        SinkhornLook.Store(plan, first, count, 0, x._p0, y._p0, scale);
        SinkhornLook.Store(plan, first, count, 2, x._p1, y._p1, scale);
        SinkhornLook.Store(plan, first, count, 4, x._p2, y._p2, scale);
        SinkhornLook.Store(plan, first, count, 6, x._p3, y._p3, scale);
        SinkhornLook.Store(plan, first, count, 8, x._p4, y._p4, scale);
        SinkhornLook.Store(plan, first, count, 10, x._p5, y._p5, scale);
        SinkhornLook.Store(plan, first, count, 12, x._p6, y._p6, scale);
        SinkhornLook.Store(plan, first, count, 14, x._p7, y._p7, scale);
    }

    private static double AddRest(double sum, in FifteenCells x, in FifteenCells y)
    {
        sum = sum + (x._p4.First * y._p4.First) + (x._p4.Second * y._p4.Second);
        sum = sum + (x._p5.First * y._p5.First) + (x._p5.Second * y._p5.Second);
        sum = sum + (x._p6.First * y._p6.First) + (x._p6.Second * y._p6.Second);
        return sum + (x._p7.First * y._p7.First);
    }
}

/// <summary>What all widths of cells share.</summary>
internal static class SinkhornLook
{
    /// <summary>Cells j and j + 1, 0 from count on.</summary>
    public static Pair Pair(ArrayView<byte> cost, ArrayView<double> table, long first, int stride, int count, int j)
    {
        Pair pair = default;
        if (j < count)
            pair.First = table[(int)cost[first + (j * stride)]];
        if (j + 1 < count)
            pair.Second = table[(int)cost[first + ((j + 1) * stride)]];
        return pair;
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
