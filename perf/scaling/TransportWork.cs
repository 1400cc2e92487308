using PtaKernels.Cli.Bench;
using PtaKernels.Reference;
using PtaKernels.Transport;

namespace PtaKernels.Scaling;

/// <summary>Transports between candidates of real text, k by k: costs are edits between the tokens' official strings, masses a softmax over the lists.</summary>
internal sealed class TransportWork
{
    private readonly double[] _a, _b, _plan;
    private readonly byte[] _cost;
    private readonly int[] _source, _target;
    private readonly TransportOutcome[] _outcomes;
    private readonly VocabularyPair _pair;

    public TransportWork(RealTexts texts, int problems, int k)
    {
        (Count, K, _pair) = (problems, k, texts.Pair);
        (_source, double[] sourceValues, _target, double[] targetValues) = texts.Candidates(problems, k);
        (_a, _b) = (Softmax(sourceValues, k), Softmax(targetValues, k));
        _cost = new byte[problems * k * k];
        _plan = new double[_cost.Length];
        _outcomes = new TransportOutcome[problems];
        FillCosts(new ReferenceBackend());
    }

    /// <summary>The couplings that are measured.</summary>
    public static (string Name, TransportKind Kind)[] Kinds { get; } = [("official", TransportKind.Official), ("balanced, certified", TransportKind.Balanced), ("semi-relaxed", TransportKind.SemiRelaxed)];

    public int Count { get; }

    public int K { get; }

    /// <summary>Solves all problems in one call.</summary>
    public PassLoop Transports(IKernelBackend backend, TransportKind kind) => new(backend.Name, Count, () => Solve(backend, kind));

    /// <summary>Makes the cost matrices of all problems in one call.</summary>
    public PassLoop Costs(IKernelBackend backend) => new(backend.Name, Count, () => FillCosts(backend));

    /// <summary>The most that the machine could do.</summary>
    public Func<RateLimit?> Limit(IKernelBackend backend, KernelLimits? limits, TransportKind kind) => () =>
    {
        if (limits is null || kind == TransportKind.SemiRelaxed)
            return limits?.SemiRelaxed(K, K);
        Solve(backend, kind);
        long iterations = _outcomes.Sum(static o => (long)o.Iterations);
        return kind == TransportKind.Official ? limits.Official(Count, iterations, K, K) : limits.Balanced(Count, iterations, K, K);
    };

    /// <summary>The first problems have the plain backend's plans, or plans that a certificate allows; costs are the plain backend's.</summary>
    /// <exception cref="AlignmentDataException">They are not.</exception>
    public void Require(IKernelBackend backend, TransportKind kind)
    {
        int first = Math.Min(Count, 8), cells = first * K * K;
        byte[] costs = [.. _cost];
        FillCosts(backend);
        if (!costs.AsSpan().SequenceEqual(_cost))
            throw BenchData.Wrong("transport", $"costs of {K} x {K} candidates differ from the plain backend's");
        Solve(backend, kind);
        double[] plans = _plan[..cells];
        int failed = Array.FindIndex(_outcomes, static o => o.Status != TransportStatus.Converged);
        if (failed >= 0)
            throw BenchData.Wrong("transport", $"{kind} problem {failed} of {K} x {K} ended as {_outcomes[failed].Status}");
        new ReferenceBackend().SolveTransport(
            new CostMatrix<byte>(_cost.AsSpan(0, cells), first, K, K), new Marginals(_a.AsSpan(0, first * K), _b.AsSpan(0, first * K)), new TransportOptions(kind),
            new TransportPlan(_plan.AsSpan(0, cells), [], [], first, K, K), _outcomes.AsSpan(0, first));
        double tolerance = kind == TransportKind.Official ? TransportCertificate.PlanTolerance : 2 * TransportCertificate.MarginalTolerance;
        for (int c = 0; c < cells; c++)
        {
            if (!(Math.Abs(plans[c] - _plan[c]) <= tolerance))
                throw BenchData.Wrong("transport", $"a {kind} plan of {K} x {K} differs by {Math.Abs(plans[c] - _plan[c]):G3}");
        }
    }

    private void Solve(IKernelBackend backend, TransportKind kind) => backend.SolveTransport(
        new CostMatrix<byte>(_cost, Count, K, K), new Marginals(_a, _b), new TransportOptions(kind), new TransportPlan(_plan, [], [], Count, K, K), _outcomes);

    private void FillCosts(IKernelBackend backend) => backend.ComputeCostMatrices(_pair.Official.SourceStripped, _source, _pair.Official.TargetStripped, _target, K, K, _cost);

    private static double[] Softmax(double[] logits, int k) => [.. logits.Chunk(k).SelectMany(static row =>
    {
        double[] powers = [.. row.Select(v => Math.Exp(v - row[0]))];
        double sum = powers.Sum();
        double[] shares = [.. powers.Select(p => p / sum)];
        // What rounding leaves goes to the largest, so that both sides of a problem have the same mass.
        shares[0] += 1 - shares.Sum();
        return shares;
    })];
}
