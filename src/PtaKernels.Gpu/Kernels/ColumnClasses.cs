using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;

namespace PtaKernels.Gpu;

/// <summary>How many columns of a table fit 8, 16 and 32 bits of a word, and how many none.</summary>
internal struct ClassCounts
{
    /// <summary>Columns of four to a word.</summary>
    public int Bytes;

    /// <summary>Columns of two to a word.</summary>
    public int Halves;

    /// <summary>Columns of one to a word.</summary>
    public int Words;

    /// <summary>Special and long columns.</summary>
    public int Rest;
}

/// <summary>Sorts the columns of tables by the bits that they take in <see cref="EditDistancePacked"/>, stably, so that neighbours stay neighbours.</summary>
internal static class ColumnClasses
{
    /// <summary>Most symbols of a column of 8 bits: one bit more catches the carry, so that it does not reach the next.</summary>
    public const int LongestByte = 7;

    /// <summary>Most symbols of a column of 16 bits.</summary>
    public const int LongestHalf = 15;

    /// <summary>Most symbols of a column that has the word to itself.</summary>
    public const int LongestWord = 32;

    private const int ClassCount = 4;

    /// <summary>A block per table.</summary>
    [GpuKernel(threads: 128, registers: 64)]
    public static void Sort(Arguments arguments)
    {
        ArrayView<int> totals = SharedMemory.Allocate1D<int>(ClassCount).AsContiguous();
        DocumentTable table = arguments.Documents[Grid.IdxX];
        ArrayView<int> order = arguments.Order.SubView(arguments.FirstColumns[Grid.IdxX], table.TargetCount);
        ArrayView<int> ids = arguments.TargetIds.SubView(table.TargetStart, table.TargetCount);
        int thread = Group.IdxX, threads = Group.DimX, share = (table.TargetCount + threads - 1) / threads;
        int begin = Math.Min(thread * share, table.TargetCount), end = Math.Min(begin + share, table.TargetCount);
        int start = 0;
        for (int c = 0; c < ClassCount; c++)
        {
            int own = 0;
            for (int column = begin; column < end; column++)
                own += ClassOf(arguments.Target.Tokens[ids[column]]) == c ? 1 : 0;
            int at = start + GroupExtensions.ExclusiveScan<int, AddInt32>(own);
            for (int column = begin; column < end; column++)
            {
                if (ClassOf(arguments.Target.Tokens[ids[column]]) == c)
                    order[at++] = column;
            }

            if (thread == threads - 1)
                totals[c] = at - start;
            Group.Barrier();
            start += totals[c];
        }

        if (thread == 0)
            arguments.Counts[Grid.IdxX] = new ClassCounts { Bytes = totals[0], Halves = totals[1], Words = totals[2], Rest = totals[3] };
    }

    private static int ClassOf(TokenEntry column)
    {
        int byLength = column.Length <= LongestByte ? 0 : column.Length <= LongestHalf ? 1 : column.Length <= LongestWord ? 2 : 3;
        return column.IsSpecial ? 3 : byLength;
    }

    /// <summary>Arguments of <see cref="Sort"/>.</summary>
    internal struct Arguments
    {
        /// <summary>Tape of the columns.</summary>
        public TapeView Target;

        /// <summary>Ids on it.</summary>
        public ArrayView<int> TargetIds;

        /// <summary>[tables].</summary>
        public ArrayView<DocumentTable> Documents;

        /// <summary>[tables] columns of the tables before.</summary>
        public ArrayView<int> FirstColumns;

        /// <summary>[all columns] each table's columns, class by class.</summary>
        public ArrayView<int> Order;

        /// <summary>[tables].</summary>
        public ArrayView<ClassCounts> Counts;
    }
}
