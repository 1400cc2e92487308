using System.Xml.Linq;
using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Report;

/// <summary>The report's files: what they say, that they stand alone, and that they appear together.</summary>
public sealed class FusionReportTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-report-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public void FolderHasPagesChartsAndFigures()
    {
        FusionReport report = SampleReport.Create();
        string folder = Path.Combine(_folder.FullName, "report");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "old.png"), "of the run before");
        FusionReportWriter.Write(report, folder);
        Assert.That(Directory.GetFileSystemEntries(_folder.FullName), Has.Length.EqualTo(1));
        Assert.That(Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).Order(), Is.EqualTo(new[] { "differences.png", "loss.png", "report.html", "report.json", "report.md", "table.png" }));
        string json = File.ReadAllText(Path.Combine(folder, "report.json"));
        Assert.That(FusionReportWriter.ToJson(FusionReportWriter.Read(Path.Combine(folder, "report.json"))) + "\n", Is.EqualTo(json));
        Assert.That(json, Does.Contain("\"signal_kept\": 0.993"));
    }

    [Test]
    public void HtmlStandsAloneAndIsWhole()
    {
        string html = ReportHtml.Of("A & B", FusionReportPage.Of(SampleReport.Create()));
        Assert.That(html, Does.Not.Contain("<script").And.Not.Contain("src=").And.Not.Contain("href=").And.Not.Contain("url("));
        Assert.That(html, Does.Contain("prefers-color-scheme: dark"));
        // Well-formed but for the two tags that HTML does not close.
        string strict = string.Join('\n', html.Split('\n').Skip(1).Where(static l => !l.StartsWith("<meta", StringComparison.Ordinal)));
        XElement page = XElement.Parse(strict);
        Assert.That(page.Descendants().Count(static e => e.Name.LocalName == "svg"), Is.EqualTo(2));
        Assert.That(page.Descendants("h1").Single().Value, Is.EqualTo("A & B"));
        Assert.That(page.Descendants("tr").Select(static r => r.Elements().Count()).Min(), Is.GreaterThan(2));
    }

    [Test]
    public void MarkdownSaysTheSameAsTheFigures()
    {
        FusionReport report = SampleReport.Create();
        string markdown = ReportMarkdown.Of(report.Title, FusionReportPage.Of(report));
        string[] lines = markdown.Split('\n');
        Assert.That(lines[0], Is.EqualTo(@"# Fusion of neox and mpt \<small\>"));
        Assert.That(lines, Does.Contain("| **fusion** | **fusion** | **0.5** | **307 k** | **1.5046** | **1.8538** | **1.6236** | **−0.0564 ± 0.0015** | **−0.0564 ± 0.0015** | **−0.0564 ± 0.0015** |"));
        Assert.That(lines, Does.Contain("| clm |  | 1 | 307 k | 1.5610 | 1.9102 | 1.6800 |  |  |  |"));
        Assert.That(lines, Does.Contain("| paper | 0.775 | 0.179 | 0.188 | 0.419 |"));
        Assert.That(lines, Does.Contain("| align fusion | 2.1 | 1.8 % |"));
        Assert.That(markdown, Does.Contain("Alignment took 30.1 s, 26.4 % of the whole.").And.Contain("![Training loss").Or.Contain("![Next-token loss in training](loss.png)"));
        Assert.That(lines.Count(static l => l.StartsWith("> **Warning:**", StringComparison.Ordinal)), Is.EqualTo(2), "rows worse than the target's own, and the one given");
        Assert.That(lines.Single(static l => l.StartsWith("> **Warning:** paper", StringComparison.Ordinal)), Does.Contain("(0.179)").And.Contain("(0.188)"));
        Assert.That(Array.IndexOf(lines, "Nothing follows for large models."), Is.LessThan(Array.IndexOf(lines, "## Result")));
        Assert.That(lines, Does.Contain("````json"), "the text inside has a fence of its own");
        // The rows of a table have as many cells as its head.
        foreach (string[] table in Tables(lines))
            Assert.That(table.Select(static l => l.Replace(@"\|", "", StringComparison.Ordinal).Count(static c => c == '|')).Distinct().Count(), Is.EqualTo(1), table[0]);
    }

    [Test]
    public void LittleIsEnough()
    {
        FusionReport full = SampleReport.Create(), little = full with
        {
            Domains = [], Control = null, Stages = [], Warnings = [], Conclusions = [], Sources = [], Config = "",
            Students = [full.Students[0] with { AgainstControl = [], AgainstStart = [], Loss = null, Coverage = null, GoldTop1 = null, TargetTop1 = null, SignalKept = null, BitsPerByte = new Dictionary<string, double>() }],
        };
        string folder = Path.Combine(_folder.FullName, "little");
        FusionReportWriter.Write(little, folder);
        Assert.That(Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).Order(), Is.EqualTo(new[] { "report.html", "report.json", "report.md", "table.png" }));
        FusionReport alone = full with { Control = null, Students = [full.Students[0] with { AgainstControl = [] }] };
        Assert.That(ReportMarkdown.Of("t", FusionReportPage.Of(alone)), Does.Contain("Δ core against the start").And.Contain("| fusion | the target before | core | −0.2164 |"));
    }

    private static IEnumerable<string[]> Tables(string[] lines)
    {
        for (int at = 0; at < lines.Length; at++)
        {
            string[] table = [.. lines.Skip(at).TakeWhile(static l => l.StartsWith('|'))];
            if (table.Length > 0)
                yield return table;
            at += table.Length;
        }
    }
}
