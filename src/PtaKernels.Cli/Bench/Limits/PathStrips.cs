namespace PtaKernels.Cli.Bench;

/// <summary>How many steps the strips of the native alignment path take at least (<c>native/kernels/wavefront*.inl.h</c>): each step is one cell of every column of a strip.</summary>
/// <param name="Steps">Steps of the strips that a bound on the path's sum leaves, or of all of the table where it is too small or too alike to be cut; before both, where the table might be cut, the guide's.</param>
/// <param name="TableSteps">Steps of the whole table.</param>
/// <param name="Bounded">Costs that are looked at for bounds, four times each; none in a small table.</param>
/// <param name="Sum">The least sum of any path, computed here cell by cell.</param>
internal sealed record PathStrips(long Steps, long TableSteps, long Bounded, long Sum)
{
    /// <summary>Tables below so many strips' widths are not cut (<c>pruned_table</c>).</summary>
    private const int LeastRows = 16, LeastColumns = 8;

    /// <summary>Counts the steps of one problem. No path within the least sum leaves its strips' rows, so with any other bound they are as long or longer.</summary>
    /// <param name="source">[n] row of the cost table for each source position.</param>
    /// <param name="target">[m] columns.</param>
    /// <param name="cost">[rows, columns], row after row.</param>
    /// <param name="columns">Columns of the table.</param>
    /// <param name="width">Columns of a strip: bytes of a vector.</param>
    public static PathStrips Of(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan<byte> cost, int columns, int width)
    {
        int n = source.Length, m = target.Length, strips = (m + width - 1) / width;
        long table = 0;
        for (int s = 0; s < strips; s++)
            table += n + Math.Min(width, m - (s * width)) - 1;
        long sum = LeastSum(source, target, cost, columns, long.MaxValue, [], [], width, out _);
        if (n < LeastRows * width || m < LeastColumns * width)
            return new PathStrips(table, table, 0, sum);

        // A strip stops no earlier than its last lane has begun, the guide's too.
        long guide = (long)strips * width;
        (int[] rowsLeft, int[] columnsLeft) = Remaining(source, target, cost, columns);
        if (4L * (rowsLeft[0] + columnsLeft[0]) < sum)
            return new PathStrips(guide + table, table, cost.Length, sum);
        LeastSum(source, target, cost, columns, sum, rowsLeft, columnsLeft, width, out long steps);
        return new PathStrips(guide + Math.Min(steps, table), table, cost.Length, sum);
    }

    /// <summary>The recurrence, row by row; with a bound also the steps of the strips that cells within it need.</summary>
    private static long LeastSum(
        ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan<byte> cost, int columns, long bound, int[] rowsLeft, int[] columnsLeft, int width, out long steps)
    {
        int n = source.Length, m = target.Length, strips = (m + width - 1) / width;
        bool counts = rowsLeft.Length > 0;
        int[] sums = new int[m + 1], first = new int[strips], last = new int[strips];
        Array.Fill(sums, int.MaxValue / 2);
        Array.Fill(first, int.MaxValue);
        first[0] = 0;
        sums[0] = 0;
        for (int i = 0; i < n; i++)
        {
            ReadOnlySpan<byte> row = cost.Slice(source[i] * columns, columns);
            int diagonal = sums[0], left = int.MaxValue / 2;
            sums[0] = left;
            for (int j = 0; j < target.Length; j++)
            {
                int up = sums[j + 1];
                left = Math.Min(Math.Min(diagonal, up), left) + row[target[j]];
                diagonal = up;
                sums[j + 1] = left;
            }

            if (!counts)
                continue;
            long still = bound - rowsLeft[i + 1];
            for (int j = 0; j < m; j++)
            {
                if (sums[j + 1] + columnsLeft[j + 1] > still)
                    continue;
                int strip = j / width;
                last[strip] = Math.Max(last[strip], i + j - (strip * width));
                if ((j + 1) % width == 0 && strip + 1 < strips)
                    first[strip + 1] = Math.Min(first[strip + 1], i);
            }
        }

        steps = 0;
        for (int s = 0; s < strips && counts; s++)
            steps += s + 1 < strips ? Math.Max(width, last[s] - first[s] + 1) : n - first[s] + m - (s * width) - 1;
        return sums[m];
    }

    /// <summary>What is still to come after each row and each column at least: of both ways to share costs between them, the one with more in all (<c>remaining_costs</c>).</summary>
    private static (int[] Rows, int[] Columns) Remaining(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan<byte> cost, int columns)
    {
        int rows = cost.Length / columns;
        int[] none = new int[rows], byColumn = Least(cost, rows, columns, none, ofColumns: true), half = [.. byColumn.Select(static c => c / 2)];
        int[] byRow = Least(cost, rows, columns, byColumn, ofColumns: false), more = Least(cost, rows, columns, half, ofColumns: false);
        int[] rest = Least(cost, rows, columns, more, ofColumns: true);
        (int[] Rows, int[] Columns) one = (AddUp(source, byRow), AddUp(target, byColumn)), other = (AddUp(source, more), AddUp(target, rest));
        return one.Rows[0] + one.Columns[0] > other.Rows[0] + other.Columns[0] ? one : other;
    }

    /// <summary>The least cost of every column, or row, less what the other side takes.</summary>
    private static int[] Least(ReadOnlySpan<byte> cost, int rows, int columns, int[] taken, bool ofColumns)
    {
        int[] least = new int[ofColumns ? columns : rows];
        Array.Fill(least, byte.MaxValue);
        for (int a = 0; a < rows; a++)
        {
            for (int b = 0; b < columns; b++)
            {
                int at = ofColumns ? b : a, rest = cost[(a * columns) + b] - taken[ofColumns ? a : b];
                least[at] = Math.Min(least[at], rest);
            }
        }

        return least;
    }

    private static int[] AddUp(ReadOnlySpan<int> positions, int[] bound)
    {
        int[] left = new int[positions.Length + 1];
        for (int i = positions.Length - 1; i >= 0; i--)
            left[i] = left[i + 1] + bound[positions[i]];
        return left;
    }
}
