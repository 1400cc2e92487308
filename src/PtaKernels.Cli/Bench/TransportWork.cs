using System.Text.Json;
using CommunityToolkit.HighPerformance;
using PtaKernels.Cli.Verify;
using PtaKernels.Transport;

namespace PtaKernels.Cli.Bench;

/// <summary>Transports of one shape, one epsilon and one tolerance, the official answers that are expected, and room for a backend's own.</summary>
internal sealed class TransportWork
{
    /// <summary>SPEC A4.</summary>
    private const double PlanTolerance = 1e-12;

    private readonly double[] _plan;
    private readonly double[] _f;
    private readonly double[] _g;
    private readonly TransportOutcome[] _outcomes;
    private readonly double _epsilon;
    private readonly double _tolerance;

    /// <summary>Takes the arrays over.</summary>
    /// <param name="k">Candidates of each side.</param>
    /// <param name="epsilon">Epsilon of all problems.</param>
    /// <param name="tolerance">Stop of the official loop.</param>
    /// <param name="cost">[count, k, k].</param>
    /// <param name="a">[count, k].</param>
    /// <param name="b">[count, k].</param>
    /// <param name="expected">[count, k, k] the official plans; empty where they are not known.</param>
    /// <param name="expectedIterations">[count] iterations of the official loop; empty likewise.</param>
    public TransportWork(int k, double epsilon, double tolerance, byte[] cost, double[] a, double[] b, double[] expected, int[] expectedIterations)
    {
        (K, _epsilon, _tolerance, Cost, A, B, Expected, ExpectedIterations) = (k, epsilon, tolerance, cost, a, b, expected, expectedIterations);
        _plan = new double[cost.Length];
        _f = new double[a.Length];
        _g = new double[b.Length];
        _outcomes = new TransportOutcome[Count];
    }

    /// <summary>Candidates of each side.</summary>
    public int K { get; }

    /// <summary>Number of problems.</summary>
    public int Count => A.Length / K;

    public byte[] Cost { get; }

    public double[] A { get; }

    public double[] B { get; }

    public double[] Expected { get; }

    /// <summary>Iterations of what was solved last, all problems together.</summary>
    public long Iterations => _outcomes.Sum(static o => (long)o.Iterations);

    /// <summary>What was solved last.</summary>
    public double[] Plan => _plan;

    public int[] ExpectedIterations { get; }

    public TransportOptions OfficialOptions => new(TransportKind.Official, _epsilon, _tolerance);

    public TransportOptions CertifiedOptions => new(TransportKind.Balanced, _epsilon);

    public TransportOptions GreenkhornOptions => new(TransportKind.Balanced, _epsilon, Solver: TransportSolver.Greenkhorn);

    public TransportOptions UnbalancedOptions => new(TransportKind.Unbalanced, _epsilon, Rho: AlignmentPreset.Fusion.Rho);

    public TransportOptions SemiRelaxedOptions => new(TransportKind.SemiRelaxed, _epsilon);

    /// <summary>Golden problems of one lambda and one tolerance.</summary>
    public static TransportWork OfGolden(int k, double lambda, double tolerance, JsonElement[] rows) => new(
        k, 1 / lambda, tolerance, [.. rows.SelectMany(static r => Flat(r, "cost")).Select(static c => checked((byte)c))],
        [.. rows.SelectMany(static r => GoldenJson.Numbers(r.GetProperty("r")))], [.. rows.SelectMany(static r => GoldenJson.Numbers(r.GetProperty("c")))],
        [.. rows.SelectMany(static r => Flat(r, "P"))], [.. rows.Select(static r => r.GetProperty("iterations").GetInt32())]);

    /// <summary>The problems that the official loop ends within some iterations and whose plan is a number; what a backend answers becomes what is expected.</summary>
    public TransportWork AnsweredBy(IKernelBackend backend, int mostIterations)
    {
        Solve(backend, OfficialOptions with { MaxIterations = mostIterations }, withPotentials: false);
        int[] kept = [.. Enumerable.Range(0, Count).Where(p => _outcomes[p].Status == TransportStatus.Converged && Array.TrueForAll(_plan[(p * K * K)..((p + 1) * K * K)], double.IsFinite))];
        return new TransportWork(K, _epsilon, _tolerance, Of(Cost, K * K), Of(A, K), Of(B, K), Of(_plan, K * K), [.. kept.Select(p => _outcomes[p].Iterations)]);

        T[] Of<T>(T[] values, int each) => [.. kept.SelectMany(p => values[(p * each)..((p + 1) * each)])];
    }

