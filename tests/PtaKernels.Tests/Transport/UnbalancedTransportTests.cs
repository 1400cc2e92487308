using PtaKernels.Tests.Oracles;
using PtaKernels.Transport;

namespace PtaKernels.Tests.Transport;

public sealed class UnbalancedTransportTests
{
    [TestCaseSource(typeof(TransportProblem), nameof(TransportProblem.EveryShape), new object[] { 31 })]
    public void IsCertified_EveryShape(TransportProblem problem) => AssertCertified(problem, 1.0 / 30, 0.05);

    [TestCaseSource(typeof(TransportProblem), nameof(TransportProblem.EveryKind), new object[] { 32, 10, 10 })]
    public void IsCertified_EveryKindAndPenalty(TransportProblem problem)
    {
        double[] penalties = [1e-4, 0.05, 1, 100, 1e6];
        foreach (double rho in penalties)
        {
            AssertCertified(problem, 1.0 / 30, rho);
            AssertCertified(problem, 1, rho);
        }
    }

    [Test]
    public void MatchesLongScaling()
    {
        Random random = new(33);
        for (int trial = 0; trial < 60; trial++)
        {
            TransportProblem problem = TransportProblem.Draw(random, random.Next(1, 9), random.Next(1, 9), "integer", "random");
            double[,] expected = TransportOracles.Sinkhorn(problem.Cost, problem.A, problem.B, 0.2, 400, 0.5);
            Assert.That(TransportOracles.LargestDifference(Solve(problem, 0.2, 0.5).Plan, expected), Is.LessThan(1e-9), problem.Name);
        }
    }

    [Test]
    public void TendsToBalancedAndToSemiRelaxed()
    {
        TransportProblem problem = TransportProblem.Draw(new Random(34), 7, 9, "integer", "random");
        double[,] balanced = new double[7, 9], relaxed = new double[7, 9];
        BalancedTransport.Solve(problem.Cost, problem.A, problem.B, 0.5, balanced, new double[7], new double[9]);
        SemiRelaxedTransport.Solve(problem.Cost, problem.A, 0.5, relaxed);
        Assert.That(TransportOracles.LargestDifference(Solve(problem, 0.5, 1e9).Plan, balanced), Is.LessThan(1e-7));
        Assert.That(TransportOracles.LargestDifference(Solve(problem, 0.5, 1e-9).Plan, relaxed), Is.LessThan(1e-7));
    }

    [Test]
    public void SumsMayDifferAndTheSourceIsExact()
    {
        TransportProblem drawn = TransportProblem.Draw(new Random(35), 6, 6, "integer", "random");
        TransportProblem problem = drawn with { A = [.. drawn.A.Select(x => 0.3 * x)], B = [.. drawn.B.Select(x => 2 * x)] };
        AssertCertified(problem, 1.0 / 30, 0.05);
    }

    [Test]
    public void SourceWithoutAnyColumnIsNotFinite()
    {
        Solved solved = Solve(new("no column", new double[1, 2], [1], [0, 0]), 0.1, 0.05);
        Assert.That(solved.Outcome.Status, Is.EqualTo(TransportStatus.NotFinite));
        Assert.That(solved.Plan.Cast<double>(), Is.All.NaN);
    }

    [Test]
    public void NothingToMoveIsAnEmptyPlan()
    {
        Solved solved = Solve(new("empty", new double[2, 2], [0, 0], [0.5, 0.5]), 0.1, 0.05);
        Assert.That(solved.Outcome, Is.EqualTo(new TransportOutcome(TransportStatus.Converged, 0, 0)));
        Assert.That(solved.Plan.Cast<double>(), Is.All.Zero);
        Assert.That(TransportCertificate.MarginalError(new double[2, 2], [0, 0], [0.5, 0.5], solved.F, solved.G, 0.1, 0.05), Is.Zero);
    }

    [TestCase(1e-17, TransportStatus.IterationLimit)]
    [TestCase(1e-320, TransportStatus.NotFinite)]
    public void WhatCannotBeCertifiedSaysSo(double epsilon, TransportStatus expected) =>
        Assert.That(Solve(TransportProblem.Draw(new Random(36), 5, 6, "real", "random"), epsilon, 1).Outcome.Status, Is.EqualTo(expected));

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(-0.5)]
    public void UnusableValuesGiveNaNEverywhere(double value)
    {
        for (int place = 0; place < 3; place++)
        {
            double[,] cost = { { 0, 1 }, { 1, place == 0 ? value : 0 } };
            Solved solved = Solve(new("bad", cost, [0.5, place == 1 ? value : 0.5], [0.5, place == 2 ? value : 0.5]), 0.1, 0.05);
            Assert.That(solved.Outcome.Status, Is.EqualTo(TransportStatus.NotFinite));
            Assert.That(solved.Plan.Cast<double>().Concat(solved.F).Concat(solved.G), Is.All.NaN);
        }
    }

    [TestCase(0.0, 1.0)]
    [TestCase(1.0, 0.0)]
    [TestCase(1.0, double.NaN)]
    [TestCase(1.0, double.PositiveInfinity)]
    public void EpsilonAndRhoMustBePositive(double epsilon, double rho) =>
        Assert.That(
            () => Solve(TransportProblem.Draw(new Random(1), 2, 2), epsilon, rho), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static void AssertCertified(TransportProblem problem, double epsilon, double rho)
    {
        (string name, double[,] cost, double[] a, double[] b) = problem;
        Solved solved = Solve(problem, epsilon, rho);
        Assert.That(solved.Outcome.Status, Is.EqualTo(TransportStatus.Converged), $"{name} at {epsilon}, {rho}");
        double[,] implied = TransportOracles.Implied(cost, solved.F, solved.G, epsilon);
        double[] wanted = [.. b.Select((mass, j) => mass == 0 ? 0 : mass * Math.Exp(-solved.G[j] / rho))];
        double error = TransportOracles.MarginalError(implied, a, wanted);
        Assert.That(error, Is.LessThanOrEqualTo(9e-10), $"{name} at {epsilon}, {rho}");
        Assert.That(solved.Outcome.MarginalError, Is.EqualTo(error).Within(1e-14));
        Assert.That(TransportOracles.LargestDifference(solved.Plan, implied), Is.LessThanOrEqualTo(1e-12));
    }

    private static Solved Solve(TransportProblem problem, double epsilon, double rho)
    {
        double[,] plan = new double[problem.N, problem.M];
        double[] f = new double[problem.N], g = new double[problem.M];
        return new Solved(UnbalancedTransport.Solve(problem.Cost, problem.A, problem.B, epsilon, rho, plan, f, g), plan, f, g);
    }

    private sealed record Solved(TransportOutcome Outcome, double[,] Plan, double[] F, double[] G);
}
