using System.CommandLine;
using PtaKernels.Scaling;

namespace PtaKernels.Tests.Scaling;

/// <summary>The scaling study: its file, its pictures, its block of the README, and a quick run of all of it.</summary>
public sealed class ScalingReportTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-scaling-test-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public void FileIsReadAsItWasWritten()
    {
        string path = Path.Combine(_folder.FullName, "a.json"), again = Path.Combine(_folder.FullName, "b.json");
        Sample().Write(path);
        ScalingResults.Read(path).Write(again);
        string text = File.ReadAllText(path);
        Assert.That(File.ReadAllText(again), Is.EqualTo(text));
        Assert.That(text, Does.Contain("\"rate_min\": 900").And.Contain("\"limited_by\": \"ports\"").And.Contain("\"value\": 1.05"));
        File.WriteAllText(path, text[..^50]);
        Assert.That(() => ScalingResults.Read(path), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith(path).And.Message.Contains("scripts/scaling run"));
        Assert.That(() => ScalingResults.Read(path + "x"), Throws.TypeOf<AlignmentDataException>());
    }

    [Test]
    public void ReportWritesPicturesAndItsBlockAlone()
    {
        string path = Path.Combine(_folder.FullName, "results", "2026-11-26-scaling.json"), readme = Path.Combine(_folder.FullName, "README.md");
        Sample().Write(path);
        File.WriteAllText(readme, "before\n<!-- scaling:begin -->\nold\n<!-- scaling:end -->\nafter\n");
        IReadOnlyList<string> written = ReportCommand.Write(path, readme);
        string text = File.ReadAllText(readme);
        Assert.That(written.Select(Path.GetFileName), Is.EqualTo(new[]
        {
            "2026-11-26-scaling-path.png", "2026-11-26-scaling-path.svg", "2026-11-26-scaling-batch-problems.png", "2026-11-26-scaling-batch-problems.svg", "2026-11-26-scaling.png", "2026-11-26-scaling.svg", "README.md",
        }));
        Assert.That(written, Has.All.Matches<string>(File.Exists));
        Assert.That(text, Does.StartWith("before\n<!-- scaling:begin -->\n").And.EndWith("\n<!-- scaling:end -->\nafter\n").And.Contain("](results/2026-11-26-scaling.png)").And.Not.Contain("old"));
        Assert.That(text, Does.Contain("An alignment path of a real document costs tokens^1.05 ± 0.02 from 1024 tokens on, of the same tokens shuffled, where nothing can be left out of the table, tokens^1.98 ± 0.02."));
        Assert.That(text, Does.Contain("| Alignment paths | native | seconds of a document by target tokens | 1,020 | 2,050 | 1.05 ± 0.02 | 1,000 target tokens/s at 1,020 | 50 %: ports |"));
        ReportCommand.Write(path, readme);
        Assert.That(File.ReadAllText(readme), Is.EqualTo(text), "nothing more the second time");
        File.WriteAllText(readme, "no block\n");
        Assert.That(() => ReportCommand.Write(path, readme), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("<!-- scaling:begin -->"));
    }

    [Test]
    public void ARateAboveItsLimitIsNamed()
    {
        Assert.That(ScalingTable.AboveLimits(Sample()), Is.Empty);
        ScalingResults bad = Sample();
        bad = bad with { Charts = [bad.Charts[0] with { Sweeps = [bad.Charts[0].Sweeps[0] with { Points = [new ScalingPoint(64, 1, 1200, 1200, 1200, 1000, "ports")] }] }] };
        Assert.That(ScalingTable.AboveLimits(bad).Single(), Does.StartWith("path, native, 64: 1.2k target tokens/s is above the limit 1k"));
    }

    [Test]
    [Category("Long")]
    public void QuickRunMeasuresEverything()
    {
        string path = Path.Combine(_folder.FullName, "quick.json");
        (int status, string errors) = Run("run", "--quick", "--results", path);
        Assert.That(status, Is.Zero, errors);
        ScalingResults results = ScalingResults.Read(path);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(results.Charts.Select(static c => c.Id), Is.EqualTo(Study.ChartIds));
            Assert.That(results.Quick, Is.True);
            Assert.That(results.Charts.SelectMany(static c => c.Sweeps).SelectMany(static s => s.Points), Has.All.Matches<ScalingPoint>(static p => p!.Rate > 0 && p.Seconds > 0 && p.RateMin <= p.Rate && p.Rate <= p.RateMax));
            Assert.That(results.Charts.SelectMany(static c => c.Sweeps), Has.All.Matches<ScalingSweep>(static s => s!.Points.Count > 0));
        }

        ReportCommand.Write(path, null);
        (status, errors) = Run("run", "--quick", "--chart", "k.problems", "--results", path);
        Assert.That(status, Is.Zero, errors);
        ScalingResults again = ScalingResults.Read(path);
        Assert.That(again.Charts.Select(static c => c.Id), Is.EqualTo(Study.ChartIds));
        Assert.That(again.Charts[0].Sweeps[0].Points, Is.EqualTo(results.Charts[0].Sweeps[0].Points), "a chart that was not asked for stays");
        (status, errors) = Run("run", "--chart", "k.problems", "--results", path);
        Assert.That(status, Is.EqualTo(1));
        Assert.That(errors, Does.Contain("name another file"));
    }

    [Test]
    public void AnUnknownChartIsOneSentence()
    {
        (int status, string errors) = Run("run", "--quick", "--chart", "nonsense", "--results", Path.Combine(_folder.FullName, "x.json"));
        Assert.That(status, Is.EqualTo(1));
        Assert.That(errors.TrimEnd(), Does.Contain("chart 'nonsense' is unknown; use path, pairing").And.Not.Contain("\n"));
        Assert.That(_folder.EnumerateFileSystemInfos(), Is.Empty);
    }

    private static (int Status, string Errors) Run(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int status = PtaKernels.Cli.Program.Run(new RootCommand { RunCommand.Create(), ReportCommand.Create() }, arguments, output, errors);
        return (status, errors.ToString());
    }

    private static ScalingResults Sample()
    {
        ScalingSweep native = new("native", "seconds of a document", "itself", new CostExponent(1.05, 0.02, 3, 1024, 2048), [new(1024, 1.024, 1000, 900, 1100, 2000, "ports"), new(2048, 2.2, 930, 900, 990, 2000, "ports")]);
        ScalingSweep table = native with { Name = "native, tokens shuffled", Exponent = new CostExponent(1.98, 0.02, 3, 1024, 2048) };
        ScalingSweep one = new("official", "seconds of a call", "itself", null, [new(1, 1e-6, 1e6, 1e6, 1e6)]);
        return new ScalingResults
        {
            Date = new DateTimeOffset(2026, 11, 26, 20, 5, 0, TimeSpan.Zero),
            Machine = "a processor",
            Cores = 2,
            Backend = "native, avx512",
            Versions = new Dictionary<string, string> { [".NET"] = "10.0" },
            Seconds = 60,
            Quick = false,
            Charts = [new("path", "Alignment paths", "target tokens", "target tokens/s", [native, table]), new("batch.problems", "Problems of a call", "problems", "problems/s", [one])],
        };
    }
}
