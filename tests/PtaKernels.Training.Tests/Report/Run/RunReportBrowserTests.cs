using System.Globalization;
using System.Text.Json;
using PtaKernels.Pipeline;
using PtaKernels.Training.Tests.Browser;

namespace PtaKernels.Training.Tests.Report.Run;

/// <summary>The page of <c>pta report</c> in a browser: it stands alone, runs without an error, shows the JSON's numbers, and opens its documents.</summary>
[Category("Long")]
public sealed class RunReportBrowserTests
{
    private static readonly string Folder = Repository.PathOf("artifacts/report");

    private Chromium _chromium = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _chromium = await Chromium.StartAsync();
        using var corpus = new SmallCorpus(40, "neox", "mpt");
        RunReportWriter.Write(RunAnalysis.Of(corpus.Align("fusion").Input, 12, new Silent(), CancellationToken.None), Folder);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_chromium is not null)
            await _chromium.DisposeAsync();
    }

    [Test]
    public async Task OpensShowsTheJsonsNumbersAndItsDocuments()
    {
        await using BrowserPage page = await _chromium.OpenAsync(Path.Combine(Folder, "run-report.html"));
        await page.SizeAsync(1280, 900);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "run-report.json")));
        double coverage = json.RootElement.GetProperty("signal").GetProperty("sources")[0].GetProperty("gold_top1").GetDouble();
        string shown = (await page.AttributeAsync("[data-path='signal.sources[0].gold_top1']", "data-value"))!;
        Assert.That(double.Parse(shown, CultureInfo.InvariantCulture), Is.EqualTo(coverage));
        Assert.That(await page.EvaluateAsync<int>("document.querySelectorAll('figure svg').length"), Is.GreaterThanOrEqualTo(2), "pictures stand in the page");
        Assert.That(await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"), Is.LessThanOrEqualTo(0), "nothing runs out of the page");
        int documents = await page.EvaluateAsync<int>("document.querySelectorAll('.viewer-open').length");
        Assert.That(documents, Is.EqualTo(2 * FidelitySection.Shown));
        await page.ClickAsync(".viewer-list tbody tr:nth-child(1) .viewer-open");
        await page.WaitForAsync(".viewer-document .viewer-panel[data-row]");
        foreach (bool dark in new[] { false, true })
        {
            await page.DarkAsync(dark);
            await page.ScreenshotAsync(Path.Combine(Folder, dark ? "report-dark.png" : "report.png"), whole: true);
        }

        await page.SizeAsync(400, 900);
        Assert.That(await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"), Is.LessThanOrEqualTo(0), "nor on a narrow screen");
        Assert.That(page.Errors, Is.Empty, "the console and the scripts");
        Assert.That(page.Requests, Has.Count.EqualTo(1), "a page that stands alone asks for nothing but itself");
    }
}
