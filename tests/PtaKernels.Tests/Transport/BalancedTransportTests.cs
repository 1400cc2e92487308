using PtaKernels.Tests.Oracles;
using PtaKernels.Transport;

namespace PtaKernels.Tests.Transport;

public sealed class BalancedTransportTests
{
    private const double Default = 1.0 / 30;

    [TestCaseSource(typeof(TransportProblem), nameof(TransportProblem.EveryShape), new object[] { 21 })]
    public void IsCertified_EveryShape(TransportProblem problem) => AssertCertified(problem, Default);

    [TestCaseSource(typeof(TransportProblem), nameof(TransportProblem.EveryKind), new object[] { 22, 10, 10 })]
    [TestCaseSource(typeof(TransportProblem), nameof(TransportProblem.EveryKind), new object[] { 23, 16, 7 })]
    public void IsCertified_EveryKindAndEpsilon(TransportProblem problem)
    {
        double[] epsilons = [0.01, Default, 0.2, 1, 5];
        foreach (double epsilon in epsilons)
            AssertCertified(problem, epsilon);
    }

    [TestCaseSource(typeof(TransportProblem), nameof(TransportProblem.EveryKind), new object[] { 24, 64, 64 })]
    public void IsCertified_LargestSize(TransportProblem problem) => AssertCertified(problem, Default);

    [Test]
    public void FirstTrySucceedsWhereMassesAreFarApart()
    {
        // Clusters that exchange less mass than float64 resolves beside the others: without its ridge the descent stalls on some.
        Random random = new(25);
        for (int trial = 0; trial < 300; trial++)
        {
            TransportProblem problem = TransportProblem.Draw(random, random.Next(10, 40), random.Next(10, 40), "huge", "steep");
            double[,] plan = new double[problem.N, problem.M];
            double[] f = new double[problem.N], g = new double[problem.M];
            ExactTransport.Solve(problem.Cost, problem.A, problem.B, plan, f, g);
            TransportOutcome outcome = EntropicSolver.Descend(
                problem.Cost, problem.A, problem.B, Default, double.PositiveInfinity, 1, 2, plan, f, g);
            Assert.That(outcome.Status, Is.EqualTo(TransportStatus.Converged), $"{trial}: {problem.Name}");
            Assert.That(outcome.Iterations, Is.LessThan(60), $"{trial}: {problem.Name}");
        }
    }

    [Test]
    public void MatchesLongSinkhorn()
    {
        Random random = new(26);
        for (int trial = 0; trial < 60; trial++)
        {
            TransportProblem problem = TransportProblem.Draw(random, random.Next(1, 9), random.Next(1, 9), "integer", "random");
            double[,] expected = TransportOracles.Sinkhorn(problem.Cost, problem.A, problem.B, 1.5, 600);
            Solved actual = Solve(problem, 1.5);
            Assert.That(TransportOracles.MarginalError(expected, problem.A, problem.B), Is.LessThan(1e-10), "the oracle has converged");
            Assert.That(TransportOracles.LargestDifference(actual.Plan, expected), Is.LessThan(1e-9), problem.Name);
        }
    }

    [Test]
    public void TwoByTwoHasItsClosedForm()
    {
        // Diagonal mass x of [[x, 1/2 - x], ...] satisfies (x / (1/2 - x))² = exp(2/ε).
        foreach (double epsilon in new[] { 0.1, 0.5, 2.0 })
        {
            TransportProblem problem = new("2x2", new double[,] { { 0, 1 }, { 1, 0 } }, [0.5, 0.5], [0.5, 0.5]);
            double expected = 0.5 / (1 + Math.Exp(-1 / epsilon));
            Assert.That(Solve(problem, epsilon).Plan[0, 0], Is.EqualTo(expected).Within(1e-12));
        }
    }

    [Test]
    public void SecondTryAgreesWithTheFirst()
    {
        foreach (TransportProblem problem in TransportProblem.EveryKind(27, 8, 11))
        {
            double[,] plan = new double[problem.N, problem.M];
            double[] f = new double[problem.N], g = new double[problem.M];
            int stages = EntropicSolver.StagesFor(problem.Cost, Default);
            TransportOutcome outcome = EntropicSolver.Descend(
                problem.Cost, problem.A, problem.B, Default, double.PositiveInfinity, stages, 20, plan, f, g);
            Assert.That(outcome.Status, Is.EqualTo(TransportStatus.Converged), problem.Name);
            Assert.That(TransportOracles.LargestDifference(plan, Solve(problem, Default).Plan), Is.LessThan(1e-9), problem.Name);
        }
    }

