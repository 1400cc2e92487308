using PtaKernels.Tests.Oracles;
using PtaKernels.Transport;

namespace PtaKernels.Tests.Transport;

public sealed class ExactTransportTests
{
    [TestCaseSource(typeof(TransportProblem), nameof(TransportProblem.EveryShape), new object[] { 11 })]
    public void IsProvenOptimalByItsDuals_EveryShape(TransportProblem problem) => AssertProvenOptimal(problem);

    [TestCaseSource(typeof(TransportProblem), nameof(TransportProblem.EveryKind), new object[] { 12, 10, 10 })]
    [TestCaseSource(typeof(TransportProblem), nameof(TransportProblem.EveryKind), new object[] { 13, 9, 23 })]
    public void IsProvenOptimalByItsDuals_EveryKind(TransportProblem problem) => AssertProvenOptimal(problem);

    [Test]
    public void MatchesCheapestVertex()
    {
        Random random = new(14);
        for (int trial = 0; trial < 120; trial++)
        {
            TransportProblem problem = TransportProblem.Draw(random, random.Next(1, 4), random.Next(1, 4));
            double expected = TransportOracles.OptimumByVertices(problem.Cost, problem.A, problem.B);
            Assert.That(OptimumOf(problem), Is.EqualTo(expected).Within(1e-10), problem.Name);
        }
    }

    [Test]
    public void MatchesCycleCancelling()
    {
        Random random = new(15);
        for (int trial = 0; trial < 150; trial++)
        {
            TransportProblem problem = TransportProblem.Draw(random, random.Next(1, 17), random.Next(1, 17));
            double expected = TransportOracles.OptimumByCycles(problem.Cost, problem.A, problem.B);
            Assert.That(OptimumOf(problem), Is.EqualTo(expected).Within(1e-9), problem.Name);
        }
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(-1.0)]
    public void UnusableValuesGiveNaNEverywhere(double value)
    {
        for (int place = 0; place < 3; place++)
        {
            double[,] cost = { { 0, 1 }, { 1, place == 0 ? value : 0 } };
            double[] a = [0.5, place == 1 ? value : 0.5], b = [0.5, place == 2 ? value : 0.5], u = new double[2], v = new double[2];
            double[,] plan = new double[2, 2];
            TransportOutcome outcome = ExactTransport.Solve(cost, a, b, plan, u, v);
            Assert.That(outcome.Status, Is.EqualTo(TransportStatus.NotFinite));
            Assert.That(outcome.MarginalError, Is.NaN);
            Assert.That(plan.Cast<double>().Concat(u).Concat(v), Is.All.NaN);
        }
    }

    [Test]
    public void WrongShapesThrow()
    {
        double[,] cost = new double[2, 3];
        double[] two = new double[2], three = new double[3];
        Assert.That(() => ExactTransport.Solve(cost, three, three, new double[3, 3], three, three), Throws.ArgumentException);
        Assert.That(() => ExactTransport.Solve(cost, two, two, cost, two, two), Throws.ArgumentException);
        Assert.That(() => ExactTransport.Solve(cost, two, three, cost, two, two), Throws.ArgumentException);
        Assert.That(() => ExactTransport.Solve(cost, two, three, new double[3, 2], two, three), Throws.ArgumentException);
        Assert.That(() => ExactTransport.Solve(new double[0, 0], [], [], new double[0, 0], [], []), Throws.ArgumentException);
        double[] tall = new double[65];
        Assert.That(() => ExactTransport.Solve(new double[65, 2], tall, two, new double[65, 2], tall, two), Throws.ArgumentException);
    }

    [Test]
    public void LeftoverOfUnequalSumsIsDroppedAndReported()
    {
        double[] u = new double[2], v = new double[2];
        double[,] plan = new double[2, 2];
        TransportOutcome outcome = ExactTransport.Solve(new double[,] { { 0, 1 }, { 1, 0 } }, [0.5, 0.5], [0.5, 0.25], plan, u, v);
        Assert.That(outcome.MarginalError, Is.EqualTo(0.25).Within(1e-15));
        Assert.That(plan, Is.EqualTo(new double[,] { { 0.5, 0 }, { 0, 0.25 } }));
    }

    private static double OptimumOf(TransportProblem problem)
    {
        double[,] plan = new double[problem.N, problem.M];
        ExactTransport.Solve(problem.Cost, problem.A, problem.B, plan, new double[problem.N], new double[problem.M]);
        return TransportOracles.Cost(plan, problem.Cost);
    }

    // Feasible plan, feasible duals, complementary: by weak duality nothing is cheaper.
    private static void AssertProvenOptimal(TransportProblem problem)
    {
        (string name, double[,] cost, double[] a, double[] b) = problem;
        double[,] plan = new double[problem.N, problem.M];
        double[] u = new double[problem.N], v = new double[problem.M];
        TransportOutcome outcome = ExactTransport.Solve(cost, a, b, plan, u, v);
        Assert.That(outcome.Status, Is.EqualTo(TransportStatus.Converged));
        Assert.That(plan.Cast<double>(), Is.All.GreaterThanOrEqualTo(0));
        Assert.That(TransportOracles.MarginalError(plan, a, b), Is.LessThan(1e-14));
        Assert.That(outcome.MarginalError, Is.LessThan(1e-14));

        bool integer = cost.Cast<double>().All(double.IsInteger);
        double tolerance = integer ? 0 : 1e-12;
        bool[,] tight = new bool[problem.N, problem.M];
        for (int i = 0; i < problem.N; i++)
        {
            for (int j = 0; j < problem.M; j++)
            {
                double slack = cost[i, j] - u[i] - v[j];
                Assert.That(slack, Is.GreaterThanOrEqualTo(-tolerance), name);
                tight[i, j] = slack <= tolerance;
                Assert.That(plan[i, j] == 0 || tight[i, j], $"{name}: mass at slack {slack}");
            }
        }

        if (integer)
            Assert.That(u.Concat(v).All(double.IsInteger), name);
        Assert.That(TransportOracles.Cost(plan, cost),
            Is.EqualTo(a.Zip(u, (x, y) => x * y).Sum() + b.Zip(v, (x, y) => x * y).Sum()).Within(1e-11), name);
        Assert.That(CountReached(tight), Is.EqualTo(problem.N + problem.M), $"{name}: tight pairs do not connect all");
    }

    private static int CountReached(bool[,] tight)
    {
        int n = tight.GetLength(0), m = tight.GetLength(1);
        HashSet<int> reached = [0];
        Queue<int> open = new([0]);
        while (open.TryDequeue(out int node))
        {
            for (int other = 0; other < n + m; other++)
            {
                bool linked = node < n ? other >= n && tight[node, other - n] : other < n && tight[other, node - n];
                if (linked && reached.Add(other))
                    open.Enqueue(other);
            }
        }

        return reached.Count;
    }
}
