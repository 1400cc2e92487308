using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>The costs that a lane adds in one step, each the low half's in bits 0..15 and the high half's in bits 16..31.</summary>
internal struct CostPairs
{
    public uint P0;
    public uint P1;
    public uint P2;
    public uint P3;
    public uint P4;
    public uint P5;
    public uint P6;
    public uint P7;
}

/// <summary>The 16 costs of one row in a lane's columns, as the expanded table holds them.</summary>
/// <typeparam name="TSelf">The implementing type.</typeparam>
internal interface IPathCosts<TSelf>
    where TSelf : unmanaged, IPathCosts<TSelf>
{
    /// <summary>Vectors of 16 bytes per lane and row.</summary>
    static abstract int Parts { get; }

    /// <summary>Loads a lane's costs; parts lie 32 vectors apart.</summary>
    static abstract TSelf Load(ArrayView<CostVector> costs, long index);

    /// <summary>Columns 0..7 of this row with columns 8..15 of the row before.</summary>
    static abstract CostPairs Pairs(TSelf row, TSelf before);
}

/// <summary>8-bit costs: word q holds columns 2q, 2q + 1, 8 + 2q, 9 + 2q.</summary>
internal struct ByteCosts : IPathCosts<ByteCosts>
{
    private CostVector _words;

    public static int Parts => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ByteCosts Load(ArrayView<CostVector> costs, long index) => new() { _words = costs[index] };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CostPairs Pairs(ByteCosts row, ByteCosts before)
    {
        uint x = Mixed(row._words.X, before._words.X), y = Mixed(row._words.Y, before._words.Y);
        uint z = Mixed(row._words.Z, before._words.Z), w = Mixed(row._words.W, before._words.W);
        return new CostPairs { P0 = Even(x), P1 = Odd(x), P2 = Even(y), P3 = Odd(y), P4 = Even(z), P5 = Odd(z), P6 = Even(w), P7 = Odd(w) };
    }

    /// <summary>The low half of one word, the high half of another: one three-input operation in this form, two with two masks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Mixed(uint low, uint high) => high ^ ((high ^ low) & 0xFFFF);

    private static uint Even(uint word) => word & 0x00FF_00FF;

    private static uint Odd(uint word) => (word >> 8) & 0x00FF_00FF;
}

/// <summary>16-bit costs: word k holds columns k and 8 + k; words 0..3 in the first vector, 4..7 in the second.</summary>
internal struct ShortCosts : IPathCosts<ShortCosts>
{
    private CostVector _first;
    private CostVector _second;

    public static int Parts => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ShortCosts Load(ArrayView<CostVector> costs, long index) => new() { _first = costs[index], _second = costs[index + 32] };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CostPairs Pairs(ShortCosts row, ShortCosts before) => new()
    {
        P0 = ByteCosts.Mixed(row._first.X, before._first.X),
        P1 = ByteCosts.Mixed(row._first.Y, before._first.Y),
        P2 = ByteCosts.Mixed(row._first.Z, before._first.Z),
        P3 = ByteCosts.Mixed(row._first.W, before._first.W),
        P4 = ByteCosts.Mixed(row._second.X, before._second.X),
        P5 = ByteCosts.Mixed(row._second.Y, before._second.Y),
        P6 = ByteCosts.Mixed(row._second.Z, before._second.Z),
        P7 = ByteCosts.Mixed(row._second.W, before._second.W),
    };
}
