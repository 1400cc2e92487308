namespace PtaKernels.Training.Tests.Loss;

/// <summary>Corners of the official targets that golden rows do not show, and the weights of the two losses.</summary>
public sealed class OfficialTargetsTests
{
    private static readonly OfficialModelRows Base = new([[1, 2], [3, 1]], [[2, 1], [1, 1]], 2.0);
    private static readonly OfficialModelRows First = new([[2], []], [[1], []], 1.0);
    private static readonly OfficialModelRows Second = new([[7], [8]], [[1], [1]], 1.0);

    [Test]
    public void BestModelTeachesAndItsBadCasesAreTheBases()
    {
        (FusionRows rows, double reward) = OfficialTargets.Of([5, 6], [Base, First, Second], new OfficialFusion());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rows.Ids, Is.EqualTo(new[] { 2, 3, 1 }), "the first of two equal ones, with the base among the candidates");
            Assert.That(rows.Masses, Is.EqualTo(new[] { 1f, 0.5f, 0.5f }));
            Assert.That(rows.Labels, Is.EqualTo(new[] { 6, FusionRows.NoLabel }));
            Assert.That(reward, Is.EqualTo(Math.Exp(-1)).Within(0.002));
        }
    }

    [Test]
    public void WithoutTheBaseTheLastOfEqualsWins() =>
        Assert.That(OfficialTargets.Of([5, 6], [Base, First, Second], new OfficialFusion(WithBase: false)).Rows.Ids, Is.EqualTo(new[] { 7, 8 }));

    [Test]
    public void MeanHasTheTokensOfAll()
    {
        (FusionRows rows, double reward) = OfficialTargets.Of([5, 6], [Base, First, Second], new OfficialFusion(OfficialFunction.AvgCe));
        rows.Require(9);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rows.Ids[..rows.Offsets[1]], Is.EqualTo(new[] { 1, 2, 7 }));
            Assert.That(rows.Masses[..rows.Offsets[1]].Sum(), Is.EqualTo(1).Within(0.01));
            Assert.That(reward, Is.EqualTo((Math.Exp(-2) + (2 * Math.Exp(-1))) / 3).Within(0.002));
        }
    }

    [TestCase(1f, 1f)]
    [TestCase(1.00390625f, 1f)] // halfway: to even
    [TestCase(1.01171875f, 1.015625f)]
    [TestCase(1.0040f, 1.0078125f)]
    [TestCase(3.4e38f, float.PositiveInfinity)]
    [TestCase(float.NaN, float.NaN)]
    [TestCase(-1.00390625f, -1f)]
    public void RoundsToTheNearestBfloat16(float value, float expected) => Assert.That(OfficialTargets.Round(value), Is.EqualTo(expected));

    [Test]
    public void WeightsOfTheSchedules()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(LossWeights.At(WeightSchedule.Hard, 0.75, 50, 100), Is.EqualTo(new LossWeights(0.75, 0.25)));
            Assert.That(LossWeights.At(WeightSchedule.HardAndDecay, 0.5, 50, 100), Is.EqualTo(new LossWeights(0.75, 0.25)));
            Assert.That(LossWeights.At(WeightSchedule.HardAndDecay, 0.5, 100, 100), Is.EqualTo(new LossWeights(1, 0)));
            Assert.That(LossWeights.At(WeightSchedule.Soft, 0.5, 0, 100, reward: 0.25), Is.EqualTo(new LossWeights(0.75, 0.25)));
            Assert.That(new LossWeights(0.5, 0.5).ScalesOf(4, 2), Is.EqualTo((0.125, 0.25)));
            Assert.That(new LossWeights(0.5, 0.5).ScalesOf(4, 0), Is.EqualTo((0.25, 0.0)), "no taught row: the next token alone");
            Assert.That(new LossWeights(0.5, 0.5).ScalesOf(0, 0), Is.EqualTo((0.0, 0.0)));
        }
    }
}
