using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using PtaKernels.Alignment;
using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Report.Run;

/// <summary>The page of <c>pta report</c>: its numbers are the JSON's, and its sections count what the alignment counted.</summary>
public sealed partial class RunReportTests
{
    private const int Documents = 40;

    private SmallCorpus _corpus = null!;
    private RunReport _report = null!;
    private AlignmentRunReport _counted = null!;

    [OneTimeSetUp]
    public void Make()
    {
        _corpus = new SmallCorpus(Documents, "neox", "mpt");
        (RunInput input, _counted) = _corpus.Align("fusion");
        _report = RunAnalysis.Of(input, 12, new Silent(), CancellationToken.None);
        RunReportWriter.Write(_report, _corpus.In("report"));
    }

    [OneTimeTearDown]
    public void Remove() => _corpus.Dispose();

    [Test]
    public void EveryNumberOfThePageIsTheJsons() => RequireSameNumbers(_corpus.In("report"), least: 250);

    [Test]
    public void ThousandDocumentsStayUnderFiveMegabytes()
    {
        using var corpus = new SmallCorpus(1000, "neox", "mpt");
        RunReport report = RunAnalysis.Of(corpus.Align("fusion").Input, 30, new Silent(), CancellationToken.None);
        RunReportWriter.Write(report, corpus.In("report"));
        string page = corpus.In("report/run-report.html");
        Assert.That(new FileInfo(page).Length, Is.LessThan(5_000_000));
        Assert.That((report.Scope.Looked, report.Scope.Documents), Is.EqualTo((1000L, 1000L)));
        Assert.That(report.Fidelity.Opened, Has.Count.EqualTo(2 * FidelitySection.Shown));
        RequireSameNumbers(corpus.In("report"), least: 250);
    }

    [Test]
    public void PageStandsAloneAndFolderIsWhole()
    {
        string html = File.ReadAllText(_corpus.In("report/run-report.html"));
        Assert.That(html, Does.Not.Contain("src=\"").And.Not.Contain("href=").And.Not.Contain("url(").And.Contain("Small &lt;corpus&gt;"));
        Assert.That(Directory.GetFiles(_corpus.In("report")).Select(Path.GetFileName).Order(), Is.EqualTo(new[] { "distributions-fusion.png", "distributions-paper.png", "run-report.html", "run-report.json", "run-report.md" }));
        string markdown = File.ReadAllText(_corpus.In("report/run-report.md"));
        Assert.That(markdown, Does.Contain("![Preset paper: fused, target and FuseLLM-hard rows](distributions-paper.png)").And.Contain("opens 20 documents token by token"));
    }

    [Test]
    public void CoverageAndSignalAreTheRunsOwn()
    {
        Assert.That((_report.Scope.Looked, _report.Scope.Refused, _report.Scope.Tokens), Is.EqualTo(((long)Documents, 0L, _counted.TargetTokens)));
        Assert.That((_report.Scope.StoredRows, _report.Scope.StoredSame), Is.EqualTo((_counted.TargetTokens, _counted.TargetTokens)));
        Assert.That(_report.Scope.StoredDifference, Is.LessThan(1e-6));
        foreach (RuleCoverage rule in _report.Coverage.Rules)
        {
            RowRule known = Enum.GetValues<RowRule>().Single(r => RowProvenance.LetterOf(r).ToString() == rule.Letter);
            Assert.That(rule.Sources.Select(static s => s.Rows), Is.EqualTo(_counted.Sources.Select(s => s.RowsOf(known))), rule.Letter);
            Assert.That(rule.Merged!.Rows, Is.EqualTo(_counted.MergedRowsOf(known)), rule.Letter);
            Assert.That(rule.Transfers, Is.EqualTo(rule.Letter is "B" or "P" or "Z"), rule.Letter);
        }

        Assert.That(_report.Coverage.Rules.Sum(static r => r.Merged!.Share), Is.EqualTo(1).Within(1e-12));
        for (int s = 0; s < 2; s++)
        {
            Assert.That(_report.Signal.Sources[s].SignalKept, Is.EqualTo(_counted.Sources[s].SignalKept / _counted.Sources[s].SignalRows).Within(1e-9));
            Assert.That(_report.Signal.Sources[s].GoldTop1, Is.EqualTo(_counted.Gold[s].FusedHits / (double)_counted.Gold[s].Rows).Within(1e-12));
            Assert.That(_report.Signal.Rules.Sum(r => r.Rows[s]), Is.EqualTo(_counted.Sources[s].SignalRows));
        }

        Assert.That(_report.Signal.Sources[2].GoldProbability, Is.EqualTo(_counted.MergedGold.FusedProbability / _counted.MergedGold.Rows).Within(1e-12));
        Assert.That(_report.Seconds.Alignment.Sum(static a => a.Seconds.Sum()), Is.GreaterThan(0));
    }

