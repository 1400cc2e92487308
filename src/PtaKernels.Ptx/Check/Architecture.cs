namespace PtaKernels.Ptx.Check;

/// <summary>What one multiprocessor of an architecture has, from NVIDIA's programming guide (compute capabilities 8.0 and 9.0).</summary>
/// <param name="Capability">Compute capability times ten.</param>
/// <param name="SharedPerMultiprocessor">Bytes.</param>
/// <param name="SharedPerBlock">The most bytes one block may have.</param>
/// <param name="Float32Lanes">Float32 results per clock.</param>
/// <param name="Float64Lanes">Float64 results per clock.</param>
internal sealed record Architecture(int Capability, int SharedPerMultiprocessor, int SharedPerBlock, int Float32Lanes, int Float64Lanes)
{
    public const int WarpSize = 32, Warps = 64, Blocks = 32, Registers = 65_536, SubPartitions = 4;

    /// <summary>Registers are given to a warp in units of this many.</summary>
    public const int RegisterUnit = 256;

    /// <summary>Bytes of shared memory that the system takes of every block, and the unit of what is given.</summary>
    public const int SystemShared = 1024, SharedUnit = 128;

    /// <summary>Logic, integer additions, comparisons, minima; and, in pipes of their own, integer multiply-adds.</summary>
    public const int IntegerLanes = 64;

    /// <summary>32-bit words of shared or global memory, or of shuffles: they share one pipe.</summary>
    public const int MemoryLanes = 32;

    /// <summary>Special functions, population counts, conversions.</summary>
    public const int SpecialLanes = 16;

    /// <summary>As ptxas and the PTX folders say it, for example <c>sm_90</c>.</summary>
    public string Name => $"sm_{Capability}";

    public static IReadOnlyList<Architecture> All { get; } =
    [
        new(80, 164 * 1024, 163 * 1024, 64, 32),
        new(90, 228 * 1024, 227 * 1024, 128, 64),
    ];
}
