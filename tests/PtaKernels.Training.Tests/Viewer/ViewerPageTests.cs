using PtaKernels.Pipeline;
using PtaKernels.Training.Tests.Browser;

namespace PtaKernels.Training.Tests.Viewer;

/// <summary>The viewer in a browser: what it shows of sample documents is what the backend says of them.</summary>
[Category("Long")]
public sealed class ViewerPageTests
{
    private const string Hostile = "</script><img src=x onerror=document.title='broken'>";

    private const int BytesRow = 13, PlanRow = 9;

    private static readonly string Folder = Repository.PathOf("artifacts/viewer");

    private Chromium _chromium = null!;
    private BrowserPage _page = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _chromium = await Chromium.StartAsync();
        ViewerDocument bytes = ViewerSamples.View("338", ViewerSamples.Bytes, "338, shares by bytes");
        ViewerDocument hostile = bytes with { Title = Hostile, Texts = [.. bytes.Texts.Select(static _ => Hostile)] };
        ViewerDocument[] documents = [bytes, ViewerSamples.View("462", AlignmentPreset.Paper, "462, two sources folded", sources: 2), hostile];
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "viewer.html"), ReportHtml.Of("Three documents", [new TextBlock("Documents of the samples."), new ViewerBlock(documents)]));
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_chromium is not null)
            await _chromium.DisposeAsync();
    }

    [SetUp]
    public async Task OpenAsync()
    {
        _page = await _chromium.OpenAsync(Path.Combine(Folder, "viewer.html"));
        await _page.SizeAsync(1280, 900);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await using BrowserPage page = _page;
        Assert.That(page.Errors, Is.Empty, "the console and the scripts");
        Assert.That(page.Requests, Has.Count.EqualTo(1), "a page that stands alone asks for nothing but itself");
    }

    [Test]
    public async Task ShowsSharesByBytesAsTheBackendGivesThem()
    {
        await OpenDocumentAsync(1);
        await _page.HoverAsync($".viewer-target[data-row='{BytesRow}']");
        await _page.WaitForAsync($".viewer-panel[data-row='{BytesRow}']");
        (StepView step, _) = Step(ViewerSamples.Bytes, "338", source: 0, BytesRow, prior: null);
        await RequireStepAsync("338", step, (c, column) => step.Shares![c, column] ?? 0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await _page.TextAsync("[data-field=certificate]"), Does.Contain("no transport ran"));
            Assert.That(await _page.TextAsync("[data-field=kept]"), Is.EqualTo(string.Create(null, $"{step.Provenance.SignalKept * 100:F1} % of what the teacher said")));
            Assert.That(await _page.EvaluateAsync<int>($"document.querySelectorAll('.viewer-source.viewer-active').length"), Is.EqualTo(1));
            Assert.That(await _page.AttributeAsync(".viewer-source.viewer-active", "data-position"), Is.EqualTo($"{step.Provenance.SourceRow}"));
        }
    }

    [Test]
    public async Task ShowsThePlanAndTheSourceThatFilledTheRow()
    {
        await OpenDocumentAsync(2);
        await _page.HoverAsync($".viewer-target[data-row='{PlanRow}']");
        await _page.WaitForAsync($".viewer-panel[data-row='{PlanRow}']");
        ViewerRow row = ViewerSamples.View("462", AlignmentPreset.Paper, "462", sources: 2).Rows[PlanRow];
        int source = row.Steps!.Single().Source;
        AlignedDocument? prior = source == 0 ? null : Aligned(AlignmentPreset.Paper with { Fallback = FallbackRule.Target }, "462", 0, null);
        (StepView step, VocabularyPair vocabularies) = Step(AlignmentPreset.Paper, "462", source, PlanRow, prior);
        await RequireStepAsync("462", step, (c, column) => step.Plan[c, column]);
        int gold = ViewerSamples.Document("spA", "462").Ids[PlanRow + 1];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await _page.TextAsync("[data-field=certificate]"), Is.EqualTo("certified"));
            Assert.That(await _page.TextAsync("[data-field=received]"), Is.EqualTo($"{vocabularies.Source.Name} row {step.Provenance.SourceRow}"));
            Assert.That(await _page.TextAsync("[data-field=next] code"), Is.EqualTo(VisibleText.Of(vocabularies.Target, gold)));
        }
    }

    [Test]
    public async Task IsPinnedAndLeftByKeyboard()
    {
        await OpenDocumentAsync(1);
        await _page.FocusAsync(".viewer-target[tabindex='0']");
        int first = await FocusedRowAsync();
        await _page.PressAsync("ArrowRight");
        Assert.That(await FocusedRowAsync(), Is.EqualTo(first + 1));
        await _page.PressAsync("Enter");
        await _page.HoverAsync($".viewer-target[data-row='{BytesRow}']");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await _page.AttributeAsync(".viewer-panel", "data-row"), Is.EqualTo($"{first + 1}"), "a pinned row stays");
            Assert.That(await _page.AttributeAsync($".viewer-target[data-row='{first + 1}']", "aria-pressed"), Is.EqualTo("true"));
            Assert.That(await _page.AttributeAsync($".viewer-target[data-row='{first + 1}']", "aria-label"), Does.StartWith($"Row {first + 1}, after ").And.Contain("rule"));
        }

        await _page.PressAsync("Escape");
        await _page.HoverAsync($".viewer-target[data-row='{BytesRow + 1}']");
        await _page.WaitForAsync($".viewer-panel[data-row='{BytesRow + 1}']");
        Assert.That(await _page.TextsAsync("[aria-pressed=true]"), Is.Empty);
        await _page.PressAsync("End");
        Assert.That(await FocusedRowAsync(), Is.EqualTo(ViewerSamples.Document("spA", "338").Length - 1));
    }

    [Test]
    public async Task TextsOfDocumentsStayText()
    {
        await OpenDocumentAsync(3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await _page.TextAsync(".viewer-target[data-row='1']"), Is.EqualTo(Hostile));
            Assert.That(await _page.TextsAsync("img"), Is.Empty);
            Assert.That(await _page.EvaluateAsync<string>("document.title"), Is.EqualTo("Three documents"));
        }
    }

    [TestCase(1280, 900)]
    [TestCase(400, 800)]
    public async Task FitsTheScreen(int width, int height)
    {
        await _page.SizeAsync(width, height);
        foreach (int document in new[] { 1, 2 })
        {
            await OpenDocumentAsync(document);
            await _page.ClickAsync($".viewer-target[data-row='{(document == 1 ? BytesRow : PlanRow)}']");
            foreach (bool dark in new[] { false, true })
            {
                await _page.DarkAsync(dark);
                await _page.ScreenshotAsync(Path.Combine(Folder, $"document-{document}-{width}-{(dark ? "dark" : "light")}.png"));
            }

            Assert.That(await _page.EvaluateAsync<int>("document.documentElement.scrollWidth"), Is.LessThanOrEqualTo(width), "the page is no wider than the screen");
        }
    }

    private async Task OpenDocumentAsync(int number)
    {
        await _page.ClickAsync($".viewer-list tbody tr:nth-child({number}) .viewer-open");
        await _page.WaitForAsync(".viewer-document .viewer-panel[data-row]");
    }

    private async Task<int> FocusedRowAsync() => await _page.EvaluateAsync<int>("Number(document.activeElement.dataset.row)");

    /// <summary>The panel's candidates, matrix and fused masses against a step; heaviest first on both sides, as far as the panel goes.</summary>
    private async Task RequireStepAsync(string id, StepView step, Func<int, int, double> moved)
    {
        int[] order = [.. Enumerable.Range(0, step.Rows.Length).OrderByDescending(c => step.Rows[c].Mass).Take(ViewerRows.MostCandidates)];
        double[] candidates = [.. order.Select(c => step.Rows[c].Mass!.Value)];
        double[] cells = [.. order.SelectMany(c => Enumerable.Range(0, step.Columns.Length).Select(column => moved(c, column))).Where(static mass => mass >= 1e-4).OrderDescending()];
        double[] fused = [.. step.Fused.Select(static f => f.Value).OrderDescending().Take(ViewerRows.MostTokens)];
        TokenizedDocument target = ViewerSamples.Document("spA", id);
        double[] logits = target.Candidates.ValuesOf(step.Row).ToArray();
        double[] own = [.. logits.Select(logit => Math.Exp(logit) / logits.Sum(Math.Exp)).OrderDescending().Take(ViewerRows.MostTokens)];
        double[] shownCells = [.. (await _page.NumbersAsync(".viewer-cellmass[data-mass]", "data-mass")).OrderDescending()];
        double[] shownFused = [.. (await _page.NumbersAsync("[data-fused]", "data-fused")).Where(static mass => mass > 0).Take(ViewerRows.MostTokens)];
        double[] shownOwn = [.. (await _page.NumbersAsync("[data-own]", "data-own")).OrderDescending().Take(ViewerRows.MostTokens)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await _page.NumbersAsync(".viewer-matrix .viewer-mass", "data-mass"), Is.EqualTo(candidates).Within(6e-5));
            Assert.That(await _page.TextsAsync(".viewer-matrix th[scope=row]"), Is.EqualTo(order.Select(c => step.Rows[c].Text)));
            Assert.That(shownCells, Is.EqualTo(cells).Within(1.2e-4));
            Assert.That(shownFused, Is.EqualTo(fused).Within(6e-5));
            Assert.That(shownOwn, Is.EqualTo(own).Within(6e-5));
        }
    }

    private static (StepView Step, VocabularyPair Vocabularies) Step(AlignmentOptions options, string id, int source, int row, AlignedDocument? prior)
    {
        VocabularyPair vocabularies = ViewerSamples.Sources[source].Vocabularies;
        DocumentPair pair = Pair(id, source, prior);
        return (StepView.Rebuild(ViewerSamples.Backend, pair, vocabularies, options, Aligned(options, id, source, prior), row), vocabularies);
    }

    private static AlignedDocument Aligned(AlignmentOptions options, string id, int source, AlignedDocument? prior)
    {
        var aligned = new AlignedDocument[1];
        ViewerSamples.Backend.AlignBatch([Pair(id, source, prior)], ViewerSamples.Sources[source].Vocabularies, options, aligned, new AlignmentReport());
        return aligned[0];
    }

    private static DocumentPair Pair(string id, int source, AlignedDocument? prior) =>
        new(ViewerSamples.Document(ViewerSamples.Sources[source].Name, id), ViewerSamples.Document("spA", id), prior);
}