    [Test]
    public void FaithfulDocumentsAreTheEndsOfAllOfThem()
    {
        FidelitySection fidelity = _report.Fidelity;
        Assert.That((fidelity.Documents, fidelity.Most.Count, fidelity.Least.Count), Is.EqualTo((Documents, 10, 10)));
        Assert.That(fidelity.Most.Select(static d => d.Kept), Is.Ordered.Descending);
        Assert.That(fidelity.Least.Select(static d => d.Kept), Is.Ordered.Ascending);
        Assert.That(fidelity.Least[^1].Kept, Is.LessThanOrEqualTo(fidelity.Most[^1].Kept));
        Assert.That(fidelity.Opened[0].SignalKept, Is.EqualTo(fidelity.Most[0].Kept).Within(1e-4), "the viewer opens the same document");
        Assert.That(fidelity.Opened[10].SignalKept, Is.EqualTo(fidelity.Least[0].Kept).Within(1e-4));
    }

    [Test]
    public void PresetsAreComparedOnTheSameRows()
    {
        PresetSection presets = _report.Presets;
        Assert.That(presets.Methods.Select(static m => m.Name), Is.EqualTo(new[] { "fuse-hard", "fuse-soft", "reference", "paper", "fusion" }));
        Assert.That(presets.Methods.Select(static m => m.Refused), Has.All.Zero);
        Assert.That(presets.Methods.Select(static m => m.Same.Rows).Distinct(), Is.EqualTo(new[] { presets.SameRows }));
        Assert.That(presets.SameRows, Is.GreaterThan(0).And.LessThanOrEqualTo(presets.Methods.Min(static m => m.Own.Rows)));
        Assert.That(presets.Methods[1].Own.Rows, Is.EqualTo(presets.Methods[2].Own.Rows), "the transport takes the rows that FuseLLM soft takes");
        Assert.That(presets.Methods[0].Transferred, Is.LessThan(presets.Methods[1].Transferred!.Value));
        Assert.That(presets.Methods[2].Own.Columns, Is.EqualTo(10));
        Assert.That(presets.Methods.Select(static m => m.Own.Missing > 0), Is.EqualTo(new[] { false, false, false, false, true }), "only mass tail leaves some missing");
        for (int a = 0; a < 5; a++)
        {
            Assert.That(presets.Differ[a][a], Is.Zero);
            Assert.That(presets.Differ[a], Is.EqualTo(presets.Differ.Select(row => row[a])), "the table is symmetric");
        }
    }

    [Test]
    public void OneSourcesRowsAreThoseOfARunWithIt()
    {
        using var corpus = new SmallCorpus(15, "neox");
        foreach (string preset in new[] { "paper", "fusion" })
        {
            (RunInput input, AlignmentRunReport counted) = corpus.Align(preset);
            RunReport report = RunAnalysis.Of(input, 1000, new Silent(), CancellationToken.None);
            PresetMethod method = report.Presets.Methods.Single(m => m.Name == preset);
            Assert.That(method.Own.Rows, Is.EqualTo(Enum.GetValues<RowRule>().Where(RowProvenance.IsTransfer).Sum(counted.MergedRowsOf)), preset);
            Assert.That(method.Own.GoldProbability, Is.EqualTo(counted.MergedGold.FusedProbability / counted.MergedGold.Rows).Within(1e-9), preset);
            Assert.That(method.Own.SignalKept, Is.EqualTo(counted.Sources[0].SignalKept / counted.Sources[0].SignalRows).Within(1e-9), preset);
            long transports = Enum.GetValues<TransportStatus>().Sum(s => counted.Sources[0].TransportsOf(s));
            Assert.That(report.Certificates.Sources[0].Statuses.Sum(static s => s.Transports), Is.EqualTo(transports), preset);
            Assert.That(transports > 0, Is.EqualTo(preset == "paper"));
            foreach (StatusCount status in report.Certificates.Sources[0].Statuses.Where(static s => s.Status == "converged"))
                Assert.That(status.LargestMarginalError, Is.InRange(0, 9e-10), "certified");
        }
    }

