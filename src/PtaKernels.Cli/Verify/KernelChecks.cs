using System.Globalization;
using System.Text.Json;
using CommunityToolkit.HighPerformance;
using PtaKernels.Rules;
using PtaKernels.Transport;

namespace PtaKernels.Cli.Verify;

/// <summary>editdistance: <c>{a, b, d}</c>, Levenshtein over code points.</summary>
internal sealed class EditDistanceCheck(GoldenContext context) : GoldenCheck(context)
{
    public override GoldenResult Check(JsonElement row)
    {
        var tape = TokenTape.FromStrings([Text(row, "a"), Text(row, "b")]);
        var cost = new ushort[1, 1];
        Backend.ComputeCostMatrix(tape, [0], tape, [1], cost.AsSpan2D());
        int expected = row.GetProperty("d").GetInt32();
        return cost[0, 0] == expected ? GoldenResult.Pass : GoldenResult.Fail($"distance {cost[0, 0]}, expected {expected}");
    }

    private static string Text(JsonElement row, string field) => row.GetProperty(field).GetString() ?? throw new FormatException($"{field} is null");
}

/// <summary>dtw: token strings of both sides, their markers, the path's cost, its steps and the pairing.</summary>
internal sealed class PathCheck(GoldenContext context) : GoldenCheck(context)
{
    public override GoldenResult Check(JsonElement row)
    {
        UniqueTokenCosts costs = CostsOf(row, Backend);
        int length = costs.TargetColumns.Length;
        var path = new AlignmentPath();
        costs.FindPath(Backend, path);
        double cost = row.GetProperty("cost").GetDouble();
        if (path.Cost != cost)
            return GoldenResult.Fail($"path cost {path.Cost}, expected {cost.ToString(CultureInfo.InvariantCulture)}");
        int[][] matches = GoldenJson.IntegerRows(row.GetProperty("matches"));
        if (matches.Length != path.Steps.Length)
            return GoldenResult.Fail($"{path.Steps.Length} path steps, expected {matches.Length}");
        for (int s = 0; s < matches.Length; s++)
        {
            if (path.Steps[s] != (matches[s][0], matches[s][1]))
                return GoldenResult.Fail($"path step {s} is {path.Steps[s]}, expected ({matches[s][0]}, {matches[s][1]})");
        }

        var pairing = TokenPairing.FromPath(path, length);
        int[][] expected = GoldenJson.IntegerRows(row.GetProperty("target_to_source"));
        if (expected.Length != length)
            return GoldenResult.Fail($"{length} target tokens are paired, expected {expected.Length}");
        for (int t = 0; t < expected.Length; t++)
        {
            if (!Enumerable.Range(pairing.FirstOf(t), pairing.CountOf(t)).SequenceEqual(expected[t]))
                return GoldenResult.Fail($"target token {t} is paired with source {pairing.FirstOf(t)}..{pairing.LastOf(t)}, expected [{string.Join(", ", expected[t])}]");
        }

        return GoldenResult.Pass;
    }

    /// <summary>The costs between a row's distinct tokens, markers removed.</summary>
    public static UniqueTokenCosts CostsOf(JsonElement row, IKernelBackend backend)
    {
        (TokenTape source, int[] sourceIds) = Stripped(row.GetProperty("source_tokens"), row.GetProperty("source_special"));
        (TokenTape target, int[] targetIds) = Stripped(row.GetProperty("target_tokens"), row.GetProperty("target_special"));
        return new UniqueTokenCosts(backend, source, sourceIds, target, targetIds);
    }

    private static (TokenTape Tape, int[] Ids) Stripped(JsonElement tokens, JsonElement marker)
    {
        string[] strings = GoldenJson.Strings(tokens);
        string[] distinct = [.. strings.Distinct(StringComparer.Ordinal)];
        Dictionary<string, int> index = distinct.Index().ToDictionary(static p => p.Item, static p => p.Index, StringComparer.Ordinal);
        var tape = TokenTape.FromStrings([.. distinct.Select(s => s.Replace(marker.GetString()!, "", StringComparison.Ordinal))]);
        return (tape, [.. strings.Select(s => index[s])]);
    }
}

