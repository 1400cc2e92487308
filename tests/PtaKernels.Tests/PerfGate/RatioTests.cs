using PtaKernels.Gate;

namespace PtaKernels.Tests.PerfGate;

/// <summary>The interval and the sequential test on simulated rounds: log-normal noise with bursts, at fixed seeds.</summary>
public sealed class RatioTests
{
    private const int Rounds = 24;

    [Test]
    public void TheIntervalHoldsTheMedianAsOftenAsItSays()
    {
        const int Trials = 200;
        int below = 0, above = 0;
        for (int seed = 0; seed < Trials; seed++)
        {
            var interval = RatioInterval.Of(Noise(new Random(seed), 1.0, 0.1, Rounds));
            below += interval.High < 1 ? 1 : 0;
            above += interval.Low > 1 ? 1 : 0;
        }

        // 1 % on each side is meant; a percentile bootstrap of a median is a little narrow. 5 % would be another interval.
        Assert.That(Math.Max(below, above), Is.LessThanOrEqualTo(Trials / 20));
    }

    [Test]
    public void TheIntervalOfEqualRoundsIsOnePoint() =>
        Assert.That(RatioInterval.Of([1.5, 1.5, 1.5]), Is.EqualTo(new RatioInterval(1.5, 1.5, 1.5)));

    [Test]
    public void OneWildRoundDoesNotMoveTheMedian() =>
        Assert.That(RatioInterval.Of([.. Enumerable.Repeat(1.0, 20), 100.0]).Low, Is.EqualTo(1).Within(1e-12));

    [TestCase(new double[0])]
    [TestCase(new[] { 1, 0.0 })]
    [TestCase(new[] { 1, double.NaN })]
    public void RatiosArePositiveNumbers(double[] ratios) =>
        Assert.That(() => RatioInterval.Of(ratios), Throws.ArgumentException.With.Message.Contains("positive"));

    [TestCase(0.05)]
    [TestCase(0.2)]
    [TestCase(0.4)]
    public void EqualSpeedIsNeverCalledSlower(double noise) =>
        Assert.That(Alarms(trials: 150, ratio: 1.0, noise), Is.Zero);

    [Test]
    public void AtTheBoundaryFewAreCalledSlower() =>
        Assert.That(Alarms(trials: 150, SequentialTest.Allowed, noise: 0.05), Is.LessThanOrEqualTo(6));

    [Test]
    public void TwentyPercentIsFound() =>
        Assert.That(Alarms(trials: 100, ratio: 1.2, noise: 0.05), Is.GreaterThanOrEqualTo(98));

    [Test]
    public void ABurstThatDoesNotComeAgainIsForgiven()
    {
        var random = new Random(3);
        Decision decision = SequentialTest.Decide(stage => [Noise(random, stage == 0 ? 1.5 : 1.0, 0.05, Rounds)]);
        Assert.That((decision.Slower, decision.Stages), Is.EqualTo((false, 2)));
    }

    [Test]
    public void OneProcessThatLiesBadlyIsOutvoted()
    {
        var random = new Random(4);
        Decision decision = SequentialTest.Decide(stage => [Noise(random, 1.4, 0.02, Rounds << stage), Noise(random, 1.0, 0.02, Rounds << stage)]);
        Assert.That(decision.Slower, Is.False);
    }

    [Test]
    public void NothingIsMeasuredAgainWithoutSuspicion()
    {
        var stages = new List<int>();
        SequentialTest.Decide(stage =>
        {
            stages.Add(stage);
            return [[1.05, 1.0, 1.02]];
        });
        Assert.That(stages, Is.EqualTo(new[] { 0 }));
    }

    private static int Alarms(int trials, double ratio, double noise)
    {
        int alarms = 0;
        for (int seed = 0; seed < trials; seed++)
        {
            var random = new Random(seed);
            alarms += SequentialTest.Decide(stage => [Noise(random, ratio, noise, Rounds << stage >> 1), Noise(random, ratio, noise, Rounds << stage >> 1)]).Slower ? 1 : 0;
        }

        return alarms;
    }

    /// <summary>Rounds about a ratio; every twentieth has three times the time on one side.</summary>
    private static double[] Noise(Random random, double ratio, double noise, int rounds) => [.. Enumerable.Range(0, rounds).Select(_ =>
    {
        double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        double burst = random.Next(20) > 0 ? 1 : random.Next(2) == 0 ? 3 : 1 / 3.0;
        return ratio * burst * Math.Exp(noise * normal);
    })];
}
