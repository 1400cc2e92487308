using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Runs one cell over given inputs, so that inline PTX can be compared with its twin.</summary>
internal static class CellProbe
{
    /// <summary>The cell of sm_90.</summary>
    [GpuKernel(threads: 256, registers: 32, Architecture = 90)]
    public static void Packed(Arguments arguments) => Run<PackedCell>(arguments);

    /// <summary>The twin.</summary>
    [GpuKernel(threads: 256, registers: 32)]
    public static void Twin(Arguments arguments) => Run<PackedTwin>(arguments);

    private static void Run<TCell>(Arguments arguments)
        where TCell : struct, IPathCell<uint>
    {
        int i = Grid.GlobalIndex.X;
        if (i >= arguments.Count)
            return;
        arguments.Least[i] = TCell.Least(arguments.Diagonal[i], arguments.Up[i], arguments.Left[i]);
        arguments.Held[i] = TCell.Hold(arguments.Diagonal[i]);
    }

    /// <summary>Arguments of both kernels.</summary>
    internal struct Arguments
    {
        /// <summary>Number of inputs.</summary>
        public int Count;

        /// <summary>[count] two values each.</summary>
        public ArrayView<uint> Diagonal;

        /// <summary>[count] two values each.</summary>
        public ArrayView<uint> Up;

        /// <summary>[count] two values each.</summary>
        public ArrayView<uint> Left;

        /// <summary>[count] receives the least.</summary>
        public ArrayView<uint> Least;

        /// <summary>[count] receives the diagonal, held.</summary>
        public ArrayView<uint> Held;
    }
}
