namespace PtaKernels.Cli.Verify.Random;

/// <summary>Transports of every kind, sides log-uniform 1..64; a chunk is one or more batches of one shape.</summary>
internal static class TransportProblems
{
    private const double Epsilon = 1.0 / 30;
    private const double Tolerance = 1e-5;

    /// <summary>Bodies after which the official loop is stopped on both sides: slow problems are compared as far as they got.</summary>
    private const int OfficialLimit = 150;

    /// <summary>Entries and problems of a batch: 16 MB of plan, enough problems for every warp of a large device.</summary>
    private const int MostEntries = 1 << 21, MostProblems = 1 << 14;

    /// <summary>A chunk of few problems has several shapes all the same.</summary>
    private const int FewestProblems = 50;

    /// <summary>The published loop.</summary>
    public static RandomChunk Official(System.Random random, IKernelBackend answers, int wanted) =>
        Draw(random, answers, wanted, new TransportOptions(TransportKind.Official, Epsilon, Tolerance, OfficialLimit), TransportComparison.Official);

    /// <summary>The closed form.</summary>
    public static RandomChunk SemiRelaxed(System.Random random, IKernelBackend answers, int wanted) =>
        Draw(random, answers, wanted, new TransportOptions(TransportKind.SemiRelaxed, Epsilon), TransportComparison.SemiRelaxed);

    /// <summary>Certified.</summary>
    public static RandomChunk Balanced(System.Random random, IKernelBackend answers, int wanted) =>
        Draw(random, answers, wanted, new TransportOptions(TransportKind.Balanced, Epsilon), TransportComparison.Balanced);

    /// <summary>Certified, by the other solver.</summary>
    public static RandomChunk Greenkhorn(System.Random random, IKernelBackend answers, int wanted) =>
        Draw(random, answers, wanted, new TransportOptions(TransportKind.Balanced, Epsilon, Solver: TransportSolver.Greenkhorn), TransportComparison.Balanced);

    /// <summary>Certified, with a soft target.</summary>
    public static RandomChunk Unbalanced(System.Random random, IKernelBackend answers, int wanted) =>
        Draw(random, answers, wanted, new TransportOptions(TransportKind.Unbalanced, Epsilon), TransportComparison.Unbalanced);

    /// <summary>Without entropy.</summary>
    public static RandomChunk Exact(System.Random random, IKernelBackend answers, int wanted) =>
        Draw(random, answers, wanted, new TransportOptions(TransportKind.Exact), TransportComparison.Exact);

    private static RandomChunk Draw(
        System.Random random, IKernelBackend answers, int wanted, TransportOptions options, Func<TransportAnswer, TransportAnswer, int, double, Verdict> compare)
    {
        var batches = new List<TransportAnswer>();
        int problems = 0;
        while (problems < wanted)
        {
            int n = RandomTapes.LogUniform(random, TopKLogits.MaxK), m = RandomTapes.LogUniform(random, TopKLogits.MaxK);
            int most = Math.Min(MostProblems, MostEntries / (n * m)), batch = Math.Min(wanted - problems, Math.Max(FewestProblems, Math.Min(most, wanted / 3)));
            TransportAnswer drawn = Problems(random, batch, n, m);
            drawn.SolveOn(answers, options);
            batches.Add(drawn);
            problems += batch;
        }

        return new RandomChunk(problems, (backend, findings) =>
        {
            foreach (TransportAnswer expected in batches)
            {
                TransportAnswer found = expected.Unsolved();
                found.SolveOn(backend, options);
                for (int p = 0; p < expected.Batch; p++)
                {
                    Verdict verdict = compare(expected, found, p, options.Epsilon);
                    if (verdict.Difference is { } difference)
                        findings.Differs($"problem {p} of [{expected.Batch}, {expected.N}, {expected.M}]: {difference}");
                    else if (verdict.Tie)
                        findings.Tied();
                }
            }
        });
    }

    private static TransportAnswer Problems(System.Random random, int batch, int n, int m)
    {
        var problems = new TransportAnswer(n, m, new byte[batch * n * m], new double[batch * n], new double[batch * m]);
        for (int p = 0; p < batch; p++)
        {
            bool ties = RandomTapes.Ties(random);
            int values = ties ? random.Next(2, 4) : random.Next(3) == 0 ? 255 : 13;
            Span<byte> cost = problems.Cost.AsSpan(p * n * m, n * m);
            random.NextBytes(cost);
            foreach (ref byte c in cost)
                c = (byte)(c % values);
            Masses(random, problems.A.AsSpan(p * n, n), ties);
            Masses(random, problems.B.AsSpan(p * m, m), ties);
        }

        return problems;
    }

    /// <summary>Masses of sum 1 as softmax gives them; with ties all equal, and sometimes some of them zero.</summary>
    private static void Masses(System.Random random, Span<double> masses, bool ties)
    {
        double sharpness = random.NextDouble() * 12;
        foreach (ref double mass in masses)
            mass = ties ? 1 : Math.Exp(sharpness * random.NextDouble());
        if (random.Next(8) == 0)
            masses[random.Next(masses.Length)] = 0;
        double sum = 0;
        foreach (double mass in masses)
            sum += mass;
        for (int i = 0; i < masses.Length; i++)
            masses[i] = sum == 0 ? 1.0 / masses.Length : masses[i] / sum;
    }
}

/// <summary>A batch of transport problems of one shape with a backend's answers.</summary>
internal sealed class TransportAnswer(int n, int m, byte[] cost, double[] a, double[] b)
{
    public int N => n;

    public int M => m;

    public int Batch { get; } = cost.Length / (n * m);

    public byte[] Cost => cost;

    public double[] A => a;

    public double[] B => b;

    public double[] F { get; } = new double[a.Length];

    public double[] G { get; } = new double[b.Length];

    public double[] Plan { get; } = new double[cost.Length];

    public TransportOutcome[] Outcomes { get; } = new TransportOutcome[cost.Length / (n * m)];

    /// <summary>The same problems without answers.</summary>
    public TransportAnswer Unsolved() => new(n, m, cost, a, b);

    public ReadOnlySpan<double> PlanOf(int p) => Plan.AsSpan(p * n * m, n * m);

    public double CostOf(int p, int i, int j) => cost[(((p * n) + i) * m) + j];

    /// <summary>Fills the answers.</summary>
    public void SolveOn(IKernelBackend backend, in TransportOptions options) =>
        backend.SolveTransport(new CostMatrix<byte>(cost, Batch, n, m), new Marginals(a, b), options, new TransportPlan(Plan, F, G, Batch, n, m), Outcomes);
}
