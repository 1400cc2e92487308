namespace PtaKernels.Training.Tests.Evaluation;

/// <summary>Bits per byte and the bootstrap on figures known beforehand.</summary>
public sealed class PairedBootstrapTests
{
    [Test]
    public void BitsAndPerplexityAreSumsOverSums()
    {
        DomainScore score = DomainScore.Of([new("a", "", 8 * Math.Log(2), 2, 4), new("b", "", 24 * Math.Log(2), 6, 4)]);
        Assert.That(score.BitsPerByte, Is.EqualTo(4).Within(1e-12));
        Assert.That(score.Perplexity, Is.EqualTo(16).Within(1e-9));
    }

    [Test]
    public void AConstantDifferenceHasNoSpread()
    {
        DocumentScore[] first = Documents(1, 0), second = Documents(1, -10 * Math.Log(2));
        BootstrapResult result = BootstrapResult.Of(first, second, 200);
        Assert.That(result.Difference, Is.EqualTo(-0.1).Within(1e-9));
        Assert.That(result.Low, Is.EqualTo(-0.1).Within(1e-9));
        Assert.That(result.High, Is.EqualTo(-0.1).Within(1e-9));
        Assert.That(result.PValue, Is.EqualTo(2 / 201.0));
        Assert.That(result.StandardError, Is.EqualTo(0).Within(1e-9));
    }

    [Test]
    public void NoiseWithoutADifferenceIsNotOne()
    {
        DocumentScore[] first = Documents(1, 0), second = Documents(2, 0);
        BootstrapResult result = BootstrapResult.Of(first, second);
        Assert.That(result.Low, Is.LessThan(0));
        Assert.That(result.High, Is.GreaterThan(0));
        Assert.That(BootstrapResult.Of(first, second), Is.EqualTo(result), "the draws are fixed");
    }

    [Test]
    public void OtherDocumentsAreRefused()
    {
        DocumentScore[] first = Documents(1, 0);
        Assert.That(() => BootstrapResult.Of(first, first[1..]), Throws.ArgumentException);
        Assert.That(() => BootstrapResult.Of(first[..0], first[..0]), Throws.ArgumentException);
    }

    private static DocumentScore[] Documents(int seed, double more)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, 200).Select(i => new DocumentScore($"{i}", "", 150 + (20 * random.NextDouble()) + more, 30, 100))];
    }
}
