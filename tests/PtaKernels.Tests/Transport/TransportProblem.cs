namespace PtaKernels.Tests.Transport;

/// <summary>One named transport problem; the families below cover what makes solvers fail.</summary>
public sealed record TransportProblem(string Name, double[,] Cost, double[] A, double[] B)
{
    private static readonly string[] CostKinds = ["integer", "ties", "constant", "zero-diagonal", "line", "real", "outliers", "huge"];
    private static readonly string[] MassKinds =
        ["random", "peaked", "steep", "equal", "nearly-equal", "tiny", "uniform", "zeros", "whole", "powers"];

    public int N => A.Length;

    public int M => B.Length;

    public double LargestCost => Cost.Cast<double>().Max();

    public override string ToString() => Name;

    public static TransportProblem Draw(Random random, int n, int m)
    {
        string costs = CostKinds[random.Next(CostKinds.Length)], masses = MassKinds[random.Next(MassKinds.Length)];
        return Draw(random, n, m, costs, masses);
    }

    public static TransportProblem Draw(Random random, int n, int m, string costs, string masses)
    {
        double[,] cost = DrawCost(random, n, m, costs);
        (double[] a, double[] b) = DrawMasses(random, n, m, masses);
        return new TransportProblem($"{n}x{m} {costs} {masses}", cost, Normalise(a), Normalise(b));
    }

    /// <summary>Every kind of cost with every kind of mass, once.</summary>
    public static IEnumerable<TransportProblem> EveryKind(int seed, int n, int m)
    {
        Random random = new(seed);
        return from costs in CostKinds from masses in MassKinds select Draw(random, n, m, costs, masses);
    }

    /// <summary>Every shape 1..12 x 1..12 and some up to 64 x 64.</summary>
    public static IEnumerable<TransportProblem> EveryShape(int seed)
    {
        Random random = new(seed);
        for (int n = 1; n <= 12; n++)
            for (int m = 1; m <= 12; m++)
                yield return Draw(random, n, m);
        (int N, int M)[] large = [(64, 64), (1, 64), (64, 1), (10, 64), (64, 10), (33, 17), (2, 63), (31, 32)];
        foreach ((int n, int m) in large)
            yield return Draw(random, n, m);
    }

    private static double[,] DrawCost(Random random, int n, int m, string kind)
    {
        double[] x = [.. Enumerable.Range(0, n).Select(_ => 10 * random.NextDouble())];
        double[] y = [.. Enumerable.Range(0, m).Select(_ => 10 * random.NextDouble())];
        double[,] cost = new double[n, m];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
            {
                cost[i, j] = kind switch
                {
                    "integer" => random.Next(12),
                    "ties" => random.Next(3),
                    "constant" => 7,
                    "zero-diagonal" => i == j ? 0 : 1,
                    "line" => Math.Abs(i - j),
                    "real" => Math.Abs(x[i] - y[j]),
                    "outliers" => random.Next(6) == 0 ? 64 : random.Next(8),
                    _ => random.Next(255),
                };
            }
        }

        return cost;
    }

    private static (double[] A, double[] B) DrawMasses(Random random, int n, int m, string kind)
    {
        double[] a = [.. Enumerable.Range(0, n).Select(_ => DrawMass(random, kind))];
        double[] b = [.. Enumerable.Range(0, m).Select(_ => DrawMass(random, kind))];
        a[random.Next(n)] = b[random.Next(m)] = 1;
        if (n == m && kind is "equal" or "nearly-equal")
        {
            double gap = kind == "equal" ? 0 : Math.Pow(10, -random.Next(8, 17));
            b = [.. a.Select(value => value * (1 + gap * random.NextDouble()))];
        }

        return (a, b);
    }

    private static double DrawMass(Random random, string kind) => kind switch
    {
        "steep" => Math.Pow(random.NextDouble(), 100) + 1e-300,
        "peaked" => Math.Pow(random.NextDouble(), 30) + 1e-40,
        "tiny" => random.Next(3) > 0 ? random.NextDouble() : Math.Pow(10, -random.Next(10, 301)),
        "uniform" => 1,
        "zeros" => random.Next(3) > 0 ? random.NextDouble() : 0,
        "whole" => random.Next(1, 4),
        "powers" => Math.Pow(2, -random.Next(40)),
        _ => -Math.Log(1 - random.NextDouble()),
    };

    private static double[] Normalise(double[] masses)
    {
        double sum = masses.Sum();
        return [.. masses.Select(mass => mass / sum)];
    }
}
