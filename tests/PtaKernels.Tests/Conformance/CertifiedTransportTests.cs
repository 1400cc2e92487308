using PtaKernels.Reference;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

/// <summary>The transports other than the published loop, by what a reader of their output can check.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class CertifiedTransportTests(string backend)
{
    private const double Epsilon = 1.0 / 30;

    private readonly IKernelBackend _backend = BackendCases.Open(backend);

    private bool Emulated => BackendCases.IsEmulator(backend);

    [TestCase(1, 1)]
    [TestCase(1, 7)]
    [TestCase(9, 1)]
    [TestCase(2, 3)]
    [TestCase(10, 10)]
    [TestCase(16, 13)]
    [TestCase(5, 14)]
    [TestCase(17, 4)]
    [TestCase(32, 29)]
    [TestCase(30, 33)]
    public void BalancedPlansCarryTheirCertificate(int n, int m)
    {
        var random = new Random((64 * n) + m);
        foreach (int most in (int[])[12, 1])
        {
            Batch batch = Draw(random, n, m, Emulated ? n * m > 200 ? 1 : 3 : 40, most);
            Answer answer = Solve(batch, new TransportOptions(TransportKind.Balanced, Epsilon));
            for (int p = 0; p < batch.Count; p++)
                AssertCertified(batch, answer, p, Epsilon);
        }
    }

    /// <summary>Another solver of the same problem, down to where the kernel matrix underflows.</summary>
    [TestCase(1, 1)]
    [TestCase(3, 9)]
    [TestCase(10, 10)]
    [TestCase(33, 30)]
    public void GreenkhornPlansAreNewtons(int n, int m)
    {
        var random = new Random((66 * n) + m);
        foreach (int most in (int[])[12, 1, 254])
        {
            Batch batch = Draw(random, n, m, n * m > 200 ? 2 : 20, most);
            Answer answer = Solve(batch, new TransportOptions(TransportKind.Balanced, Epsilon, Solver: TransportSolver.Greenkhorn));
            Answer newton = Solve(new ReferenceBackend(), batch, new TransportOptions(TransportKind.Balanced, Epsilon));
            for (int p = 0; p < batch.Count; p++)
            {
                AssertCertified(batch, answer, p, Epsilon);
                Assert.That(TransportOracles.LargestDifference(answer.PlanOf(batch, p), newton.PlanOf(batch, p)), Is.LessThanOrEqualTo(1e-9));
            }
        }
    }

    [Test]
    public void GreenkhornSolvesTransportBalancedOnly()
    {
        Batch batch = Draw(new Random(9), 2, 3, 1, 4);
        foreach (TransportKind kind in Enum.GetValues<TransportKind>().Where(static k => k is not (TransportKind.Balanced or TransportKind.None)))
            Assert.That(() => Solve(batch, new TransportOptions(kind, Solver: TransportSolver.Greenkhorn)), Throws.ArgumentException);
    }

    [Test]
    public void GreenkhornMassesThatAreNoneOrNoNumber()
    {
        Batch batch = Draw(new Random(10), 3, 3, 4, 4);
        Array.Clear(batch.A, 0, 3);
        Array.Clear(batch.B, 0, 3);
        batch.A[4] = double.NaN;
        batch.B[6] += 0.5;
        Answer answer = Solve(batch, new TransportOptions(TransportKind.Balanced, Epsilon, Solver: TransportSolver.Greenkhorn));
        Assert.That(answer.Outcomes.Select(static o => o.Status), Is.EqualTo((TransportStatus[])[
            TransportStatus.Converged, TransportStatus.NotFinite, TransportStatus.ExactFallback, TransportStatus.Converged]));
        AssertCertified(batch, answer, 3, Epsilon);
    }

    [TestCase(1.0, 12)]
    [TestCase(0.005, 3)]
    [TestCase(0.1, 254)]
    public void BalancedPlansAtOtherTemperatures(double epsilon, int most)
    {
        Batch batch = Draw(new Random(most), 4, 5, Emulated ? 4 : 40, most);
        Answer answer = Solve(batch, new TransportOptions(TransportKind.Balanced, epsilon));
        for (int p = 0; p < batch.Count; p++)
            AssertCertified(batch, answer, p, epsilon);
    }

    [Test]
    public void BalancedMassesThatAreNoneOrNoNumber()
    {
        Batch batch = Draw(new Random(3), 4, 5, 5, 6);
        Array.Clear(batch.A, 0, 4);
        Array.Clear(batch.B, 0, 5);
        batch.A[5] = double.NaN;
        batch.B[10] = double.PositiveInfinity;
        batch.A[12] = -batch.A[12];
        Answer answer = Solve(batch, new TransportOptions(TransportKind.Balanced, Epsilon));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Outcomes.Select(static o => o.Status), Is.EqualTo((TransportStatus[])[
                TransportStatus.Converged, TransportStatus.NotFinite, TransportStatus.NotFinite, TransportStatus.NotFinite, TransportStatus.Converged]));
            Assert.That(answer.Plan[..20], Is.All.Zero);
            Assert.That(answer.Plan[20..80], Is.All.NaN);
            Assert.That(answer.F[4..16], Is.All.NaN);
            Assert.That(answer.G[5..20], Is.All.NaN);
        }

        AssertCertified(batch, answer, 4, Epsilon);
    }

    [TestCase(1, 1)]
    [TestCase(3, 10)]
    [TestCase(10, 3)]
    [TestCase(10, 20)]
    [TestCase(33, 64)]
    [TestCase(64, 2)]
    public void SemiRelaxedPlansAreTheClosedForm(int n, int m)
    {
        foreach (int most in (int[])[3, 254])
        {
            Batch batch = Draw(new Random(n + m), n, m, Emulated ? 5 : 40, most);
            Answer answer = Solve(batch, new TransportOptions(TransportKind.SemiRelaxed, Epsilon));
            for (int p = 0; p < batch.Count; p++)
            {
                Assert.That(answer.Outcomes[p].Status, Is.EqualTo(TransportStatus.Converged));
                Assert.That(answer.Outcomes[p].MarginalError, Is.LessThan(1e-14));
                double[,] plan = answer.PlanOf(batch, p), cost = batch.CostOf(p);
                for (int i = 0; i < n; i++)
                {
                    double[] costs = [.. Row(cost, i)];
                    double least = costs.Min();
                    double[] e = [.. costs.Select(c => Math.Exp((least - c) / Epsilon))];
                    double sum = e.Sum();
                    for (int j = 0; j < m; j++)
                    {
                        double expected = batch.A[(p * n) + i] * e[j] / sum;
                        if (!(Math.Abs(plan[i, j] - expected) <= 1e-14))
                            Assert.Fail($"problem {p}, {i}, {j}: {plan[i, j]}, not {expected}");
                    }
                }
            }

            Assert.That(answer.F, Is.All.NaN);
        }
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(-0.5)]
    public void SemiRelaxedMassesThatAreNoNumber(double bad)
    {
        Batch batch = Draw(new Random(5), 4, 3, 3, 6);
        batch.A[6] = bad;
        Answer answer = Solve(batch, new TransportOptions(TransportKind.SemiRelaxed, Epsilon));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Outcomes.Select(static o => o.Status), Is.EqualTo((TransportStatus[])[TransportStatus.Converged, TransportStatus.NotFinite, TransportStatus.Converged]));
            Assert.That(answer.Outcomes[1].MarginalError, Is.NaN);
            Assert.That(answer.Plan[12..24], Is.All.NaN);
            Assert.That(answer.Plan[..12].Concat(answer.Plan[24..]), Has.None.NaN);
        }
    }

    [Test]
    public void ExactPlansReachTheOptimum()
    {
        Batch batch = Draw(new Random(6), 3, 4, 6, 5);
        Answer answer = Solve(batch, new TransportOptions(TransportKind.Exact));
        for (int p = 0; p < batch.Count; p++)
        {
            double optimum = TransportOracles.OptimumByVertices(batch.CostOf(p), batch.A[(p * 3)..((p + 1) * 3)], batch.B[(p * 4)..((p + 1) * 4)]);
            Assert.That(TransportOracles.Cost(answer.PlanOf(batch, p), batch.CostOf(p)), Is.EqualTo(optimum).Within(1e-12));
        }
    }

    [TestCase(1, 1)]
    [TestCase(1, 7)]
    [TestCase(9, 1)]
    [TestCase(2, 3)]
    [TestCase(10, 10)]
    [TestCase(16, 13)]
    [TestCase(5, 14)]
    [TestCase(32, 29)]
    [TestCase(30, 33)]
    public void UnbalancedPlansCarryTheirCertificate(int n, int m)
    {
        var random = new Random((65 * n) + m);
        foreach ((int most, double rho) in ((int, double)[])[(12, 0.05), (1, 0.05), (12, 2), (3, 0.001), (254, 0.05)])
        {
            Batch batch = Draw(random, n, m, Emulated ? n * m > 200 ? 1 : 3 : 40, most);
            Answer answer = Solve(batch, new TransportOptions(TransportKind.Unbalanced, Epsilon, Rho: rho));
            Answer plain = Solve(new ReferenceBackend(), batch, new TransportOptions(TransportKind.Unbalanced, Epsilon, Rho: rho));
            for (int p = 0; p < batch.Count; p++)
            {
                AssertCertified(batch, answer, p, Epsilon, rho);
                double difference = TransportOracles.LargestDifference(answer.PlanOf(batch, p), plain.PlanOf(batch, p));
                Assert.That(difference, Is.LessThanOrEqualTo(1e-9), $"problem {p} of {n} x {m}, costs up to {most}, rho {rho}");
            }
        }
    }

    /// <summary>Sums may differ; a source without mass moves nothing, a target without mass takes nothing.</summary>
    [Test]
    public void UnbalancedMassesThatAreNoneOrNoNumber()
    {
        Batch batch = Draw(new Random(7), 4, 5, 7, 6);
        Array.Clear(batch.A, 0, 4);
        Array.Clear(batch.B, 5, 5);
        batch.A[9] = double.NaN;
        batch.B[15] = double.PositiveInfinity;
        batch.A[16] = -batch.A[16] - 0.1;
        for (int j = 25; j < 30; j++)
            batch.B[j] *= 3;
        for (int i = 24; i < 28; i++)
            batch.A[i] *= 1e-9;
        Answer answer = Solve(batch, new TransportOptions(TransportKind.Unbalanced, Epsilon));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Outcomes.Select(static o => o.Status), Is.EqualTo((TransportStatus[])[
                TransportStatus.Converged, TransportStatus.NotFinite, TransportStatus.NotFinite, TransportStatus.NotFinite, TransportStatus.NotFinite,
                TransportStatus.Converged, TransportStatus.Converged]));
            Assert.That(answer.Plan[..20], Is.All.Zero);
            Assert.That(answer.Plan[20..100], Is.All.NaN);
        }

        AssertCertified(batch, answer, 5, Epsilon, 0.05);
        AssertCertified(batch, answer, 6, Epsilon, 0.05);
    }

    [TestCase(0)]
    [TestCase(double.NaN)]
    public void ATemperatureThatIsNoneIsRefused(double epsilon)
    {
        Batch batch = Draw(new Random(8), 2, 2, 1, 3);
        Assert.That(() => Solve(batch, new TransportOptions(TransportKind.Balanced, epsilon)), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => Solve(batch, new TransportOptions(TransportKind.None)), Throws.ArgumentException);
    }

    /// <summary>The certificate from costs, masses and potentials alone; rho is infinite where the target is exact.</summary>
    private static void AssertCertified(Batch batch, Answer answer, int p, double epsilon, double rho = double.PositiveInfinity)
    {
        string name = $"problem {p} of {batch.N} x {batch.M}";
        double[] a = batch.A[(p * batch.N)..((p + 1) * batch.N)], b = batch.B[(p * batch.M)..((p + 1) * batch.M)];
        double[] g = answer.GOf(batch, p), wanted = [.. b.Select((mass, j) => mass == 0 ? 0 : mass * Math.Exp(-g[j] / rho))];
        double[,] implied = TransportOracles.Implied(batch.CostOf(p), answer.FOf(batch, p), g, epsilon);
        double error = TransportOracles.MarginalError(implied, a, wanted);
        Assert.That(answer.Outcomes[p].Status, Is.EqualTo(TransportStatus.Converged), name);
        Assert.That(error, Is.LessThanOrEqualTo(9e-10), name);
        Assert.That(answer.Outcomes[p].MarginalError, Is.EqualTo(error).Within(1e-13), name);
        Assert.That(TransportOracles.LargestDifference(answer.PlanOf(batch, p), implied), Is.LessThanOrEqualTo(1e-12), name);
    }

    private Answer Solve(Batch batch, TransportOptions options) => Solve(_backend, batch, options);

    private static Answer Solve(IKernelBackend backend, Batch batch, TransportOptions options)
    {
        var answer = new Answer(new double[batch.Cost.Length], new double[batch.A.Length], new double[batch.B.Length], new TransportOutcome[batch.Count]);
        backend.SolveTransport(
            new CostMatrix<byte>(batch.Cost, batch.Count, batch.N, batch.M), new Marginals(batch.A, batch.B), options,
            new TransportPlan(answer.Plan, answer.F, answer.G, batch.Count, batch.N, batch.M), answer.Outcomes);
        return answer;
    }

    private static Batch Draw(Random random, int n, int m, int count, int most)
    {
        byte[] cost = [.. Enumerable.Range(0, count * n * m).Select(_ => (byte)random.Next(most + 1))];
        return new Batch(n, m, count, cost, [.. Enumerable.Range(0, count).SelectMany(_ => Masses(random, n))], [.. Enumerable.Range(0, count).SelectMany(_ => Masses(random, m))]);
    }

    /// <summary>As softmax gives them; sometimes all equal, sometimes one of them zero.</summary>
    private static double[] Masses(Random random, int count)
    {
        double sharpness = random.Next(5) == 0 ? 0 : 12 * random.NextDouble();
        double[] weights = [.. Enumerable.Range(0, count).Select(_ => Math.Exp(sharpness * random.NextDouble()))];
        if (count > 1 && random.Next(4) == 0)
            weights[random.Next(count)] = 0;
        double sum = weights.Sum();
        return [.. weights.Select(w => w / sum)];
    }

    private sealed record Batch(int N, int M, int Count, byte[] Cost, double[] A, double[] B)
    {
        public double[,] CostOf(int p) => Matrix(N, M, at => Cost[(p * N * M) + at]);
    }

    private sealed record Answer(double[] Plan, double[] F, double[] G, TransportOutcome[] Outcomes)
    {
        public double[,] PlanOf(Batch batch, int p) => Matrix(batch.N, batch.M, at => Plan[(p * batch.N * batch.M) + at]);

        public double[] FOf(Batch batch, int p) => F[(p * batch.N)..((p + 1) * batch.N)];

        public double[] GOf(Batch batch, int p) => G[(p * batch.M)..((p + 1) * batch.M)];
    }

    private static IEnumerable<double> Row(double[,] matrix, int i) => Enumerable.Range(0, matrix.GetLength(1)).Select(j => matrix[i, j]);

    private static double[,] Matrix(int n, int m, Func<int, double> at)
    {
        double[,] matrix = new double[n, m];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
                matrix[i, j] = at((i * m) + j);
        }

        return matrix;
    }
}
