using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Up to 10 cells: five lanes, six problems in a warp.</summary>
internal struct TenCells : ICells<TenCells>
{
    private Pair _p0, _p1, _p2, _p3, _p4;

    /// <inheritdoc/>
    public static int Lanes => 5;

    /// <inheritdoc/>
    public static int GroupOf(int lane) => lane * 13 >> 6;

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
    public static TenCells Look(ArrayView<byte> cost, ArrayView<double> table, long first, int count)
    {
        TenCells cells = default;
        cells._p0 = SinkhornLook.Pair(cost, table, first, count, 0);
        cells._p1 = SinkhornLook.Pair(cost, table, first, count, 2);
        cells._p2 = SinkhornLook.Pair(cost, table, first, count, 4);
        cells._p3 = SinkhornLook.Pair(cost, table, first, count, 6);
        cells._p4 = SinkhornLook.Pair(cost, table, first, count, 8);
        return cells;
    }

    /// <inheritdoc/>
    public static int WholeSide => 10;

    /// <inheritdoc/>
    public static TenCells LookWhole(ArrayView<double> table, uint word0, uint word1, uint word2)
    {
        TenCells cells = default;
        cells._p0.First = table[(int)(word0 & 0xFF)];
        cells._p0.Second = table[(int)(word0 >> 8 & 0xFF)];
        cells._p1.First = table[(int)(word0 >> 16 & 0xFF)];
        cells._p1.Second = table[(int)(word0 >> 24)];
        cells._p2.First = table[(int)(word1 & 0xFF)];
        cells._p2.Second = table[(int)(word1 >> 8 & 0xFF)];
        cells._p3.First = table[(int)(word1 >> 16 & 0xFF)];
        cells._p3.Second = table[(int)(word1 >> 24)];
        cells._p4.First = table[(int)(word2 & 0xFF)];
        cells._p4.Second = table[(int)(word2 >> 8 & 0xFF)];
        return cells;
    }

    /// <inheritdoc/>
    public static void Put(ArrayView<Pair> pairs, int first, in TenCells cells)
    {
        pairs[first] = cells._p0;
        pairs[first + 1] = cells._p1;
        pairs[first + 2] = cells._p2;
        pairs[first + 3] = cells._p3;
        pairs[first + 4] = cells._p4;
    }

    /// <inheritdoc/>
    public static TenCells Even(ArrayView<Pair> pairs, int first)
    {
        TenCells cells = default;
        cells._p0.First = pairs[first].First;
        cells._p0.Second = pairs[first + 5].First;
        cells._p1.First = pairs[first + 10].First;
        cells._p1.Second = pairs[first + 15].First;
        cells._p2.First = pairs[first + 20].First;
        cells._p2.Second = pairs[first + 25].First;
        cells._p3.First = pairs[first + 30].First;
        cells._p3.Second = pairs[first + 35].First;
        cells._p4.First = pairs[first + 40].First;
        cells._p4.Second = pairs[first + 45].First;
        return cells;
    }

    /// <inheritdoc/>
    public static TenCells Odd(ArrayView<Pair> pairs, int first)
    {
        TenCells cells = default;
        cells._p0.First = pairs[first].Second;
        cells._p0.Second = pairs[first + 5].Second;
        cells._p1.First = pairs[first + 10].Second;
        cells._p1.Second = pairs[first + 15].Second;
        cells._p2.First = pairs[first + 20].Second;
        cells._p2.Second = pairs[first + 25].Second;
        cells._p3.First = pairs[first + 30].Second;
        cells._p3.Second = pairs[first + 35].Second;
        cells._p4.First = pairs[first + 40].Second;
        cells._p4.Second = pairs[first + 45].Second;
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

    /// <inheritdoc/>
    public static void StoreWhole(ArrayView<Pair> plan, long first, in TenCells x, in TenCells y, double scale)
    {
        plan[first] = SinkhornLook.Product(x._p0, y._p0, scale);
        plan[first + 1] = SinkhornLook.Product(x._p1, y._p1, scale);
        plan[first + 2] = SinkhornLook.Product(x._p2, y._p2, scale);
        plan[first + 3] = SinkhornLook.Product(x._p3, y._p3, scale);
        plan[first + 4] = SinkhornLook.Product(x._p4, y._p4, scale);
    }
}
