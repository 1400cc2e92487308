namespace PtaKernels.Tests.Oracles;

/// <summary>The published loop on jagged arrays, sums in NumPy's documented order.</summary>
internal static class OfficialSinkhornOracle
{
    public enum Ending
    {
        Stopped,
        Limit,
        NotANumber,
    }

    public static (double[][] Plan, int Iterations, Ending Ending) Solve(
        double[][] cost, double[] r, double[] c, double lambda, double tolerance, int limit = int.MaxValue)
    {
        double[][] p = [.. cost.Select(row => row.Select(v => Math.Exp(-lambda * v)).ToArray())];
        double total = NumPySum([.. p.SelectMany(row => row)]);
        p = [.. p.Select(row => row.Select(v => v / total).ToArray())];
        double[] u = new double[r.Length];
        for (int iterations = 0; ; iterations++)
        {
            double[] sums = [.. p.Select(NumPySum)];
            double[] moved = [.. sums.Zip(u, (now, then) => Math.Abs(then - now))];
            if (moved.Any(double.IsNaN))
                return (p, iterations, Ending.NotANumber);
            if (moved.Max() <= tolerance)
                return (p, iterations, Ending.Stopped);
            if (iterations == limit)
                return (p, iterations, Ending.Limit);
            u = [.. sums.Select(v => v < 1e-10 ? 1e-10 : v)];
            for (int i = 0; i < r.Length; i++)
            {
                double scale = r[i] / u[i];
                for (int j = 0; j < c.Length; j++)
                    p[i][j] *= scale;
            }

            for (int j = 0; j < c.Length; j++)
            {
                double v = 0;
                for (int i = 0; i < r.Length; i++)
                    v += p[i][j];
                double scale = c[j] / (v < 1e-10 ? 1e-10 : v);
                for (int i = 0; i < r.Length; i++)
                    p[i][j] *= scale;
            }
        }
    }

    /// <summary>Fewer than 8 left to right; up to 128 in eight strided lanes joined pairwise, then the rest; above in two halves.</summary>
    public static double NumPySum(double[] x)
    {
        if (x.Length > 128)
        {
            int half = x.Length / 2 / 8 * 8;
            return NumPySum(x[..half]) + NumPySum(x[half..]);
        }

        int striped = x.Length / 8 * 8;
        double[] lanes = [.. Enumerable.Range(0, striped == 0 ? 0 : 8).Select(lane => Every8th(lane).Aggregate((a, b) => a + b))];
        while (lanes.Length > 1)
            lanes = [.. lanes.Chunk(2).Select(pair => pair[0] + pair[1])];
        return x[striped..].Aggregate(lanes.FirstOrDefault(), (a, b) => a + b);

        IEnumerable<double> Every8th(int lane) => Enumerable.Range(0, striped / 8).Select(i => x[(8 * i) + lane]);
    }
}
