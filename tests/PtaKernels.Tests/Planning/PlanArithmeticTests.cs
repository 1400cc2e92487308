using PtaKernels.Pipeline.Planning;

namespace PtaKernels.Tests.Planning;

/// <summary>The arithmetic of forecasts, against cases worked out by hand.</summary>
public class PlanArithmeticTests
{
    [TestCase("20000000", 2e7)]
    [TestCase("20M", 2e7)]
    [TestCase("1G", 1e9)]
    [TestCase("7b", 7e9)]
    [TestCase("1.5T", 1.5e12)]
    [TestCase("350k", 3.5e5)]
    [TestCase("4e12", 4e12)]
    public void AmountsAreRead(string text, double value) => Assert.That(TokenAmount.Parse(text, "--tokens"), Is.EqualTo(value));

    [TestCase("0")]
    [TestCase("-1G")]
    [TestCase("G")]
    [TestCase("")]
    [TestCase("1,5T")]
    [TestCase("many")]
    [TestCase("1e400")]
    public void WhatIsNoAmountIsRefused(string text) =>
        Assert.That(() => TokenAmount.Parse(text, "--tokens"), Throws.ArgumentException.With.Message.StartsWith($"--tokens '{text}' is no number over 0"));

    [TestCase(2e7, "20 M")]
    [TestCase(1e9, "1 G")]
    [TestCase(1.5e12, "1.5 T")]
    [TestCase(999_999, "1 M")]
    [TestCase(17, "17")]
    public void AmountsAreWritten(double value, string text) => Assert.That(TokenAmount.Format(value), Is.EqualTo(text));

    [Test]
    public void ProductsAndSumsOfEstimates()
    {
        // ln 2 both ways, and ln e: the distance to the end is sqrt(ln(2)^2 + 1).
        Estimate product = new Estimate(4, 2, 8).Times(new Estimate(3, 3 / Math.E, 3 * Math.E));
        Estimate sum = new Estimate(10, 7, 14).Plus(new Estimate(20, 16, 23));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(product.Value, Is.EqualTo(12).Within(1e-12));
            Assert.That(product.Low, Is.EqualTo(12 / Math.Exp(Math.Sqrt((Math.Log(2) * Math.Log(2)) + 1))).Within(1e-12));
            Assert.That(product.High, Is.EqualTo(12 * Math.Exp(Math.Sqrt((Math.Log(2) * Math.Log(2)) + 1))).Within(1e-12));
            Assert.That(sum, Is.EqualTo(new Estimate(30, 25, 35)), "3 4 5 on both sides");
            Assert.That(new Estimate(4, 2, 8).Times(0.5), Is.EqualTo(new Estimate(2, 1, 4)));
        }
    }

    [Test]
    public void ARowIsWhatItsStageTakes()
    {
        // A million tokens; 3 s of a core each 1,000 tokens, of which 2 nodes of 5 cores have ten; 20 s to start, 12 of them on a core.
        var cost = new StageCost
        {
            Stage = "align", Tokens = Estimate.Exactly(2), Bytes = new Estimate(40, 30, 60), FixedBytes = 1000, CoreSeconds = Estimate.Exactly(0.003), BusySeconds = Estimate.Exactly(0.0032),
            StartSeconds = Estimate.Exactly(20), StartCoreSeconds = Estimate.Exactly(12), From = "here",
        };
        PlanRow row = cost.At(1e6, new PlanMachines(2, 5, 0));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(row.Tokens.Value, Is.EqualTo(2e6));
            Assert.That(row.DiskBytes, Is.EqualTo(new Estimate(40_001_000, 30_001_000, 60_001_000)));
            Assert.That(row.CpuHours!.Value.Value, Is.EqualTo((3000 + 24) / 3600.0).Within(1e-12));
            Assert.That(row.WallHours!.Value.Value, Is.EqualTo((320 + 20) / 3600.0).Within(1e-12));
            Assert.That(row.GpuHours, Is.Null);
            Assert.That((cost with { SerialSeconds = Estimate.Exactly(0.001) }).At(1e6, new PlanMachines(2, 5, 0)).WallHours!.Value.Value, Is.EqualTo(520 / 3600.0).Within(1e-12), "one process a node");
        }
    }

    [Test]
    public void DevicesShareWorkButTrainingHasOne()
    {
        var cost = new StageCost { Stage = "capture", Tokens = Estimate.Exactly(1), DeviceSeconds = Estimate.Exactly(0.036), From = "assumed" };
        var machines = new PlanMachines(2, 64, 8);
        PlanRow shared = cost.At(1e6, machines), alone = (cost with { IsAlone = true }).At(1e6, machines);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(shared.GpuHours!.Value.Value, Is.EqualTo(10).Within(1e-9));
            Assert.That(shared.WallHours!.Value.Value, Is.EqualTo(10.0 / 16).Within(1e-9));
            Assert.That(alone.WallHours!.Value.Value, Is.EqualTo(10).Within(1e-9));
            Assert.That(shared.DiskBytes, Is.Null);
        }
    }

    [Test]
    public void NewTokensGrowAsTheSquareRoot()
    {
        var news = new NewTokens(3, 1000);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(news.In(100_000), Is.EqualTo(new Estimate(30, 3, 3 * Math.Pow(100, 0.75))));
            Assert.That(news.In(10), Is.EqualTo(Estimate.Exactly(3)), "never less than was measured");
        }
    }
}
