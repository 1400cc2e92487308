namespace PtaKernels.Tests.Oracles;

/// <summary>Optimal transport, slow and plain: shares no code with src. Matrices are [n, m], rows are sources.</summary>
internal static class TransportOracles
{
    public static double Cost(double[,] plan, double[,] cost)
    {
        double sum = 0;
        for (int i = 0; i < cost.GetLength(0); i++)
            for (int j = 0; j < cost.GetLength(1); j++)
                sum += plan[i, j] * cost[i, j];
        return sum;
    }

    public static double MarginalError(double[,] plan, double[] a, double[] b)
    {
        double error = 0;
        for (int i = 0; i < a.Length; i++)
            error += Math.Abs(Enumerable.Range(0, b.Length).Sum(j => plan[i, j]) - a[i]);
        for (int j = 0; j < b.Length; j++)
            error += Math.Abs(Enumerable.Range(0, a.Length).Sum(i => plan[i, j]) - b[j]);
        return error;
    }

    /// <summary>G of the certificate.</summary>
    public static double[,] Implied(double[,] cost, double[] f, double[] g, double epsilon)
    {
        double[,] implied = new double[f.Length, g.Length];
        for (int i = 0; i < f.Length; i++)
            for (int j = 0; j < g.Length; j++)
                implied[i, j] = Math.Exp((f[i] + g[j] - cost[i, j]) / epsilon);
        return implied;
    }

    public static double LargestDifference(double[,] x, double[,] y)
    {
        double largest = 0;
        for (int i = 0; i < x.GetLength(0); i++)
        {
            for (int j = 0; j < x.GetLength(1); j++)
            {
                double difference = Math.Abs(x[i, j] - y[i, j]);
                largest = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest, difference);
            }
        }

        return largest;
    }

    /// <summary>LP optimum as the cheapest feasible vertex: every n + m − 1 cells that form a spanning tree. For n·m ≤ 16.</summary>
    public static double OptimumByVertices(double[,] cost, double[] a, double[] b)
    {
        int n = a.Length, m = b.Length, basis = n + m - 1;
        double best = double.PositiveInfinity;
        for (int cells = 0; cells < 1 << (n * m); cells++)
        {
            if (int.PopCount(cells) != basis)
                continue;
            double? value = TreeValue(cells, cost, a, b);
            if (value < best)
                best = value.Value;
        }

        return best;
    }

    // Peels leaves: a node with a single open cell fixes that cell's flow.
    private static double? TreeValue(int cells, double[,] cost, double[] a, double[] b)
    {
        int n = a.Length, m = b.Length;
        double[] left = [.. a, .. b];
        double value = 0;
        while (cells != 0)
        {
            int leaf = -1, cell = -1;
            for (int node = 0; node < n + m && leaf < 0; node++)
            {
                int mine = 0;
                for (int c = 0; c < n * m; c++)
                    if ((cells >> c & 1) != 0 && (node < n ? c / m == node : c % m == node - n))
                        mine |= 1 << c;
                if (int.PopCount(mine) == 1)
                    (leaf, cell) = (node, int.TrailingZeroCount(mine));
            }

            if (leaf < 0)
                return null;
            double flow = left[leaf];
            if (flow < -1e-12)
                return null;
            left[cell / m] -= flow;
            left[n + cell % m] -= flow;
            value += flow * cost[cell / m, cell % m];
            cells &= ~(1 << cell);
        }

        return left.All(x => Math.Abs(x) < 1e-12) ? value : null;
    }

    // Cycles through less mass than this are left uncancelled: rounding can renew them for ever, and their cost is below any bound used.
    private const double Dust = 1e-14;

    /// <summary>LP optimum by cycle cancelling: north-west corner, then negative residual cycles found by Bellman-Ford.</summary>
    public static double OptimumByCycles(double[,] cost, double[] a, double[] b)
    {
        int n = a.Length, m = b.Length;
        double[,] plan = new double[n, m];
        double[] rows = [.. a], columns = [.. b];
        for (int i = 0, j = 0; i < n && j < m;)
        {
            double amount = Math.Min(rows[i], columns[j]);
            plan[i, j] += amount;
            rows[i] -= amount;
            columns[j] -= amount;
            if (rows[i] <= 0)
                i++;
            else
                j++;
        }

        while (NegativeCycle(plan, cost) is { } cycle)
        {
            double amount = cycle.Where(e => !e.Forward).Min(e => plan[e.Row, e.Column]);
            foreach ((int row, int column, bool forward) in cycle)
                plan[row, column] += forward ? amount : -amount;
        }

        return Cost(plan, cost);
    }

    private static List<(int Row, int Column, bool Forward)>? NegativeCycle(double[,] plan, double[,] cost)
    {
        int n = plan.GetLength(0), m = plan.GetLength(1), last = -1;
        double[] distance = new double[n + m];
        int[] from = new int[n + m];
        Array.Fill(from, -1);
        for (int pass = 0; pass <= n + m; pass++)
        {
            last = -1;
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < m; j++)
                {
                    if (distance[i] + cost[i, j] < distance[n + j] - 1e-11)
                        (distance[n + j], from[n + j], last) = (distance[i] + cost[i, j], i, n + j);
                    if (plan[i, j] > Dust && distance[n + j] - cost[i, j] < distance[i] - 1e-11)
                        (distance[i], from[i], last) = (distance[n + j] - cost[i, j], n + j, i);
                }
            }

            if (last < 0)
                return null;
        }

        for (int step = 0; step < n + m; step++)
            last = from[last];
        List<(int, int, bool)> cycle = [];
        int node = last;
        do
        {
            int before = from[node];
            cycle.Add(node >= n ? (before, node - n, true) : (node, before - n, false));
            node = before;
        }
        while (node != last);
        return cycle;
    }

    /// <summary>Plain log-domain Sinkhorn; rho = +∞ is the balanced problem. Masses positive.</summary>
    public static double[,] Sinkhorn(
        double[,] cost, double[] a, double[] b, double epsilon, int sweeps, double rho = double.PositiveInfinity)
    {
        int n = a.Length, m = b.Length;
        double[] f = new double[n], g = new double[m];
        double exponent = double.IsPositiveInfinity(rho) ? 1 : rho / (rho + epsilon);
        for (int sweep = 0; sweep < sweeps; sweep++)
        {
            for (int j = 0; j < m; j++)
                g[j] = exponent * epsilon * (Math.Log(b[j]) - LogSum(Enumerable.Range(0, n).Select(i => (f[i] - cost[i, j]) / epsilon)));
            for (int i = 0; i < n; i++)
                f[i] = epsilon * (Math.Log(a[i]) - LogSum(Enumerable.Range(0, m).Select(j => (g[j] - cost[i, j]) / epsilon)));
        }

        return Implied(cost, f, g, epsilon);
    }

    private static double LogSum(IEnumerable<double> terms)
    {
        double[] all = [.. terms];
        double largest = all.Max();
        return largest + Math.Log(all.Sum(x => Math.Exp(x - largest)));
    }
}