/// <summary>sinkhorn: one problem of the official loop with its plan, transport cost and number of loop bodies.</summary>
internal sealed class SinkhornCheck(GoldenContext context) : GoldenCheck(context)
{
    /// <summary>SPEC A4.</summary>
    private const double PlanTolerance = 1e-12;

    public override GoldenResult Check(JsonElement row)
    {
        double[][] cost = GoldenJson.NumberRows(row.GetProperty("cost"));
        int n = cost.Length, m = cost[0].Length;
        double[] a = GoldenJson.Numbers(row.GetProperty("r")), b = GoldenJson.Numbers(row.GetProperty("c")), flat = [.. cost.SelectMany(static r => r)];
        double[] plan = new double[n * m];
        var outcome = new TransportOutcome[1];
        var options = new TransportOptions(
            TransportKind.Official, 1 / row.GetProperty("lambda").GetDouble(), row.GetProperty("epsilon").GetDouble());
        Backend.SolveTransport(
            new CostMatrix<double>(flat, 1, n, m), new Marginals(a, b), options, new TransportPlan(plan, [], [], 1, n, m), outcome);
        int iterations = row.GetProperty("iterations").GetInt32();
        if (outcome[0].Iterations != iterations)
            return GoldenResult.Fail($"{outcome[0].Iterations} iterations, expected {iterations}");
        double difference = GoldenJson.Difference(plan, [.. GoldenJson.NumberRows(row.GetProperty("P")).SelectMany(static r => r)]);
        if (!(difference <= PlanTolerance))
            return GoldenResult.Fail($"plan differs by {difference:G3}, allowed {PlanTolerance:G1}");
        double distance = plan.Zip(flat, static (p, c) => p * c).Sum(), expected = GoldenJson.Number(row.GetProperty("dist"));
        bool same = distance.Equals(expected) || Math.Abs(distance - expected) <= PlanTolerance * Math.Max(1, Math.Abs(expected)) * n * m;
        return same ? GoldenResult.Pass : GoldenResult.Fail($"transport cost {distance:G17}, expected {expected:G17}");
    }
}

/// <summary>exact_ot: the linear optimum, and for some rows the converged entropic plan at two lambdas; our certificates are recomputed on every row.</summary>
internal sealed class ExactTransportCheck(GoldenContext context) : GoldenCheck(context)
{
    private const double PlanTolerance = 1e-9;

    public override GoldenResult Check(JsonElement row)
    {
        var problem = new Problem(GoldenJson.NumberRows(row.GetProperty("cost")), GoldenJson.Numbers(row.GetProperty("r")), GoldenJson.Numbers(row.GetProperty("c")));
        double optimum = row.GetProperty("optimum").GetDouble();
        double slack = 1e-9 * Math.Max(1, problem.Cost.Max());
        (double[] plan, double[] u, double[] v, TransportOutcome outcome) = Solve(problem, TransportKind.Exact, 1);
        if (outcome.Status != TransportStatus.Converged)
            return GoldenResult.Fail($"exact ended as {outcome.Status}");
        double cost = problem.CostOf(plan);
        if (Math.Abs(cost - optimum) > slack + problem.UnseenCost)
            return GoldenResult.Fail($"exact cost {cost:G17}, expected {optimum:G17}");
        double dual = u.Zip(problem.A, static (x, y) => x * y).Sum() + v.Zip(problem.B, static (x, y) => x * y).Sum();
        if (Math.Abs(dual - cost) > slack)
            return GoldenResult.Fail($"exact duals give {dual:G17}, the plan costs {cost:G17}");
        if (problem.Cost.Index().Any(c => u[c.Index / problem.M] + v[c.Index % problem.M] > c.Item + slack))
            return GoldenResult.Fail("exact duals are not feasible: u + v exceeds a cost");
        if (problem.Cost.All(double.IsInteger) && !u.Concat(v).All(double.IsInteger))
            return GoldenResult.Fail("exact duals of integer costs are not integers");

        if (CheckEntropic(problem, 1.0 / 30, cost, slack, null) is { } failure)
            return GoldenResult.Fail(failure);
        if (row.TryGetProperty("entropic_plan", out JsonElement plans))
        {
            foreach (JsonProperty entry in plans.EnumerateObject())
            {
                double[] expected = [.. GoldenJson.NumberRows(entry.Value).SelectMany(static r => r)];
                double lambda = double.Parse(entry.Name, CultureInfo.InvariantCulture);
                if (CheckEntropic(problem, 1 / lambda, cost, slack, expected) is { } difference)
                    return GoldenResult.Fail(difference);
            }
        }

        return GoldenResult.Pass;
    }