    /// <summary>The same problems with both sides scaled to sum 1.</summary>
    public TransportWork Normalised() => new(K, _epsilon, _tolerance, Cost, ToOne(A), ToOne(B), Expected, ExpectedIterations);

    public void Solve(IKernelBackend backend, in TransportOptions options, bool withPotentials)
    {
        var destination = new TransportPlan(_plan, withPotentials ? _f : [], withPotentials ? _g : [], Count, K, K);
        backend.SolveTransport(new CostMatrix<byte>(Cost, Count, K, K), new Marginals(A, B), options, destination, _outcomes);
    }

    /// <summary>The official loop's plans and iterations.</summary>
    public void RequireOfficial(string id, IKernelBackend backend)
    {
        Solve(backend, OfficialOptions, withPotentials: false);
        for (int p = 0; p < Count; p++)
        {
            if (_outcomes[p].Iterations != ExpectedIterations[p])
                throw BenchData.Wrong(id, $"problem {p} took {_outcomes[p].Iterations} iterations, expected {ExpectedIterations[p]}");
        }

        RequirePlan(id, Expected);
    }

    /// <summary>The certificate of SPEC A3.4, recomputed from the potentials.</summary>
    /// <param name="id">The case.</param>
    /// <param name="backend">Whose answers.</param>
    /// <param name="options">Of a certified coupling of these problems.</param>
    public void RequireCertificates(string id, IKernelBackend backend, in TransportOptions options)
    {
        Solve(backend, options, withPotentials: true);
        double rho = options.Kind == TransportKind.Unbalanced ? options.Rho : double.PositiveInfinity;
        double[] real = [.. Cost];
        for (int p = 0; p < Count; p++)
        {
            var cost = new ReadOnlySpan2D<double>(real, p * K * K, K, K, 0);
            var plan = new ReadOnlySpan2D<double>(_plan, p * K * K, K, K, 0);
            ReadOnlySpan<double> a = A.AsSpan(p * K, K), b = B.AsSpan(p * K, K), f = _f.AsSpan(p * K, K), g = _g.AsSpan(p * K, K);
            double error = TransportCertificate.MarginalError(cost, a, b, f, g, _epsilon, rho);
            double deviation = TransportCertificate.PlanDeviation(plan, cost, a, b, f, g, _epsilon);
            if (_outcomes[p].Status != TransportStatus.Converged || !(error <= TransportCertificate.MarginalTolerance && deviation <= TransportCertificate.PlanTolerance))
                throw BenchData.Wrong(id, $"problem {p} ended as {_outcomes[p].Status}, marginal error {error:G3}, plan deviation {deviation:G3}");
        }
    }

    /// <summary>The closed form of SPEC A3.4, worked out here: each row's mass by the softmax of its costs.</summary>
    public void RequireSemiRelaxed(string id, IKernelBackend backend)
    {
        Solve(backend, SemiRelaxedOptions, withPotentials: false);
        double[] right = new double[_plan.Length];
        for (int i = 0; i < A.Length; i++)
        {
            byte[] costs = Cost[(i * K)..((i + 1) * K)];
            double[] weights = [.. costs.Select(c => Math.Exp((costs.Min() - c) / _epsilon))];
            for (int j = 0; j < K; j++)
                right[(i * K) + j] = A[i] * weights[j] / weights.Sum();
        }

        if (Array.FindIndex(_outcomes, static o => o.Status != TransportStatus.Converged) is var p and >= 0)
            throw BenchData.Wrong(id, $"problem {p} ended as {_outcomes[p].Status}");
        RequirePlan(id, right);
    }

    private void RequirePlan(string id, double[] right)
    {
        double difference = GoldenJson.Difference(_plan, right);
        if (!(difference <= PlanTolerance))
            throw BenchData.Wrong(id, $"a plan differs by {difference:G3}, allowed {PlanTolerance:G1}");
    }

    private static double[] Flat(JsonElement row, string name) => [.. GoldenJson.NumberRows(row.GetProperty(name)).SelectMany(static r => r)];

    private double[] ToOne(double[] marginals) => [.. marginals.Chunk(K).SelectMany(static m =>
    {
        double sum = m.Sum();
        return m.Select(v => v / sum);
    })];
}
