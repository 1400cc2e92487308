using PtaKernels.Transport;

namespace PtaKernels.Tests.Transport;

public sealed class SemiRelaxedTransportTests
{
    [TestCaseSource(typeof(TransportProblem), nameof(TransportProblem.EveryShape), new object[] { 41 })]
    public void RowsAreSoftmaxOfNegatedCost(TransportProblem problem)
    {
        double[] epsilons = [0.01, 1.0 / 30, 5];
        foreach (double epsilon in epsilons)
        {
            double[,] plan = new double[problem.N, problem.M];
            TransportOutcome outcome = SemiRelaxedTransport.Solve(problem.Cost, problem.A, epsilon, plan);
            Assert.That(outcome.Status, Is.EqualTo(TransportStatus.Converged));
            Assert.That(outcome.MarginalError, Is.LessThan(1e-14));
            for (int i = 0; i < problem.N; i++)
            {
                for (int j = 0; j < problem.M; j++)
                {
                    // 1 / Σ_k exp((C_ij − C_ik)/ε): another form, without a maximum, in which overflow means 0.
                    double own = problem.Cost[i, j];
                    double share = 1 / Enumerable.Range(0, problem.M).Sum(k => Math.Exp((own - problem.Cost[i, k]) / epsilon));
                    Assert.That(plan[i, j], Is.EqualTo(problem.A[i] * share).Within(1e-14));
                }
            }
        }
    }

    [Test]
    public void HugeCostsDoNotUnderflowAWholeRow()
    {
        double[,] plan = new double[1, 2];
        SemiRelaxedTransport.Solve(new double[,] { { 1e9, 1e9 + 1 } }, [0.25], 1e-3, plan);
        Assert.That(plan, Is.EqualTo(new double[,] { { 0.25, 0 } }));
    }

    [TestCase(double.NaN)]
    [TestCase(double.NegativeInfinity)]
    [TestCase(-1.0)]
    public void UnusableValuesGiveNaN(double value)
    {
        double[,] plan = new double[1, 2];
        Assert.That(SemiRelaxedTransport.Solve(new double[,] { { 0, value } }, [1], 1, plan).Status, Is.EqualTo(TransportStatus.NotFinite));
        Assert.That(plan.Cast<double>(), Is.All.NaN);
        Assert.That(SemiRelaxedTransport.Solve(new double[,] { { 0, 1 } }, [value], 1, plan).Status, Is.EqualTo(TransportStatus.NotFinite));
        Assert.That(plan.Cast<double>(), Is.All.NaN);
    }

    [Test]
    public void WrongShapesThrow()
    {
        Assert.That(() => SemiRelaxedTransport.Solve(new double[2, 2], [1], 1, new double[2, 2]), Throws.ArgumentException);
        Assert.That(() => SemiRelaxedTransport.Solve(new double[1, 2], [1], 1, new double[1, 3]), Throws.ArgumentException);
        Assert.That(() => SemiRelaxedTransport.Solve(new double[1, 2], [1], 0, new double[1, 2]),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
