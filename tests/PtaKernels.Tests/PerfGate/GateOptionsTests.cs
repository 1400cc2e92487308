using PtaKernels.Gate;

namespace PtaKernels.Tests.PerfGate;

/// <summary>The command line of scripts/check-perf.</summary>
public sealed class GateOptionsTests
{
    [Test]
    public void WithoutArgumentsEverythingIsMeasured()
    {
        var options = GateOptions.Parse([]);
        Assert.That((options.Base, options.Sets.Count, options.Seconds, options.Quick), Is.EqualTo(((string?)null, 4, 2.0, false)));
    }

    [Test]
    public void SetsKeepTheirOrder() =>
        Assert.That(GateOptions.Parse(["--set", "sizes", "main", "--set", "native"]).Sets, Is.EqualTo(new[] { "native", "sizes" }));

    [Test]
    public void QuickTakesLessTimeUnlessToldOtherwise()
    {
        double quick = GateOptions.Parse(["--quick"]).Seconds, own = GateOptions.Parse(["--seconds", "5", "--quick"]).Seconds;
        Assert.That((quick, own), Is.EqualTo((0.8, 5.0)));
    }

    [TestCase("--set unknown is unknown", "--set", "unknown")]
    [TestCase("--json needs a value", "--json")]
    [TestCase("--wrong is no option", "--wrong")]
    [TestCase("a and b are two commits", "a", "b")]
    [TestCase("--seconds 0 must be a number over 0", "--seconds", "0")]
    [TestCase("--seconds long must be a number over 0", "--seconds", "long")]
    public void AWrongArgumentIsNamed(string sentence, params string[] args) =>
        Assert.That(() => GateOptions.Parse(args), Throws.ArgumentException.With.Message.StartsWith(sentence));
}
