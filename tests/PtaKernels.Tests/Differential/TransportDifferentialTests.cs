using PtaKernels.Transport;

namespace PtaKernels.Tests.Differential;

/// <summary>Transports of every kind, sides log-uniform 1..64, within SPEC A4 of the plain backend's; certified ones also by their own certificate.</summary>
[Category("Long")]
public sealed class TransportDifferentialTests
{
    private const int Million = 1_000_000;
    private const double PlanTolerance = 1e-12;
    private const double CertifiedPlans = 1e-9;
    private const double Epsilon = 1.0 / 30;

    /// <summary>Bodies after which the loop is stopped on both sides: slow problems are compared as far as they got.</summary>
    private const int OfficialLimit = 150;

    /// <summary>Problems of one shape: several times the widest lanes, and no multiple of them.</summary>
    private const int Batch = 50;

    [Test]
    public void Official() => DifferentialRun.Run("official transport", Million, static (random, plain) =>
        Solve(random, plain, new TransportOptions(TransportKind.Official, Epsilon, 1e-5, OfficialLimit), CompareOfficial));

    [Test]
    public void SemiRelaxed() => DifferentialRun.Run("semi-relaxed transport", Million, static (random, plain) =>
        Solve(random, plain, new TransportOptions(TransportKind.SemiRelaxed, Epsilon), CompareSemiRelaxed));

    [Test]
    public void Balanced() => BalancedProblems(50_000);

    [Test]
    public void Exact() => ExactProblems(50_000);

    [Test]
    [Category("Nightly")]
    public void AMillionBalanced() => BalancedProblems(Million);

    [Test]
    [Category("Nightly")]
    public void AMillionExact() => ExactProblems(Million);

    private static void BalancedProblems(int count) => DifferentialRun.Run("balanced transport", count, static (random, plain) =>
        Solve(random, plain, new TransportOptions(TransportKind.Balanced, Epsilon), CompareBalanced));

    private static void ExactProblems(int count) => DifferentialRun.Run("exact transport", count, static (random, plain) =>
        Solve(random, plain, new TransportOptions(TransportKind.Exact), CompareExact));

    private sealed record Answer(int N, int M, byte[] Cost, double[] A, double[] B, double[] Plan, double[] F, double[] G, TransportOutcome[] Outcomes)
    {
        public ReadOnlySpan<double> PlanOf(int p) => Plan.AsSpan(p * N * M, N * M);

        public double CostOf(int p, int i, int j) => Cost[(((p * N) + i) * M) + j];
    }

    private delegate IEnumerable<string> Comparison(Answer expected, Answer found, int problem, double epsilon);

    private static Chunk Solve(Random random, IKernelBackend plain, TransportOptions options, Comparison compare)
    {
        int n = DifferentialRun.LogUniform(random, 64), m = DifferentialRun.LogUniform(random, 64);
        var cost = new byte[Batch * n * m];
        double[] a = new double[Batch * n], b = new double[Batch * m];
        for (int p = 0; p < Batch; p++)
        {
            bool ties = DifferentialRun.Ties(random);
            int most = ties ? random.Next(1, 3) : random.Next(3) == 0 ? 254 : 12;
            foreach (ref byte c in cost.AsSpan(p * n * m, n * m))
                c = (byte)random.Next(most + 1);
            Masses(random, a.AsSpan(p * n, n), ties);
            Masses(random, b.AsSpan(p * m, m), ties);
        }

        Answer expected = SolveOn(plain, cost, a, b, n, m, options);
        return new Chunk(Batch, backend =>
        {
            Answer found = SolveOn(backend, cost, a, b, n, m, options);
            return Enumerable.Range(0, Batch).SelectMany(p => compare(expected, found, p, options.Epsilon).Select(d => $"problem {p} of [{n}, {m}]: {d}"));
        });
    }

    private static Answer SolveOn(IKernelBackend backend, byte[] cost, double[] a, double[] b, int n, int m, TransportOptions options)
    {
        var answer = new Answer(n, m, cost, a, b, new double[Batch * n * m], new double[Batch * n], new double[Batch * m], new TransportOutcome[Batch]);
        backend.SolveTransport(
            new CostMatrix<byte>(cost, Batch, n, m), new Marginals(a, b), options, new TransportPlan(answer.Plan, answer.F, answer.G, Batch, n, m), answer.Outcomes);
        return answer;
    }

    /// <summary>Masses of sum 1 as softmax gives them; with ties all equal, and sometimes some of them zero.</summary>
    private static void Masses(Random random, Span<double> masses, bool ties)
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

