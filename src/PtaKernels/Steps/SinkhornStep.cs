using CommunityToolkit.HighPerformance;

namespace PtaKernels.Steps;

/// <summary>The arithmetic of the official Sinkhorn loop: float64, NumPy's order of summation, no fused multiply-add (SPEC A4, B 9).</summary>
public static class SinkhornStep
{
    /// <summary>Row and column sums are kept at least this large before they divide (SPEC B 3b.3).</summary>
    public const double SmallestSum = 1e-10;

    /// <summary>
    /// Sum as NumPy adds contiguous float64: left to right under 8 values; 8 strided accumulators joined as ((0+1)+(2+3))+((4+5)+(6+7)) and the rest
    /// left to right up to 128; halves, the first a multiple of 8, above.
    /// </summary>
    public static double Sum(ReadOnlySpan<double> values)
    {
        if (values.Length < 8)
        {
            double sum = 0;
            foreach (double value in values)
                sum += value;
            return sum;
        }

        if (values.Length > 128)
        {
            int half = values.Length / 2;
            half -= half % 8;
            return Sum(values[..half]) + Sum(values[half..]);
        }

        double r0 = values[0], r1 = values[1], r2 = values[2], r3 = values[3], r4 = values[4], r5 = values[5], r6 = values[6], r7 = values[7];
        int i = 8;
        for (; i + 8 <= values.Length; i += 8)
        {
            r0 += values[i];
            r1 += values[i + 1];
            r2 += values[i + 2];
            r3 += values[i + 3];
            r4 += values[i + 4];
            r5 += values[i + 5];
            r6 += values[i + 6];
            r7 += values[i + 7];
        }

        double total = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7));
        for (; i < values.Length; i++)
            total += values[i];
        return total;
    }

    /// <summary>Scales each row to its marginal: P *= (a / rows), rows clamped from below in place.</summary>
    public static void ScaleRows(Span2D<double> plan, ReadOnlySpan<double> a, Span<double> rows)
    {
        for (int i = 0; i < plan.Height; i++)
        {
            if (rows[i] < SmallestSum)
                rows[i] = SmallestSum;
            double factor = a[i] / rows[i];
            foreach (ref double p in plan.GetRowSpan(i))
                p *= factor;
        }
    }

    /// <summary>Column sums row by row, then each column scaled to its marginal, sums clamped from below.</summary>
    public static void ScaleColumns(Span2D<double> plan, ReadOnlySpan<double> b, Span<double> columns)
    {
        columns.Clear();
        for (int i = 0; i < plan.Height; i++)
        {
            ReadOnlySpan<double> row = plan.GetRowSpan(i);
            for (int j = 0; j < row.Length; j++)
                columns[j] += row[j];
        }

        for (int j = 0; j < columns.Length; j++)
            columns[j] = b[j] / (columns[j] < SmallestSum ? SmallestSum : columns[j]);
        for (int i = 0; i < plan.Height; i++)
        {
            Span<double> row = plan.GetRowSpan(i);
            for (int j = 0; j < row.Length; j++)
                row[j] *= columns[j];
        }
    }
}
