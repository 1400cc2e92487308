using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Finds plans of <see cref="SinkhornSmallKernel"/> in which a row's two largest entries are equal but for rounding, and passes them on to <see cref="SinkhornKernel"/>.</summary>
/// <remarks>
/// The scaling form rounds elsewhere than the published loop, by some 1e-16 an iteration. Where that decides a row's heaviest column, the loop's own bits have to: on documents of the
/// fixtures one row in 430 took another column without this.
/// </remarks>
internal static class SinkhornTiesKernel
{
    // Well above the rounding of a few hundred iterations, well below any difference that costs or marginals make.
    private const double Near = 1e-12;

    /// <summary>One thread per problem.</summary>
    /// <param name="arguments">The queue that the small kernel has finished.</param>
    [GpuKernel(threads: 128, registers: 40)]
    public static void Find(TransportArguments arguments)
    {
        int problem = Grid.GlobalIndex.X;
        if (problem >= arguments.Queue.Batch || arguments.Queue.Outcomes[problem].Status != (int)TransportStatus.Converged)
            return;
        int rows = arguments.RowsOf(problem), columns = arguments.ColumnsOf(problem);
        long row = (long)problem * arguments.Queue.Rows * arguments.Queue.Columns;
        for (int i = 0; i < rows; i++)
        {
            double largest = 0, second = 0;
            for (int j = 0; j < columns; j++)
            {
                double entry = arguments.Queue.Plan[row + j];
                second = entry > largest ? largest : entry > second ? entry : second;
                largest = entry > largest ? entry : largest;
            }

            if (largest > 0 && largest - second <= Near * largest)
            {
                arguments.List[Atomic.Add(ref arguments.Counters[TransportArguments.PassedOn], 1)] = problem;
                return;
            }

            row += arguments.Queue.Columns;
        }
    }
}
