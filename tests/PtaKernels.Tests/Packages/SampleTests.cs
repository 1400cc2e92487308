namespace PtaKernels.Tests.Packages;

/// <summary>The C# samples compile with this project; here they run.</summary>
[Category("Long")]
public sealed class SampleTests
{
    private static IEnumerable<string> Names => Samples.All.Select(static s => s.Name);

    [TestCaseSource(nameof(Names))]
    public void PrintsWhatItShould(string name)
    {
        // bin/Release/net10.0, like this test's own folder.
        string built = Path.GetRelativePath(Repository.PathOf("tests", "PtaKernels.Tests"), AppContext.BaseDirectory);
        string program = Path.Combine(Repository.PathOf("samples", "csharp", name), built, name + ".dll");
        string output = DotnetRun.Succeed(Repository.Root, new Dictionary<string, string>(), DotnetRun.Host, program);
        Assert.That(output, Is.EqualTo(Samples.OutputOf(name)));
    }
}
