using PtaKernels.Tests.Oracles;
using PtaKernels.Transport;

namespace PtaKernels.Tests.Transport;

public sealed class TransportCertificateTests
{
    [Test]
    public void NumbersAreThoseOfTheOracle()
    {
        Random random = new(51);
        for (int trial = 0; trial < 50; trial++)
        {
            TransportProblem problem = TransportProblem.Draw(random, random.Next(1, 9), random.Next(1, 9), "integer", "random");
            (_, double[,] cost, double[] a, double[] b) = problem;
            double[] f = [.. a.Select(_ => random.NextDouble())], g = [.. b.Select(_ => random.NextDouble())];
            double[,] implied = TransportOracles.Implied(cost, f, g, 0.7), plan = new double[a.Length, b.Length];
            Assert.That(TransportCertificate.MarginalError(cost, a, b, f, g, 0.7),
                Is.EqualTo(TransportOracles.MarginalError(implied, a, b)).Within(1e-12));
            Assert.That(TransportCertificate.PlanDeviation(plan, cost, a, b, f, g, 0.7),
                Is.EqualTo(TransportOracles.LargestDifference(plan, implied)).Within(1e-12));
            double[] wanted = [.. b.Select((mass, j) => mass * Math.Exp(-g[j] / 0.3))];
            Assert.That(TransportCertificate.MarginalError(cost, a, b, f, g, 0.7, 0.3),
                Is.EqualTo(TransportOracles.MarginalError(implied, a, wanted)).Within(1e-12));
        }
    }

    [Test]
    public void ATamperedPotentialOrPlanIsCaught()
    {
        TransportProblem problem = TransportProblem.Draw(new Random(52), 10, 10, "integer", "random");
        double[,] plan = new double[10, 10];
        double[] f = new double[10], g = new double[10];
        const double epsilon = 1.0 / 30;
        BalancedTransport.Solve(problem.Cost, problem.A, problem.B, epsilon, plan, f, g);
        plan[3, 4] += 2e-12;
        Assert.That(TransportCertificate.PlanDeviation(plan, problem.Cost, problem.A, problem.B, f, g, epsilon),
            Is.GreaterThan(TransportCertificate.PlanTolerance));
        f[3] += 1e-6;
        Assert.That(TransportCertificate.MarginalError(problem.Cost, problem.A, problem.B, f, g, epsilon),
            Is.GreaterThan(TransportCertificate.MarginalTolerance));
    }

    [Test]
    public void AGivenUpColumnStillCountsInTheBalancedError()
    {
        double[,] cost = new double[1, 2];
        double[] g = [0, double.NegativeInfinity];
        Assert.That(TransportCertificate.MarginalError(cost, [1], [0.75, 0.25], [0], g, 1), Is.EqualTo(0.5));
    }

    [Test]
    public void ConstantsAreThoseOfTheSpecification()
    {
        Assert.That(TransportCertificate.MarginalTolerance, Is.EqualTo(9e-10));
        Assert.That(TransportCertificate.PlanTolerance, Is.EqualTo(1e-12));
    }
}
