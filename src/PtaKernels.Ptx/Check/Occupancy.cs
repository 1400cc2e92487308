namespace PtaKernels.Ptx.Check;

/// <summary>How many blocks of a kernel a multiprocessor holds at once, as NVIDIA's occupancy calculator counts.</summary>
/// <param name="Blocks">0 when not even one fits.</param>
/// <param name="Warps">Of all these blocks.</param>
/// <param name="Limit">What runs out first: <c>warps</c>, <c>blocks</c>, <c>registers</c> or <c>shared</c>.</param>
internal sealed record Occupancy(int Blocks, int Warps, string Limit)
{
    /// <summary>0..1: warps held of the warps there is room for.</summary>
    public double Share => (double)Warps / Architecture.Warps;

    /// <param name="architecture">Of the multiprocessor.</param>
    /// <param name="threads">Per block, 1..1024.</param>
    /// <param name="registers">Per thread.</param>
    /// <param name="shared">Bytes per block, static and dynamic together.</param>
    public static Occupancy Of(Architecture architecture, int threads, int registers, int shared)
    {
        int warps = DivideUp(threads, Architecture.WarpSize);
        int registersPerWarp = RoundUp(Math.Max(registers, 1) * Architecture.WarpSize, Architecture.RegisterUnit);
        int warpsByRegisters = Architecture.Registers / registersPerWarp / Architecture.SubPartitions * Architecture.SubPartitions;
        int sharedPerBlock = RoundUp(shared + Architecture.SystemShared, Architecture.SharedUnit);
        (int Blocks, string Limit)[] limits =
        [
            (Architecture.Warps / warps, "warps"),
            (Architecture.Blocks, "blocks"),
            (warpsByRegisters / warps, "registers"),
            (shared > architecture.SharedPerBlock ? 0 : architecture.SharedPerMultiprocessor / sharedPerBlock, "shared"),
        ];
        (int blocks, string limit) = limits.MinBy(static l => l.Blocks);
        return new Occupancy(blocks, blocks * warps, limit);
    }

    private static int DivideUp(int value, int unit) => (value + unit - 1) / unit;

    private static int RoundUp(int value, int unit) => DivideUp(value, unit) * unit;
}
