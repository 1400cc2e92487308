using System.Text.Json;
using System.Xml.Linq;
using PtaKernels.Gate;
using PtaKernels.Tests.Corpus;

namespace PtaKernels.Tests.PerfGate;

/// <summary>Verdicts on counts, and the files that machines read.</summary>
public sealed class ReportsTests
{
    private static readonly Measurement[] Measured =
    [
        Measurement.Count("native", "path", "instructions", 100, 101, 1.02),
        Measurement.Time("native", "path", "time", new Decision(true, new RatioInterval(1.2, 1.15, 1.25), 2)),
        Measurement.Cannot("sizes", "BASE", "build", "it \"does\" not <build>."),
    ];

    [TestCase(1000, 1020, 0, ExpectedResult = false)]
    [TestCase(1000, 1021, 0, ExpectedResult = true)]
    [TestCase(0, 64, 64, ExpectedResult = false)]
    [TestCase(0, 65, 64, ExpectedResult = true)]
    [TestCase(1000, 900, 0, ExpectedResult = false)]
    public bool ACountFailsAboveWhatIsAllowed(double before, double after, double slack) =>
        Measurement.Count("dotnet", "case", "allocated", before, after, 1.02, slack).Verdict == Verdict.Failed;

    [Test]
    public void JsonHoldsEveryMeasurement()
    {
        using JsonDocument json = JsonDocument.Parse(Reports.ToJson("b", "h", Measured));
        JsonElement time = json.RootElement.GetProperty("measurements")[1];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json.RootElement.GetProperty("measurements").GetArrayLength(), Is.EqualTo(3));
            Assert.That(time.GetProperty("verdict").GetString(), Is.EqualTo("failed"));
            Assert.That(time.GetProperty("low").GetDouble(), Is.EqualTo(1.15));
            Assert.That(json.RootElement.GetProperty("base").GetString(), Is.EqualTo("b"));
        }
    }

    [Test]
    public void JUnitHasASuiteForEachSet()
    {
        XElement root = XDocument.Parse(Reports.ToJUnit(Measured)).Root!;
        XElement native = root.Elements("testsuite").First();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(root.Elements("testsuite").Select(static s => (string?)s.Attribute("name")), Is.EqualTo(new[] { "check-perf.native", "check-perf.sizes" }));
            Assert.That(((int)native.Attribute("tests")!, (int)native.Attribute("failures")!, (int)native.Attribute("skipped")!), Is.EqualTo((2, 1, 0)));
            Assert.That((string?)native.Elements("testcase").Last().Element("failure")?.Attribute("message"), Is.EqualTo("1.200 times BASE's time, 98 % interval 1.150 to 1.250; measured 2 times"));
            Assert.That((string?)root.Descendants("skipped").Single().Attribute("message"), Is.EqualTo("it \"does\" not <build>."));
        }
    }

    [Test]
    public void AFileAppearsWhole()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder["new"], "report.json");
        Reports.WriteWhole(file, "first");
        Reports.WriteWhole(file, "second");
        Assert.That((File.ReadAllText(file), Directory.GetFiles(Path.GetDirectoryName(file)!).Length), Is.EqualTo(("second", 1)));
    }

    [Test]
    public void OnlyNewLinesOfAcceptedGrowthCount()
    {
        const string Old = "native\tpath\ttime\t1.3\tearlier", New = "native\tpath\tinstructions\t1.1\tpaths check their ids";
        var accepted = new AcceptedGrowth($"# set, case, kind, ratio, reason\n{Old}\n{New}\n", Old + "\n");
        Measurement more = Measurement.Count("native", "path", "instructions", 100, 109, 1.02), much = Measurement.Count("native", "path", "instructions", 100, 111, 1.02);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(accepted.Apply(more).Verdict, Is.EqualTo(Verdict.Passed));
            Assert.That(accepted.Apply(more).Note, Does.Contain("paths check their ids"));
            Assert.That(accepted.Apply(much).Verdict, Is.EqualTo(Verdict.Failed));
            Assert.That(accepted.Apply(Measured[1]).Verdict, Is.EqualTo(Verdict.Failed));
        }
    }

    [Test]
    public void AWrongLineOfAcceptedGrowthIsNamed() =>
        Assert.That(() => new AcceptedGrowth("native path", ""), Throws.TypeOf<CannotMeasureException>().With.Message.Contains("'native path'"));

    [Test]
    public void CountsOfAnotherToolchainAreNotRead()
    {
        string text = new InstructionCounts("", "g++ 1, glibc 1").ToText(new Dictionary<string, double> { ["b"] = 2, ["a"] = 1 });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(new InstructionCounts("", "g++ 1, glibc 1").Read(text), Is.EqualTo(new Dictionary<string, double> { ["a"] = 1, ["b"] = 2 }));
            Assert.That(new InstructionCounts("", "g++ 2, glibc 1").Read(text), Is.Null);
            Assert.That(InstructionCounts.ToolchainOf(text), Is.EqualTo("g++ 1, glibc 1"));
        }
    }
}
