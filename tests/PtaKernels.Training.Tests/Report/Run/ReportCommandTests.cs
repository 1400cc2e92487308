using PtaKernels.Cli;

namespace PtaKernels.Training.Tests.Report.Run;

/// <summary><c>pta report</c> on the command line: aligned documents with what they were made from, and one sentence for everything else.</summary>
public sealed class ReportCommandTests
{
    private static readonly string[] Made =
    [
        "--target", Sample("spA.jsonl.gz"), "--target-vocab", Sample("vocab/spA.json.gz"), "--source", Sample("gpt2.jsonl.gz"), "--source-vocab", Sample("vocab/gpt2.json.gz"), "--mass", "renormalised",
    ];

    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-report-command-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public void AlignedDocumentsAreToldApartFromTheirSelection()
    {
        string aligned = Path.Combine(_folder.FullName, "aligned.jsonl");
        Assert.That(Run(["align", .. Made, "--out", aligned, "--limit", "12", "--on-error", "quarantine"]).Exit, Is.Zero);
        (int exit, string output, string errors) = Run(["report", aligned, .. Made, "--documents", "3"]);
        Assert.That(exit, Is.Zero, errors);
        Assert.That(output, Does.Contain(Path.Combine(aligned + ".report", "run-report.html")));
        string json = File.ReadAllText(Path.Combine(aligned + ".report", "run-report.json"));
        Assert.That(json, Does.Contain("\"looked\": 12").And.Contain("\"mass\": \"renormalised\"").And.Contain("\"training\": null"));
    }

    [TestCase("no such file or folder", "nowhere")]
    [TestCase("is no output of `pta fuse`; for aligned documents give --target", ".")]
    [TestCase("--target-vocab is missing", ".", "--target", "a.jsonl")]
    [TestCase("--source is missing", ".", "--target-vocab", "a.json")]
    public void BadInputIsOneSentence(string part, params string[] arguments)
    {
        (int exit, _, string errors) = Run(["report", .. arguments]);
        Assert.That((exit, errors.TrimEnd().Split('\n').Length), Is.EqualTo((1, 1)), errors);
        Assert.That(errors, Does.StartWith("pta: ").And.Contain(part));
    }

    [Test]
    public void ARunSaysItselfWhatItWasMadeWith()
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "stages"));
        Assert.That(Run(["report", _folder.FullName, "--mass", "tail"]).Errors, Does.Contain("leave out switches"));
        Assert.That(Run(["report", _folder.FullName]).Errors, Does.Contain("has no run.json; run the same `pta fuse` once more"));
    }

    private static string Sample(string file) => Repository.PathOf("samples/" + file);

    private static (int Exit, string Output, string Errors) Run(string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        return (Program.Run(arguments, output, errors), output.ToString(), errors.ToString());
    }
}