    private string? CheckEntropic(Problem problem, double epsilon, double optimum, double slack, double[]? expected)
    {
        (double[] plan, double[] f, double[] g, TransportOutcome outcome) = Solve(problem, TransportKind.Balanced, epsilon);
        string at = $"balanced at epsilon {epsilon:G4}";
        if (outcome.Status != TransportStatus.Converged)
            return $"{at} ended as {outcome.Status}";
        ReadOnlySpan2D<double> costs = new(problem.Cost, problem.N, problem.M), entries = new(plan, problem.N, problem.M);
        double error = TransportCertificate.MarginalError(costs, problem.A, problem.B, f, g, epsilon);
        double deviation = TransportCertificate.PlanDeviation(entries, costs, problem.A, problem.B, f, g, epsilon);
        if (!(error <= TransportCertificate.MarginalTolerance && deviation <= TransportCertificate.PlanTolerance))
            return $"{at}: no certificate, marginal error {error:G3} and plan deviation {deviation:G3}";

        double cost = problem.CostOf(plan);
        if (cost < optimum - slack || cost > optimum + (epsilon * Math.Log(plan.Length)) + slack)
            return $"{at}: cost {cost:G17} lies outside [LP, LP + eps ln(nm)], LP = {optimum:G17}";
        double difference = expected is null ? 0 : GoldenJson.Difference(plan, expected);
        return difference <= PlanTolerance ? null : $"{at}: plan differs by {difference:G3}, allowed {PlanTolerance:G1}";
    }

    private (double[] Plan, double[] F, double[] G, TransportOutcome Outcome) Solve(Problem problem, TransportKind kind, double epsilon)
    {
        double[] plan = new double[problem.N * problem.M], f = new double[problem.N], g = new double[problem.M];
        var outcome = new TransportOutcome[1];
        Backend.SolveTransport(
            new CostMatrix<double>(problem.Cost, 1, problem.N, problem.M), new Marginals(problem.A, problem.B), new TransportOptions(kind, epsilon),
            new TransportPlan(plan, f, g, 1, problem.N, problem.M), outcome);
        return (plan, f, g, outcome[0]);
    }

    private sealed class Problem(double[][] cost, double[] a, double[] b)
    {
        public int N { get; } = cost.Length;

        public int M { get; } = cost[0].Length;

        public double[] Cost { get; } = [.. cost.SelectMany(static r => r)];

        public double[] A { get; } = a;

        public double[] B { get; } = b;

        /// <summary>
        /// What the golden optimum may miss: its solver (HiGHS, feasibility tolerance 1e-7) is free to leave out masses under that tolerance. Our own optimum is
        /// proven by its duals.
        /// </summary>
        public double UnseenCost { get; } = cost.Max(static r => r.Max()) * a.Concat(b).Where(static mass => mass < 1e-7).Sum();

        public double CostOf(double[] plan) => plan.Zip(Cost, static (p, c) => p * c).Sum();
    }
}
