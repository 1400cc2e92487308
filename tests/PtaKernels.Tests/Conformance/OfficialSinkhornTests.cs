using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

/// <summary>The published loop; the certified transports have their own tests.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class OfficialSinkhornTests(string backend)
{
    // What the emulator's problems stop at: each loop body is several barriers of 32 threads.
    private const int EmulatorLimit = 20;

    private readonly IKernelBackend _backend = BackendCases.Open(backend);

    private bool Emulated => BackendCases.IsEmulator(backend);

    [TestCase(30, 1e-5)]
    [TestCase(30, 1e-3)]
    [TestCase(4, 1e-8)]
    [TestCase(1, 1e-9)]
    public void EveryShapeUpTo16(double lambda, double tolerance)
    {
        var random = new Random((int)lambda);
        for (int n = 1; n <= 16; n++)
        {
            for (int m = 1; m <= 16; m++)
            {
                // On the emulator every width and height once or twice, each case its own pairs.
                if (!Emulated || (n + (5 * m) + (int)lambda + (int)Math.Round(1 / tolerance)) % 16 == 0)
                    AssertBatch(n, m, [Random(random, n, m, 9), Random(random, n, m, 2)], lambda, tolerance, Emulated ? EmulatorLimit : 1_000_000);
            }
        }
    }

    [TestCase(10, 10)]
    [TestCase(7, 12)]
    public void ManyProblemsInOneBatch(int n, int m)
    {
        var random = new Random(n);
        AssertBatch(n, m, [.. Enumerable.Range(0, Emulated ? 20 : 150).Select(_ => Random(random, n, m, 12))], 30, 1e-5);
    }

    [Test]
    public void ProblemsUpTo64Candidates()
    {
        var random = new Random(5);
        foreach ((int n, int m) in ((int, int)[])[(64, 64), (64, 3), (1, 64), (33, 40)])
            AssertBatch(n, m, [Random(random, n, m, 6)], 4, 1e-7, Emulated ? 4 : 1_000_000);
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(double.NegativeInfinity)]
    public void AMarginalThatIsNoNumberEndsTheLoop(double bad)
    {
        var random = new Random(6);
        Problem inRows = Random(random, 4, 5, 6), inColumns = Random(random, 4, 5, 6);
        inRows.A[2] = bad;
        inColumns.B[0] = bad;
        AssertBatch(4, 5, [inRows, Random(random, 4, 5, 6), inColumns], 30, 1e-5, Emulated ? EmulatorLimit : 1_000_000);
        Assert.That(Solve(4, 5, [inRows], 30, 1e-5, 100).Outcomes[0].Status, Is.EqualTo(TransportStatus.NotFinite));
        Assert.That(Solve(4, 5, [inColumns], 30, 1e-5, 100).Outcomes[0].Status, Is.EqualTo(TransportStatus.NotFinite));
    }

    [Test]
    public void CandidatesWithoutMass()
    {
        var random = new Random(7);
        Problem some = Random(random, 5, 4, 4), none = Random(random, 5, 4, 4);
        some.A[0] = some.A[3] = some.B[1] = 0;
        Array.Clear(none.A);
        Array.Clear(none.B);
        AssertBatch(5, 4, [some, none], 30, 1e-5, Emulated ? EmulatorLimit : 1_000_000);
    }

    [Test]
    public void CostsThatUnderflowEndWithoutANumber([Values(24, 25, 26, 64, 254)] int distance)
    {
        // exp(-30 * 25) is under the smallest float64.
        Problem problem = Random(new Random(distance), 3, 3, 1);
        foreach (double[] row in problem.Cost)
            Array.Fill(row, distance);
        AssertBatch(3, 3, [problem], 30, 1e-5);
        TransportOutcome outcome = Solve(3, 3, [problem], 30, 1e-5, 1000).Outcomes[0];
        Assert.That(outcome.Status, Is.EqualTo(distance < 25 ? TransportStatus.Converged : TransportStatus.NotFinite));
        problem.Cost[1][1] = 0;
        AssertBatch(3, 3, [problem], 30, 1e-5);
    }

    [Test]
    public void AnIterationLimitIsReportedOnlyWhenItCameFirst()
    {
        Problem problem = Random(new Random(8), 6, 6, 3);
        double tolerance = Emulated ? 1e-3 : 1e-9;
        int needed = Solve(6, 6, [problem], 30, tolerance, 1_000_000).Outcomes[0].Iterations;
        Assert.That(needed, Is.GreaterThan(3));
        foreach (int limit in (int[])[0, 1, needed - 1, needed, needed + 1])
        {
            AssertBatch(6, 6, [problem], 30, tolerance, limit);
            TransportOutcome outcome = Solve(6, 6, [problem], 30, tolerance, limit).Outcomes[0];
            Assert.That((outcome.Iterations, outcome.Status), Is.EqualTo((Math.Min(limit, needed), limit < needed ? TransportStatus.IterationLimit : TransportStatus.Converged)));
        }
    }

    [Test]
    public void RealCostsAreTakenAsTheyAre()
    {
        var random = new Random(9);
        Problem problem = Random(random, 5, 7, 1);
        foreach (double[] row in problem.Cost)
        {
            for (int j = 0; j < row.Length; j++)
                row[j] = random.NextDouble() * 2;
        }

        AssertBatch(5, 7, [problem], 30, 1e-6, Emulated ? EmulatorLimit : 1_000_000);
    }

    [Test]
    public void WrongShapesAreRefused()
    {
        var options = new TransportOptions(TransportKind.Official);
        double[] four = new double[4];
        var outcomes = new TransportOutcome[1];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => Run(new byte[4], new double[3], four, four, 2, 2), Throws.ArgumentException.With.Message.Contains("marginals.A"));
            Assert.That(() => Run(new byte[4], new double[2], new double[1], four, 2, 2), Throws.ArgumentException.With.Message.Contains("marginals.B"));
            Assert.That(() => Run(new byte[4], new double[2], new double[2], new double[5], 2, 2), Throws.ArgumentException.With.Message.Contains("5 values"));
            Assert.That(() => Run(new byte[5], new double[2], new double[2], four, 2, 2), Throws.ArgumentException.With.Message.Contains("5 values"));
            Assert.That(() => Run(new byte[65], new double[65], new double[1], new double[65], 65, 1), Throws.ArgumentException.With.Message.Contains("at most 64"));
        }

        void Run(byte[] cost, double[] a, double[] b, double[] plan, int n, int m) => _backend.SolveTransport(
            new CostMatrix<byte>(cost, 1, n, m), new Marginals(a, b), options, new TransportPlan(plan, [], [], 1, n, m), outcomes);
    }

    private static Problem Random(Random random, int n, int m, int costs) => new(
        [.. Enumerable.Range(0, n).Select(_ => Enumerable.Range(0, m).Select(_ => (double)random.Next(costs)).ToArray())], Mass(random, n), Mass(random, m));

    private static double[] Mass(Random random, int count)
    {
        double[] weights = [.. Enumerable.Range(0, count).Select(_ => Math.Exp(-6 * random.NextDouble()))];
        return [.. weights.Select(w => w / weights.Sum())];
    }

    private void AssertBatch(int n, int m, Problem[] problems, double lambda, double tolerance, int limit = 1_000_000)
    {
        (double[] plans, TransportOutcome[] outcomes) = Solve(n, m, problems, lambda, tolerance, limit);
        for (int p = 0; p < problems.Length; p++)
        {
            (double[][] expected, int iterations, OfficialSinkhornOracle.Ending ending) =
                OfficialSinkhornOracle.Solve(problems[p].Cost, problems[p].A, problems[p].B, lambda, tolerance, limit);
            string name = $"{n} x {m}, problem {p}, lambda {lambda}";
            Assert.That(outcomes[p].Iterations, Is.EqualTo(iterations), name);
            Assert.That(outcomes[p].Status, Is.EqualTo(ending switch
            {
                OfficialSinkhornOracle.Ending.NotANumber => TransportStatus.NotFinite,
                OfficialSinkhornOracle.Ending.Stopped => TransportStatus.Converged,
                _ => TransportStatus.IterationLimit,
            }), name);
            double[] flat = [.. expected.SelectMany(row => row)];
            for (int at = 0; at < flat.Length; at++)
            {
                double actual = plans[(p * n * m) + at];
                if (double.IsNaN(flat[at]) ? !double.IsNaN(actual) : !(Math.Abs(actual - flat[at]) <= 1e-12))
                    Assert.Fail($"{name}, entry {at / m}, {at % m}: {actual:R} instead of {flat[at]:R}");
            }

            double error = expected.Zip(problems[p].A, (row, a) => Math.Abs(row.Sum() - a)).Sum()
                + Enumerable.Range(0, m).Sum(j => Math.Abs(expected.Sum(row => row[j]) - problems[p].B[j]));
            Assert.That(outcomes[p].MarginalError, double.IsNaN(error) ? Is.NaN : Is.EqualTo(error).Within(1e-11), name);
        }
    }

    /// <summary>Byte costs where they are whole numbers, else real ones.</summary>
    private (double[] Plans, TransportOutcome[] Outcomes) Solve(int n, int m, Problem[] problems, double lambda, double tolerance, int limit)
    {
        double[] cost = [.. problems.SelectMany(p => p.Cost).SelectMany(row => row)];
        double[] a = [.. problems.SelectMany(p => p.A)], b = [.. problems.SelectMany(p => p.B)], plans = new double[cost.Length];
        var outcomes = new TransportOutcome[problems.Length];
        var options = new TransportOptions(TransportKind.Official, 1 / lambda, tolerance, limit);
        var plan = new TransportPlan(plans, [], [], problems.Length, n, m);
        if (cost.All(double.IsInteger))
        {
            byte[] bytes = [.. cost.Select(v => (byte)v)];
            _backend.SolveTransport(new CostMatrix<byte>(bytes, problems.Length, n, m), new Marginals(a, b), options, plan, outcomes);
        }
        else
        {
            _backend.SolveTransport(new CostMatrix<double>(cost, problems.Length, n, m), new Marginals(a, b), options, plan, outcomes);
        }

        return (plans, outcomes);
    }

    private sealed record Problem(double[][] Cost, double[] A, double[] B);
}
