namespace PtaKernels.Training.Tests.Evaluation;

/// <summary>The t distribution, the paired t-test and rank correlations against printed tables, integration and figures worked out by hand.</summary>
public sealed class StudentTTests
{
    // Two-sided critical values as every table prints them.
    [TestCase(0.05, 1, 12.706)]
    [TestCase(0.05, 2, 4.303)]
    [TestCase(0.05, 3, 3.182)]
    [TestCase(0.05, 4, 2.776)]
    [TestCase(0.005, 4, 5.598)]
    [TestCase(0.01, 5, 4.032)]
    [TestCase(0.001, 9, 4.781)]
    [TestCase(0.05, 30, 2.042)]
    [TestCase(0.02, 120, 2.358)]
    public void CriticalValuesAreThoseOfTables(double p, int degrees, double t)
    {
        Assert.That(StudentT.Critical(p, degrees), Is.EqualTo(t).Within(5e-4));
        Assert.That(StudentT.TwoSidedP(StudentT.Critical(p, degrees), degrees), Is.EqualTo(p).Within(1e-14));
    }

    [Test]
    public void TailsAreTheIntegralOfTheDensity([Values(1, 2, 3, 4, 5, 6, 7, 12, 33)] int degrees, [Values(-7.5, 0, 0.3, 1, 2.5, 20)] double t)
    {
        // Simpson's rule over s of t = sinh(s), whose steps grow with t as the tail thins; scaled by the integral over everything.
        double tail = Integral(degrees, Math.Asinh(Math.Abs(t)), 40), half = Integral(degrees, 0, 40);
        Assert.That(StudentT.TwoSidedP(t, degrees), Is.EqualTo(tail / half).Within(1e-11));
    }

    [Test]
    public void EndsOfTheDistribution()
    {
        Assert.That(StudentT.TwoSidedP(double.PositiveInfinity, 4), Is.Zero);
        Assert.That(StudentT.TwoSidedP(double.NaN, 4), Is.NaN);
        Assert.That(StudentT.Critical(1, 4), Is.Zero.Within(1e-300));
        Assert.That(() => StudentT.TwoSidedP(1, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => StudentT.Critical(0, 4), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void TestOfDifferencesByHand()
    {
        // Differences 1, 2, 3, 6: mean 3, squares (4 + 1 + 0 + 9) / 3, over 4 pairs: error sqrt(7 / 6).
        PairedTTest test = PairedTTest.Of([10, 20, 30, 40], [11, 22, 33, 46]);
        Assert.That((test.Count, test.DegreesOfFreedom), Is.EqualTo((4, 3)));
        Assert.That(test.Mean, Is.EqualTo(3));
        Assert.That(test.StandardError, Is.EqualTo(Math.Sqrt(7.0 / 6)).Within(1e-12));
        Assert.That(test.T, Is.EqualTo(3 / Math.Sqrt(7.0 / 6)).Within(1e-12));
        // Three degrees of freedom: 1 - 2/pi (angle + sine cosine), angle = atan(t / sqrt 3).
        double angle = Math.Atan(test.T / Math.Sqrt(3));
        Assert.That(test.PValue, Is.EqualTo(1 - (2 / Math.PI * (angle + (Math.Sin(angle) * Math.Cos(angle))))).Within(1e-12));
        Assert.That(test.HalfWidth(), Is.EqualTo(3.182446 * test.StandardError).Within(1e-5));
        Assert.That(PairedTTest.Of([11, 22, 33, 46], [10, 20, 30, 40]), Is.EqualTo(test with { Mean = -3, T = -test.T }), "turned around");
    }

    [Test]
    public void TooFewPairsAndNoSpread()
    {
        Assert.That(PairedTTest.Of([], []).Mean, Is.NaN);
        PairedTTest one = PairedTTest.Of([1], [3]);
        Assert.That((one.Count, one.Mean), Is.EqualTo((1, 2)));
        Assert.That((one.PValue, one.StandardError, one.HalfWidth()), Is.EqualTo((double.NaN, double.NaN, double.NaN)));
        Assert.That(PairedTTest.Of([1, 2, 4], [1, 2, 4]), Is.EqualTo(new PairedTTest(3, 0, 0, 0, 1)));
        Assert.That(PairedTTest.Of([0, 0, 0], [-0.1, -0.1, -0.1]), Is.EqualTo(new PairedTTest(3, -0.1, 0, double.NegativeInfinity, 0)));
        Assert.That(PairedTTest.Of([1, double.NaN], [1, 2]).PValue, Is.NaN);
        Assert.That(() => PairedTTest.Of([1, 2], [1]), Throws.ArgumentException);
    }

    [Test]
    public void RanksShareTheirMeanWhereTheyTie()
    {
        // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: products of centred ranks 4.5, sums of squares 4.5 and 5.
        RankCorrelation tied = RankCorrelation.Spearman([1, 7, 7, 9], [-3, 0, 2, 100]);
        Assert.That(tied.Coefficient, Is.EqualTo(4.5 / Math.Sqrt(4.5 * 5)).Within(1e-12));
        // 4 of the 24 orders are as far from zero: this one, its mirror, and each with the tied pair exchanged.
        Assert.That(tied.PValue, Is.EqualTo(4 / 24.0).Within(1e-12));
        Assert.That(RankCorrelation.Spearman([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]), Is.EqualTo(new RankCorrelation(5, -1, 2 / 120.0)));
    }

    [Test]
    public void ManyRanksGoByTheTDistribution()
    {
        double[] x = [.. Enumerable.Range(0, 10).Select(static i => (double)i)], y = [1, 0, 3, 2, 5, 4, 7, 6, 9, 8];
        RankCorrelation result = RankCorrelation.Spearman(x, y);
        // 1 - 6 * 10 * 1 / (10 * 99)
        Assert.That(result.Coefficient, Is.EqualTo(1 - (60 / 990.0)).Within(1e-12));
        double t = result.Coefficient * Math.Sqrt(8 / (1 - (result.Coefficient * result.Coefficient)));
        Assert.That(result.PValue, Is.EqualTo(Integral(8, Math.Asinh(t), 40) / Integral(8, 0, 40)).Within(1e-11));
        Assert.That(RankCorrelation.Spearman(x, x), Is.EqualTo(new RankCorrelation(10, 1, 0)));
    }

    [Test]
    public void RanksOfNothing()
    {
        Assert.That(RankCorrelation.Spearman([1, 1, 1], [1, 2, 3]).Coefficient, Is.NaN);
        Assert.That(RankCorrelation.Spearman([1], [1]).PValue, Is.NaN);
        Assert.That(RankCorrelation.Spearman([], []).Coefficient, Is.NaN);
        Assert.That(() => RankCorrelation.Spearman([1, double.NaN], [1, 2]), Throws.ArgumentException);
        Assert.That(() => RankCorrelation.Spearman([1], [1, 2]), Throws.ArgumentException);
    }

    private static double Integral(int degrees, double from, double to)
    {
        const int Pieces = 100_000;
        double step = (to - from) / Pieces, sum = 0;
        for (int i = 0; i <= Pieces; i++)
        {
            double t = Math.Sinh(from + (i * step)), density = Math.Exp(-(degrees + 1) / 2.0 * Math.Log(1 + (t * t / degrees))) * Math.Cosh(from + (i * step));
            sum += density * (i == 0 || i == Pieces ? 1 : i % 2 == 1 ? 4 : 2);
        }

        return sum * step / 3;
    }
}
