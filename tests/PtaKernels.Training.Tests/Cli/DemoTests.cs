using System.Diagnostics;
using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Cli;

/// <summary>The demonstration, smaller: real text, the teachers of the samples.</summary>
[Category("Long")]
public sealed class DemoTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-demo-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public void FusionBeatsTheControlInBothDomainsByMoreThanItsStandardError()
    {
        string[] demo = ["demo", "--reduced", "--samples", Repository.PathOf("samples"), "--out", _folder.FullName, "--backend", "native"];
        (int exit, string errors) = Run(demo);
        Assert.That(exit, Is.Zero, errors);
        FusionReport first = Report();
        ReportStudent fusion = first.Students.Single(static s => s.Name == "fusion");
        Assert.That(first.Domains, Is.EqualTo(new[] { "core", "web", "all" }));
        foreach (ReportDifference difference in fusion.AgainstControl)
            Assert.That(difference.Difference, Is.LessThan(-difference.StandardError), difference.ToString());
        Assert.That(fusion.GoldTop1!.Value, Is.GreaterThan(fusion.TargetTop1!.Value), "the teachers know more");
        Assert.That(fusion.Coverage, Is.GreaterThan(0.8));
        foreach (string file in new[] { "report.md", "report.html", "table.png" })
            Assert.That(new FileInfo(Path.Combine(_folder.FullName, "fused", "report", file)).Length, Is.GreaterThan(1000), file);

        (exit, errors) = Run(demo);
        Assert.That(exit, Is.Zero, errors);
        Assert.That(errors.Split('\n').Count(static l => l.Contains("earlier", StringComparison.Ordinal)), Is.EqualTo(first.Stages.Count + 2), errors);
        Assert.That(Report().Students.Select(static s => s.AgainstControl), Is.EqualTo(first.Students.Select(static s => s.AgainstControl)));
    }

    private FusionReport Report() => FusionReportWriter.Read(Path.Combine(_folder.FullName, "fused", "report", "report.json"));

    private static (int Exit, string Errors) Run(string[] arguments)
    {
        using Process process = PtaProcess.Start(arguments);
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, errors);
    }
}