    private static IEnumerable<string> CompareOfficial(Answer expected, Answer found, int p, double epsilon)
    {
        (TransportOutcome want, TransportOutcome have) = (expected.Outcomes[p], found.Outcomes[p]);
        if (want.Status != have.Status || want.Iterations != have.Iterations)
            yield return $"{have.Status} after {have.Iterations}, expected {want.Status} after {want.Iterations}";
        if (LargestDifference(expected, found, p) is var difference && !(difference <= PlanTolerance) && want.Status != TransportStatus.NotFinite)
            yield return $"the plan differs by {difference}";
    }

    private static IEnumerable<string> CompareSemiRelaxed(Answer expected, Answer found, int p, double epsilon)
    {
        if (expected.Outcomes[p].Status != found.Outcomes[p].Status)
            yield return $"{found.Outcomes[p].Status}, expected {expected.Outcomes[p].Status}";
        if (LargestDifference(expected, found, p) is var difference && !(difference <= CertifiedPlans))
            yield return $"the plan differs by {difference}";
    }

    private static IEnumerable<string> CompareBalanced(Answer expected, Answer found, int p, double epsilon)
    {
        if (found.Outcomes[p].Status != expected.Outcomes[p].Status)
            yield return $"{found.Outcomes[p].Status}, expected {expected.Outcomes[p].Status}";
        if (found.Outcomes[p].Status != TransportStatus.Converged)
            yield break;
        double[,] cost = CostsOf(found, p);
        ReadOnlySpan<double> a = found.A.AsSpan(p * found.N, found.N), b = found.B.AsSpan(p * found.M, found.M);
        ReadOnlySpan<double> f = found.F.AsSpan(p * found.N, found.N), g = found.G.AsSpan(p * found.M, found.M);
        double error = TransportCertificate.MarginalError(cost, a, b, f, g, epsilon);
        double deviation = TransportCertificate.PlanDeviation(CommunityToolkit.HighPerformance.ReadOnlySpan2D<double>.DangerousCreate(in found.PlanOf(p)[0], found.N, found.M, 0), cost, a, b, f, g, epsilon);
        double difference = LargestDifference(expected, found, p);
        if (!(error <= TransportCertificate.MarginalTolerance))
            yield return $"the certificate's marginal error is {error}";
        if (!(deviation <= TransportCertificate.PlanTolerance))
            yield return $"the plan is {deviation} off its potentials";
        if (expected.Outcomes[p].Status == TransportStatus.Converged && !(difference <= CertifiedPlans))
            yield return $"the plan differs by {difference}";
    }

    private static IEnumerable<string> CompareExact(Answer expected, Answer found, int p, double epsilon)
    {
        double slack = 0, cost = 0, expectedCost = 0, dual = 0;
        for (int i = 0; i < found.N; i++)
        {
            dual += found.A[(p * found.N) + i] * found.F[(p * found.N) + i];
            for (int j = 0; j < found.M; j++)
            {
                double c = found.CostOf(p, i, j);
                slack = Math.Max(slack, found.F[(p * found.N) + i] + found.G[(p * found.M) + j] - c);
                cost += c * found.PlanOf(p)[(i * found.M) + j];
                expectedCost += c * expected.PlanOf(p)[(i * found.M) + j];
            }
        }

        for (int j = 0; j < found.M; j++)
            dual += found.B[(p * found.M) + j] * found.G[(p * found.M) + j];
        double allowed = 1e-9 * Math.Max(1.0, found.Cost.AsSpan(p * found.N * found.M, found.N * found.M).ToArray().Max());
        if (found.Outcomes[p].Status != expected.Outcomes[p].Status)
            yield return $"{found.Outcomes[p].Status}, expected {expected.Outcomes[p].Status}";
        if (!(Math.Abs(cost - expectedCost) <= allowed) || !(Math.Abs(cost - dual) <= allowed) || !(slack <= 1e-12))
            yield return $"cost {cost}, expected {expectedCost}, duals {dual} with slack {slack}";
        if (found.F.Concat(found.G).Any(static v => v != Math.Round(v)))
            yield return "a dual of integer costs is not an integer";
    }

    private static double LargestDifference(Answer expected, Answer found, int p)
    {
        ReadOnlySpan<double> want = expected.PlanOf(p), have = found.PlanOf(p);
        double largest = 0;
        for (int c = 0; c < want.Length; c++)
            largest = Math.Max(largest, double.IsNaN(want[c]) && double.IsNaN(have[c]) ? 0 : Math.Abs(want[c] - have[c]));
        return largest;
    }

    private static double[,] CostsOf(Answer answer, int p)
    {
        var cost = new double[answer.N, answer.M];
        for (int i = 0; i < answer.N; i++)
        {
            for (int j = 0; j < answer.M; j++)
                cost[i, j] = answer.CostOf(p, i, j);
        }

        return cost;
    }
}
