using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Compares <see cref="CudaInstructions"/> with <see cref="PlainInstructions"/> on a CUDA device.</summary>
internal static class InstructionsProbe
{
    /// <summary>Threads of a block: a constant, because each has a place in shared memory.</summary>
    public const int Threads = 128;

    /// <summary>Two divisions and a vote per thread: the result becomes 1 where the two forms differ. The inputs fill whole blocks.</summary>
    /// <param name="arguments">Inputs and result.</param>
    [GpuKernel(threads: Threads, registers: 64, ExactFloat64 = true)]
    public static void Compare(Arguments arguments)
    {
        ArrayView<int> scratch = SharedMemory.Allocate1D<int>(Threads);
        long at = 4L * ((Grid.IdxX * Group.DimX) + Group.IdxX);
        double x0 = arguments.Inputs[at], y0 = arguments.Inputs[at + 1], x1 = arguments.Inputs[at + 2], y1 = arguments.Inputs[at + 3];
        Pair fast = CudaInstructions.Divide(x0, y0, x1, y1), plain = PlainInstructions.Divide(x0, y0, x1, y1);
        bool vote = (Interop.FloatAsInt(x0) & 1) != 0;
        int votes = CudaInstructions.Ballot(vote, scratch) ^ PlainInstructions.Ballot(vote, scratch);
        if (votes != 0 || Differ(fast.First, plain.First) || Differ(fast.Second, plain.Second))
            Atomic.Or(ref arguments.Different[0], 1);
    }

    /// <summary>A product of four bytes per thread: the result becomes 1 where the two forms differ. The inputs fill whole blocks.</summary>
    /// <param name="arguments">Inputs and result.</param>
    [GpuKernel(threads: Threads, registers: 32)]
    public static void CompareDots(DotArguments arguments)
    {
        long at = 3L * ((Grid.IdxX * Group.DimX) + Group.IdxX);
        int a = arguments.Inputs[at], b = arguments.Inputs[at + 1], sum = arguments.Inputs[at + 2];
        if (CudaInstructions.Dot(a, b, sum) != PlainInstructions.Dot(a, b, sum))
            Atomic.Or(ref arguments.Different[0], 1);
    }

    /// <summary>Other bits; any NaN equals any other.</summary>
    private static bool Differ(double a, double b) => Interop.FloatAsInt(a) != Interop.FloatAsInt(b) && !(double.IsNaN(a) && double.IsNaN(b));

    /// <summary>Arguments of <see cref="Compare"/>.</summary>
    internal struct Arguments
    {
        /// <summary>[threads, 4] dividend and divisor, twice.</summary>
        public ArrayView<double> Inputs;

        /// <summary>[1] 0 where both agree.</summary>
        public ArrayView<int> Different;
    }

    /// <summary>Arguments of <see cref="CompareDots"/>.</summary>
    internal struct DotArguments
    {
        /// <summary>[threads, 3] four bytes, four others, and a sum.</summary>
        public ArrayView<int> Inputs;

        /// <summary>[1] 0 where both agree.</summary>
        public ArrayView<int> Different;
    }
}
