using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>top1 of plans (paper Eq 5, SPEC A3.4): a lane per row takes the first column within the tie tolerance of the row's largest entry.</summary>
internal static class ProjectionKernel
{
    /// <summary>One thread per row.</summary>
    [GpuKernel(threads: 128, registers: 48)]
    public static void Top1(Arguments arguments)
    {
        int n = arguments.Rows, m = arguments.Columns, row = Grid.GlobalIndex.X;
        if (row >= arguments.Batch * n)
            return;
        int problem = row / n;
        int rows = arguments.RowCounts.Length == 0 ? n : arguments.RowCounts[problem];
        if (row - (problem * n) >= rows)
            return;
        int columns = arguments.ColumnCounts.Length == 0 ? m : arguments.ColumnCounts[problem];
        ArrayView<double> plan = arguments.Plan.SubView((long)row * m, m);
        // A NaN counts as largest, as in NumPy: then the first NaN is taken.
        double max = double.NegativeInfinity;
        int firstNaN = -1;
        for (int j = columns - 1; j >= 0; j--)
        {
            double p = plan[j];
            max = p > max ? p : max;
            firstNaN = double.IsNaN(p) ? j : firstNaN;
        }

        double least = max - arguments.Tie;
        int column = firstNaN;
        for (int j = 0; column < 0; j++)
            column = plan[j] >= least ? j : -1;
        double taken = plan[column];
        int ties = 0;
        for (int j = column + 1; j < columns; j++)
            ties |= plan[j] > 0 && Math.Abs(plan[j] - taken) <= arguments.Tie ? 1 : 0;
        if (ties != 0)
            Atomic.Add(ref arguments.Ties[0], 1);
        arguments.Column[row] = (byte)column;
        arguments.Mass[row] = taken;
    }

    /// <summary>Arguments of <see cref="Top1"/>.</summary>
    internal struct Arguments
    {
        /// <summary>Number of plans.</summary>
        public int Batch;

        /// <summary>n.</summary>
        public int Rows;

        /// <summary>m, 1..64.</summary>
        public int Columns;

        /// <summary>Entries this close to the largest tie with it.</summary>
        public double Tie;

        /// <summary>[batch, n, m].</summary>
        public ArrayView<double> Plan;

        /// <summary>[batch] rows in use, or empty.</summary>
        public ArrayView<int> RowCounts;

        /// <summary>[batch] columns in use, or empty.</summary>
        public ArrayView<int> ColumnCounts;

        /// <summary>[batch, n] receives the column of each row in use.</summary>
        public ArrayView<byte> Column;

        /// <summary>[batch, n] receives its entry.</summary>
        public ArrayView<double> Mass;

        /// <summary>[1] counts rows in which a later column lay within the tie tolerance of the one taken.</summary>
        public ArrayView<int> Ties;
    }
}
