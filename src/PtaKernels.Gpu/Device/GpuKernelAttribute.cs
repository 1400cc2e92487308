namespace PtaKernels.Gpu;

/// <summary>Marks a static method as a device kernel: it takes one struct of arguments and is explicitly grouped in blocks along x.</summary>
/// <param name="threads">Threads of a block on a CUDA device; a multiple of 32.</param>
/// <param name="registers">Most registers per thread that the kernel may need; <c>scripts/ptx-check</c> holds it to that.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GpuKernelAttribute(int threads, int registers) : Attribute
{
    /// <summary>Threads of a block on a CUDA device.</summary>
    public int Threads { get; } = threads;

    /// <summary>The register budget.</summary>
    public int Registers { get; } = registers;

    /// <summary>Threads of a block on the emulator, where each is a thread of the operating system: few, but at least a warp.</summary>
    public int EmulatorThreads { get; init; } = 32;

    /// <summary>The float64 arithmetic is that of SPEC A4: no multiply-add may be contracted but those written out.</summary>
    public bool ExactFloat64 { get; init; }

    /// <summary>Blocks that a multiprocessor must hold at least; 0 says nothing. Unasked, ptxas may spill a register or two to fit one more block; asked for one, it does not.</summary>
    public int LeastBlocks { get; init; }

    /// <summary>Lowest compute capability (80, 90) that has the instructions used.</summary>
    public int Architecture { get; init; } = 80;
}