    [TestCase(1e-17)]
    [TestCase(1e-320)]
    public void HandsOverToTheExactOptimumWhereFloat64CannotHoldTheAnswer(double epsilon)
    {
        TransportProblem problem = TransportProblem.Draw(new Random(28), 6, 5, "real", "random");
        Solved solved = Solve(problem, epsilon);
        double[,] plan = new double[6, 5];
        double[] u = new double[6], v = new double[5];
        TransportOutcome exact = ExactTransport.Solve(problem.Cost, problem.A, problem.B, plan, u, v);
        Assert.That(solved.Outcome, Is.EqualTo(exact with { Status = TransportStatus.ExactFallback }));
        Assert.That(solved.Plan, Is.EqualTo(plan));
        Assert.That(solved.F, Is.EqualTo(u));
        Assert.That(solved.G, Is.EqualTo(v));
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(-0.5)]
    public void UnusableValuesGiveNaNEverywhere(double value)
    {
        for (int place = 0; place < 3; place++)
        {
            double[,] cost = { { 0, 1 }, { 1, place == 0 ? value : 0 } };
            Solved solved = Solve(new("bad", cost, [0.5, place == 1 ? value : 0.5], [0.5, place == 2 ? value : 0.5]), Default);
            Assert.That(solved.Outcome.Status, Is.EqualTo(TransportStatus.NotFinite));
            Assert.That(solved.Plan.Cast<double>().Concat(solved.F).Concat(solved.G), Is.All.NaN);
        }
    }

    [TestCase(0.0)]
    [TestCase(-1.0)]
    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    public void EpsilonMustBePositive(double epsilon) =>
        Assert.That(() => Solve(TransportProblem.Draw(new Random(1), 2, 2), epsilon), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void NothingToMoveIsAnEmptyPlan()
    {
        Solved solved = Solve(new("empty", new double[2, 3], [0, 0], [0, 0, 0]), Default);
        Assert.That(solved.Outcome, Is.EqualTo(new TransportOutcome(TransportStatus.Converged, 0, 0)));
        Assert.That(solved.Plan.Cast<double>(), Is.All.Zero);
        Assert.That(solved.F.Concat(solved.G), Is.All.EqualTo(double.NegativeInfinity));
    }

    [TestCase(0.5, 0.25)]
    [TestCase(0.5, 0.0)]
    [TestCase(0.0, 0.5)]
    public void UnequalSumsCannotBeCertified(double source, double target) =>
        Assert.That(Solve(new("unequal", new double[,] { { 3 } }, [source], [target]), Default).Outcome.Status,
            Is.EqualTo(TransportStatus.ExactFallback));

    [Test]
    public void RepeatsBitForBit()
    {
        TransportProblem problem = TransportProblem.Draw(new Random(29), 10, 10, "integer", "random");
        Solved first = Solve(problem, Default), second = Solve(problem, Default);
        Assert.That(second.Plan, Is.EqualTo(first.Plan));
    }

    private static void AssertCertified(TransportProblem problem, double epsilon)
    {
        (string name, double[,] cost, double[] a, double[] b) = problem;
        Solved solved = Solve(problem, epsilon);
        Assert.That(solved.Outcome.Status, Is.EqualTo(TransportStatus.Converged), $"{name} at {epsilon}");
        double[,] implied = TransportOracles.Implied(cost, solved.F, solved.G, epsilon);
        double error = TransportOracles.MarginalError(implied, a, b);
        Assert.That(error, Is.LessThanOrEqualTo(9e-10), $"{name} at {epsilon}");
        Assert.That(solved.Outcome.MarginalError, Is.EqualTo(error).Within(1e-14));
        Assert.That(TransportOracles.LargestDifference(solved.Plan, implied), Is.LessThanOrEqualTo(1e-12));
        for (int i = 0; i < a.Length; i++)
            Assert.That(double.IsNegativeInfinity(solved.F[i]), Is.EqualTo(a[i] == 0));
        for (int j = 0; j < b.Length; j++)
            Assert.That(double.IsNegativeInfinity(solved.G[j]), Is.EqualTo(b[j] == 0));

        if (a.Length * b.Length > 150)
            return;
        double slack = 1e-9 * Math.Max(1, problem.LargestCost);
        double optimum = TransportOracles.OptimumByCycles(cost, a, b);
        Assert.That(TransportOracles.Cost(solved.Plan, cost),
            Is.InRange(optimum - slack, optimum + epsilon * Math.Log(a.Length * b.Length) + slack), $"{name} at {epsilon}");
    }

    private static Solved Solve(TransportProblem problem, double epsilon)
    {
        double[,] plan = new double[problem.N, problem.M];
        double[] f = new double[problem.N], g = new double[problem.M];
        return new Solved(BalancedTransport.Solve(problem.Cost, problem.A, problem.B, epsilon, plan, f, g), plan, f, g);
    }

    private sealed record Solved(TransportOutcome Outcome, double[,] Plan, double[] F, double[] G);
}
