using PtaKernels.Pipeline.Planning;

namespace PtaKernels.Tests.Planning;

/// <summary>Intervals hold the truth as often as they say, on documents whose truth is known.</summary>
public class DocumentBootstrapTests
{
    private const int Samples = 300, Documents = 80;

    [Test]
    public void RatiosLieInTheirIntervals()
    {
        var random = new Random(7);
        int inside = 0;
        for (int s = 0; s < Samples; s++)
        {
            (double[] tokens, double[] taught) = Draw(random);
            Estimate found = DocumentBootstrap.Ratio(taught, tokens, seed: s);
            Assert.That(found.Value, Is.EqualTo(taught.Sum() / tokens.Sum()));
            inside += Truth >= found.Low && Truth <= found.High ? 1 : 0;
        }

        // 95 % of 300 are 285; a binomial is below 270 in 1 of 3,000 series, and small samples lose a little.
        Assert.That(inside, Is.InRange(270, 298));
    }

    [Test]
    public void IntervalsOfLargerSamplesAreNarrower()
    {
        var random = new Random(8);
        (double[] tokens, double[] taught) = Draw(random, 2000);
        Estimate all = DocumentBootstrap.Ratio(taught, tokens, 1), few = DocumentBootstrap.Ratio(taught[..20], tokens[..20], 1);
        Assert.That((few.High - few.Low) / (all.High - all.Low), Is.InRange(5, 20), "a hundred times as many: ten times as narrow");
    }

    [Test]
    public void RatesSpreadAsRoundsDo()
    {
        double[] same = [.. Enumerable.Repeat(1.0, Documents)];
        Estimate found = DocumentBootstrap.Rate([2, 3, 4, 5, 9], same, same, 1);
        Assert.That(found, Is.EqualTo(new Estimate(4, 2, 9)));
        Assert.That(DocumentBootstrap.Rate([4], same, same, 1), Is.EqualTo(Estimate.Exactly(4)));
    }

    [Test]
    public void OneSeedGivesOneInterval()
    {
        (double[] tokens, double[] taught) = Draw(new Random(9));
        Estimate first = DocumentBootstrap.Ratio(taught, tokens, 5), again = DocumentBootstrap.Ratio(taught, tokens, 5), other = DocumentBootstrap.Ratio(taught, tokens, 6);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [Test]
    public void OneDocumentHasNoSpread() => Assert.That(DocumentBootstrap.Ratio([3], [4], 1), Is.EqualTo(Estimate.Exactly(0.75)));

    private const double Truth = 0.8;

    /// <summary>Lengths log-normal; each document's own share anywhere from 0.6 to 1, whatever its length.</summary>
    private static (double[] Tokens, double[] Taught) Draw(Random random, int documents = Documents)
    {
        double[] tokens = new double[documents], taught = new double[documents];
        for (int d = 0; d < documents; d++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            tokens[d] = Math.Ceiling(300 * Math.Exp(0.7 * normal));
            taught[d] = tokens[d] * (0.6 + (0.4 * random.NextDouble()));
        }

        return (tokens, taught);
    }
}
