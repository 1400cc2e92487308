using CommunityToolkit.HighPerformance;
using PtaKernels.Transport;

namespace PtaKernels.Cli.Verify.Random;

/// <summary>What a comparison says of one problem: a difference, a tie, or nothing.</summary>
internal readonly record struct Verdict(string? Difference, bool Tie = false);

/// <summary>Two backends' answers to one transport, within SPEC A4; certified ones also by their own certificate.</summary>
internal static class TransportComparison
{
    /// <summary>Two plan entries this close are one maximum.</summary>
    public const int TieUlps = AlignCheck.TieUlps;

    private static readonly double DefaultRho = new TransportOptions(TransportKind.Unbalanced).Rho;

    private const double OfficialPlans = 1e-12, CertifiedPlans = 1e-9;

    public static Verdict Official(TransportAnswer expected, TransportAnswer found, int p, double epsilon)
    {
        (TransportOutcome want, TransportOutcome have) = (expected.Outcomes[p], found.Outcomes[p]);
        if (want.Status != have.Status || want.Iterations != have.Iterations)
            return new Verdict($"{have.Status} after {have.Iterations}, expected {want.Status} after {want.Iterations}");
        if (want.Status == TransportStatus.NotFinite)
            return default;
        if (LargestDifference(expected, found, p) is var difference && !(difference <= OfficialPlans))
            return new Verdict($"the plan differs by {difference}");
        return FirstMaxima(expected.PlanOf(p), found.PlanOf(p), expected.M);
    }

    public static Verdict SemiRelaxed(TransportAnswer expected, TransportAnswer found, int p, double epsilon)
    {
        if (expected.Outcomes[p].Status != found.Outcomes[p].Status)
            return new Verdict($"{found.Outcomes[p].Status}, expected {expected.Outcomes[p].Status}");
        double difference = LargestDifference(expected, found, p);
        return difference <= CertifiedPlans ? default : new Verdict($"the plan differs by {difference}");
    }

    public static Verdict Balanced(TransportAnswer expected, TransportAnswer found, int p, double epsilon) => Certified(expected, found, p, epsilon, double.PositiveInfinity);

    /// <summary>At the default penalty.</summary>
    public static Verdict Unbalanced(TransportAnswer expected, TransportAnswer found, int p, double epsilon) => Certified(expected, found, p, epsilon, DefaultRho);

    private static Verdict Certified(TransportAnswer expected, TransportAnswer found, int p, double epsilon, double rho)
    {
        if (found.Outcomes[p].Status != expected.Outcomes[p].Status)
            return new Verdict($"{found.Outcomes[p].Status}, expected {expected.Outcomes[p].Status}");
        if (found.Outcomes[p].Status != TransportStatus.Converged)
            return default;
        double[,] cost = CostsOf(found, p);
        ReadOnlySpan<double> a = found.A.AsSpan(p * found.N, found.N), b = found.B.AsSpan(p * found.M, found.M);
        ReadOnlySpan<double> f = found.F.AsSpan(p * found.N, found.N), g = found.G.AsSpan(p * found.M, found.M);
        double error = TransportCertificate.MarginalError(cost, a, b, f, g, epsilon, rho);
        double deviation = TransportCertificate.PlanDeviation(ReadOnlySpan2D<double>.DangerousCreate(in found.PlanOf(p)[0], found.N, found.M, 0), cost, a, b, f, g, epsilon);
        if (!(error <= TransportCertificate.MarginalTolerance))
            return new Verdict($"the certificate's marginal error is {error}");
        if (!(deviation <= TransportCertificate.PlanTolerance))
            return new Verdict($"the plan is {deviation} off its potentials");
        double difference = LargestDifference(expected, found, p);
        return difference <= CertifiedPlans ? default : new Verdict($"the plan differs by {difference}");
    }

    public static Verdict Exact(TransportAnswer expected, TransportAnswer found, int p, double epsilon)
    {
        if (found.Outcomes[p].Status != expected.Outcomes[p].Status)
            return new Verdict($"{found.Outcomes[p].Status}, expected {expected.Outcomes[p].Status}");
        double slack = 0, cost = 0, expectedCost = 0, dual = 0, largest = 1;
        for (int i = 0; i < found.N; i++)
        {
            dual += found.A[(p * found.N) + i] * found.F[(p * found.N) + i];
            for (int j = 0; j < found.M; j++)
            {
                double c = found.CostOf(p, i, j);
                largest = Math.Max(largest, c);
                slack = Math.Max(slack, found.F[(p * found.N) + i] + found.G[(p * found.M) + j] - c);
                cost += c * found.PlanOf(p)[(i * found.M) + j];
                expectedCost += c * expected.PlanOf(p)[(i * found.M) + j];
            }
        }

        for (int j = 0; j < found.M; j++)
            dual += found.B[(p * found.M) + j] * found.G[(p * found.M) + j];
        double allowed = 1e-9 * largest;
        if (!(Math.Abs(cost - expectedCost) <= allowed) || !(Math.Abs(cost - dual) <= allowed) || !(slack <= 1e-12))
            return new Verdict($"cost {cost}, expected {expectedCost}, duals {dual} with slack {slack}");
        return AreWhole(found.F.AsSpan(p * found.N, found.N)) && AreWhole(found.G.AsSpan(p * found.M, found.M)) ? default : new Verdict("a dual of integer costs is not an integer");
    }

    /// <summary>The first of each row's largest entries, which is what the official projection takes.</summary>
    private static Verdict FirstMaxima(ReadOnlySpan<double> expected, ReadOnlySpan<double> found, int m)
    {
        bool tie = false;
        for (int at = 0; at < expected.Length; at += m)
        {
            ReadOnlySpan<double> row = expected.Slice(at, m);
            int want = FirstMaximum(row), have = FirstMaximum(found.Slice(at, m));
            if (want == have)
                continue;
            if (Math.Abs(BitConverter.DoubleToInt64Bits(row[want]) - BitConverter.DoubleToInt64Bits(row[have])) > TieUlps)
                return new Verdict($"the largest entry of row {at / m} stands in column {have}, expected {want}");
            tie = true;
        }

        return new Verdict(null, tie);
    }

    private static int FirstMaximum(ReadOnlySpan<double> row)
    {
        int first = 0;
        for (int j = 1; j < row.Length; j++)
        {
            if (row[j] > row[first])
                first = j;
        }

        return first;
    }

    private static bool AreWhole(ReadOnlySpan<double> values)
    {
        foreach (double value in values)
        {
            if (value != Math.Round(value))
                return false;
        }

        return true;
    }

    private static double LargestDifference(TransportAnswer expected, TransportAnswer found, int p)
    {
        ReadOnlySpan<double> want = expected.PlanOf(p), have = found.PlanOf(p);
        double largest = 0;
        for (int c = 0; c < want.Length; c++)
            largest = Math.Max(largest, double.IsNaN(want[c]) && double.IsNaN(have[c]) ? 0 : Math.Abs(want[c] - have[c]));
        return largest;
    }

    private static double[,] CostsOf(TransportAnswer answer, int p)
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
