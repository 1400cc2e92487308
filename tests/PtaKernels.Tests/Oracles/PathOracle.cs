namespace PtaKernels.Tests.Oracles;

/// <summary>Dynamic time warping as the published code writes it: a full float64 table with infinite borders, traced back by the first minimum.</summary>
internal static class PathOracle
{
    public static (double Cost, List<(int Source, int Target)> Steps) Find(double[,] cost)
    {
        int n = cost.GetLength(0), m = cost.GetLength(1);
        double[,] f = new double[n + 1, m + 1];
        for (int i = 0; i <= n; i++)
        {
            for (int j = 0; j <= m; j++)
            {
                if (i == 0 || j == 0)
                    f[i, j] = i == j ? 0 : double.PositiveInfinity;
                else
                    f[i, j] = cost[i - 1, j - 1] + new[] { f[i - 1, j], f[i, j - 1], f[i - 1, j - 1] }.Min();
            }
        }

        var steps = new List<(int, int)>();
        int s = n - 1, t = m - 1;
        while (s > 0 || t > 0)
        {
            steps.Add((s, t));
            double[] before = [f[s, t], f[s, t + 1], f[s + 1, t]]; // of (s-1, t-1), (s-1, t), (s, t-1)
            switch (Array.IndexOf(before, before.Min()))
            {
                case 0:
                    s--;
                    t--;
                    break;
                case 1:
                    s--;
                    break;
                default:
                    t--;
                    break;
            }
        }

        steps.Add((0, 0));
        steps.Reverse();
        return (f[n, m], steps);
    }
}