    [Test]
    public void OtherSwitchesThanTheFilesAreSaid()
    {
        using var corpus = new SmallCorpus(10, "neox");
        (RunInput input, _) = corpus.Align("fusion");
        RunReport report = RunAnalysis.Of(input with { Options = input.Options with { ByteTail = 9 } }, 5, new Silent(), CancellationToken.None);
        Assert.That(report.Scope.StoredSame, Is.LessThan(report.Scope.StoredRows));
        Assert.That(report.Scope.Switches, Is.EqualTo(new Dictionary<string, string> { ["byte-tail"] = "9" }));
        Assert.That(report.Scope.Blocks().OfType<TextBlock>().Count(static b => b.IsWarning), Is.EqualTo(1));
        Assert.That(report.Presets.Methods[^1].Name, Is.EqualTo("this run"));
    }

    private static void RequireSameNumbers(string folder, int least)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "run-report.json")));
        string page = Regex.Replace(File.ReadAllText(Path.Combine(folder, "run-report.html")), "<div class=\"viewer\">.*?</table></div>\n</div>", "", RegexOptions.Singleline);
        MatchCollection cells = Cell().Matches(page);
        int numbers = 0;
        using (Assert.EnterMultipleScope())
        {
            foreach (Match cell in cells)
            {
                string text = WebUtility.HtmlDecode(cell.Groups["text"].Value), path = WebUtility.HtmlDecode(cell.Groups["path"].Value);
                if (path.Length == 0)
                {
                    // Names may hold digits, a number of its own may not stand there.
                    Assert.That(cell.Groups["class"].Success || !text.Any(char.IsAsciiDigit), $"a number without a path: {text}");
                    continue;
                }

                double value = Find(json.RootElement, path).GetDouble(), shown = Read(text);
                Assert.That(double.Parse(cell.Groups["value"].Value, CultureInfo.InvariantCulture), Is.EqualTo(value), path);
                Assert.That(shown, Is.EqualTo(value).Within(Rounding(text)), path);
                numbers++;
            }
        }

        Assert.That(numbers, Is.GreaterThan(least));
    }

    private static JsonElement Find(JsonElement root, string path)
    {
        foreach (Match step in Regex.Matches(path, @"\[(\d+)\]|([^.\[\]]+)"))
            root = step.Groups[1].Success ? root[int.Parse(step.Groups[1].Value, CultureInfo.InvariantCulture)] : root.GetProperty(step.Groups[2].Value);
        return root;
    }

    private static double Read(string text)
    {
        double value = double.Parse(text.Replace("%", "").Replace('−', '-').Trim(), NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        return text.EndsWith('%') ? value / 100 : value;
    }

    /// <summary>Half of the last digit that is shown.</summary>
    private static double Rounding(string text)
    {
        string digits = text.Replace("%", "").Trim().Split('e')[0];
        int after = digits.Contains('.', StringComparison.Ordinal) ? digits.Length - digits.IndexOf('.', StringComparison.Ordinal) - 1 : 0;
        double unit = Math.Pow(10, -after) * (text.EndsWith('%') ? 0.01 : 1) * (text.Contains('e', StringComparison.Ordinal) ? Math.Pow(10, int.Parse(text.Split('e')[1], CultureInfo.InvariantCulture)) : 1);
        return 0.501 * unit;
    }

    [GeneratedRegex("<td(?<class> class=\"name\")?(?: data-path=\"(?<path>[^\"]*)\" data-value=\"(?<value>[^\"]*)\")?>(?<text>[^<]*)</td>")]
    private static partial Regex Cell();
}
