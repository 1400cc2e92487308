using PtaKernels.Scaling;

namespace PtaKernels.Tests.Scaling;

/// <summary>Fitted exponents against lines worked out by hand.</summary>
public sealed class CostExponentTests
{
    [TestCase(1.0)]
    [TestCase(2.0)]
    [TestCase(-0.5)]
    public void APowerIsFoundExactly(double power)
    {
        CostExponent fit = CostExponent.Fit(Enumerable.Range(3, 8).Select(e => (Math.Pow(2, e), 1e-6 * Math.Pow(2, power * e))), 0)!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fit.Value, Is.EqualTo(power).Within(1e-4));
            Assert.That(fit.Error, Is.EqualTo(0).Within(1e-4));
            Assert.That(fit.Points, Is.EqualTo(8));
            Assert.That(fit.From, Is.EqualTo(8).Within(1e-9));
            Assert.That(fit.To, Is.EqualTo(1024).Within(1e-9));
        }
    }

    [Test]
    public void TheErrorIsThatOfTheSlope()
    {
        // In natural logarithms (0, 0), (1, 2), (2, 2): slope 1, residuals -1/3, 2/3, -1/3; error sqrt(6/9 / 1 / 2) = 0.5774.
        CostExponent fit = CostExponent.Fit([(1, 1), (Math.E, Math.E * Math.E), (Math.E * Math.E, Math.E * Math.E)], 0)!;
        Assert.That(fit.Value, Is.EqualTo(1).Within(1e-4));
        Assert.That(fit.Error, Is.EqualTo(0.5774).Within(1e-4));
    }

    [Test]
    public void SmallSizesCanBeLeftOut()
    {
        CostExponent fit = CostExponent.Fit([(1, 5), (2, 5), (4, 16), (8, 64)], 4)!;
        Assert.That(fit.Value, Is.EqualTo(2).Within(1e-4));
        Assert.That(fit.Points, Is.EqualTo(2));
        Assert.That(CostExponent.Fit([(1, 5), (2, 5)], 2), Is.Null);
        Assert.That(CostExponent.Fit([], 0), Is.Null);
    }
}
