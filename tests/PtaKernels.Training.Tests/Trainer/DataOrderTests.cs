namespace PtaKernels.Training.Tests.Trainer;

/// <summary>The order of the data and the learning rate.</summary>
public sealed class DataOrderTests
{
    [Test]
    public void EachPassTakesEachSequenceOnce([Values(1, 2, 7, 100)] int count)
    {
        int[] order = new DataOrder(count, 3L * count, 5).Take(0, 3 * count);
        for (int pass = 0; pass < 3; pass++)
            Assert.That(order.Skip(pass * count).Take(count), Is.EquivalentTo(Enumerable.Range(0, count)));
    }

    [Test]
    public void OrderFollowsFromThePositionAlone()
    {
        int[] whole = new DataOrder(10, 35, 5).Take(0, 100);
        Assert.That(whole, Has.Length.EqualTo(35), "the last step is shorter");
        var late = new DataOrder(10, 35, 5);
        Assert.That(late.Take(17, 9), Is.EqualTo(whole[17..26]));
        Assert.That(late.Take(3, 4), Is.EqualTo(whole[3..7]), "back again");
    }

    [Test]
    public void SeedsAndPassesDiffer()
    {
        int[] one = new DataOrder(100, 200, 5).Take(0, 200), two = new DataOrder(100, 200, 6).Take(0, 200);
        Assert.That(one[..100], Is.Not.EqualTo(two[..100]));
        int[] secondPass = one[100..];
        Assert.That(one[..100], Is.Not.EqualTo(secondPass));
    }

    [Test]
    public void RateRisesThenFallsAsACosine()
    {
        double[] rates = [.. Enumerable.Range(0, 110).Select(static s => LearningRate.At(s, 110, 2, 10.0 / 110))];
        Assert.That(rates[0], Is.EqualTo(0.2).Within(1e-12));
        Assert.That(rates[9], Is.EqualTo(2).Within(1e-12));
        Assert.That(rates[10], Is.EqualTo(2).Within(1e-12));
        Assert.That(rates[60], Is.EqualTo(1).Within(1e-12));
        Assert.That(rates[109], Is.GreaterThan(0).And.LessThan(0.001));
        Assert.That(LearningRate.At(0, 1, 2, 0), Is.EqualTo(2));
    }
}
