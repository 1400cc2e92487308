using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Up to 15 cells, the sixteenth 0: eight lanes, four problems in a warp.</summary>
internal struct FifteenCells : ICells<FifteenCells>
{
    private Pair _p0, _p1, _p2, _p3, _p4, _p5, _p6, _p7;

    /// <inheritdoc/>
    public static int Lanes => 8;

    /// <inheritdoc/>
    public static int GroupOf(int lane) => lane >> 3;

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
    public static FifteenCells Look(ArrayView<byte> cost, ArrayView<double> table, long first, int count)
    {
        FifteenCells cells = default;
        cells._p0 = SinkhornLook.Pair(cost, table, first, count, 0);
        cells._p1 = SinkhornLook.Pair(cost, table, first, count, 2);
        cells._p2 = SinkhornLook.Pair(cost, table, first, count, 4);
        cells._p3 = SinkhornLook.Pair(cost, table, first, count, 6);
        cells._p4 = SinkhornLook.Pair(cost, table, first, count, 8);
        cells._p5 = SinkhornLook.Pair(cost, table, first, count, 10);
        cells._p6 = SinkhornLook.Pair(cost, table, first, count, 12);
        cells._p7 = SinkhornLook.Pair(cost, table, first, count, 14);
        return cells;
    }

    /// <inheritdoc/>
    public static int WholeSide => 0;

    /// <inheritdoc/>
    public static FifteenCells LookWhole(ArrayView<double> table, uint word0, uint word1, uint word2) => default;

    /// <inheritdoc/>
    public static void Put(ArrayView<Pair> pairs, int first, in FifteenCells cells)
    {
        pairs[first] = cells._p0;
        pairs[first + 1] = cells._p1;
        pairs[first + 2] = cells._p2;
        pairs[first + 3] = cells._p3;
        pairs[first + 4] = cells._p4;
        pairs[first + 5] = cells._p5;
        pairs[first + 6] = cells._p6;
        pairs[first + 7] = cells._p7;
    }

    /// <inheritdoc/>
    public static FifteenCells Even(ArrayView<Pair> pairs, int first)
    {
        FifteenCells cells = default;
        cells._p0.First = pairs[first].First;
        cells._p0.Second = pairs[first + 8].First;
        cells._p1.First = pairs[first + 16].First;
        cells._p1.Second = pairs[first + 24].First;
        cells._p2.First = pairs[first + 32].First;
        cells._p2.Second = pairs[first + 40].First;
        cells._p3.First = pairs[first + 48].First;
        cells._p3.Second = pairs[first + 56].First;
        cells._p4.First = pairs[first + 64].First;
        cells._p4.Second = pairs[first + 72].First;
        cells._p5.First = pairs[first + 80].First;
        cells._p5.Second = pairs[first + 88].First;
        cells._p6.First = pairs[first + 96].First;
        cells._p6.Second = pairs[first + 104].First;
        cells._p7.First = pairs[first + 112].First;
        cells._p7.Second = pairs[first + 120].First;
        return cells;
    }

    /// <inheritdoc/>
    public static FifteenCells Odd(ArrayView<Pair> pairs, int first)
    {
        FifteenCells cells = default;
        cells._p0.First = pairs[first].Second;
        cells._p0.Second = pairs[first + 8].Second;
        cells._p1.First = pairs[first + 16].Second;
        cells._p1.Second = pairs[first + 24].Second;
        cells._p2.First = pairs[first + 32].Second;
        cells._p2.Second = pairs[first + 40].Second;
        cells._p3.First = pairs[first + 48].Second;
        cells._p3.Second = pairs[first + 56].Second;
        cells._p4.First = pairs[first + 64].Second;
        cells._p4.Second = pairs[first + 72].Second;
        cells._p5.First = pairs[first + 80].Second;
        cells._p5.Second = pairs[first + 88].Second;
        cells._p6.First = pairs[first + 96].Second;
        cells._p6.Second = pairs[first + 104].Second;
        cells._p7.First = pairs[first + 112].Second;
        cells._p7.Second = pairs[first + 120].Second;
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

    /// <inheritdoc/>
    public static void StoreWhole(ArrayView<Pair> plan, long first, in FifteenCells x, in FifteenCells y, double scale)
    {
    }

    private static double AddRest(double sum, in FifteenCells x, in FifteenCells y)
    {
        sum = sum + (x._p4.First * y._p4.First) + (x._p4.Second * y._p4.Second);
        sum = sum + (x._p5.First * y._p5.First) + (x._p5.Second * y._p5.Second);
        sum = sum + (x._p6.First * y._p6.First) + (x._p6.Second * y._p6.Second);
        return sum + (x._p7.First * y._p7.First);
    }
}
