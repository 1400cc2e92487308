namespace PtaKernels.Tests;

public sealed class Smoke
{
    [Test]
    public void RunsOnTheExpectedRuntime() => Assert.That(Environment.Version.Major, Is.EqualTo(10));
}
