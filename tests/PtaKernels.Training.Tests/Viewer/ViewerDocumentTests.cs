using System.IO.Compression;
using System.Text.RegularExpressions;
using PtaKernels.Alignment;
using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Viewer;

/// <summary>What the viewer is given of a document, and what a page of documents weighs.</summary>
public sealed partial class ViewerDocumentTests
{
    [Test]
    public void RowsAreThoseOfTheAlignment()
    {
        TokenizedDocument target = ViewerSamples.Document("spA", "338"), source = ViewerSamples.Document("gpt2", "338");
        AlignedDocument expected = new DocumentAligner(ViewerSamples.Backend, [ViewerSamples.Sources[0]], ViewerSamples.Bytes).Align(target, [source]).Merged!;
        ViewerDocument view = ViewerSamples.View("338", ViewerSamples.Bytes, "one");
        Assert.That(view.Rows, Has.Length.EqualTo(expected.Rows));
        using (Assert.EnterMultipleScope())
        {
            for (int i = 0; i < expected.Rows; i++)
            {
                Assert.That(view.Rows[i].Rule, Is.EqualTo(expected[i].Letter.ToString()), $"row {i}");
                Assert.That(view.Rows[i].Steps?.Single().From, Is.EqualTo(expected[i].Transferred ? expected[i].SourceRow : null), $"row {i}");
                double[] masses = [.. (view.Rows[i].Fused ?? []).Chunk(2).Select(static pair => pair[1] * ViewerDocument.MassUnit)];
                Assert.That(masses, Is.EqualTo(expected.ValuesOf(i).ToArray().Where(static v => v >= 1e-4)).Within(6e-5), $"row {i}");
            }

            Assert.That(view.Transferred, Is.EqualTo(Enumerable.Range(0, expected.Rows).Count(i => expected[i].Transferred)));
            Assert.That(view.SignalKept, Is.EqualTo(Enumerable.Range(0, expected.Rows).Select(i => expected[i].SignalKept).Where(double.IsFinite).Average()).Within(1e-4));
        }
    }

    [Test]
    public void FoldsAndMixturesNameTheirSources()
    {
        ViewerDocument folded = ViewerSamples.View("338", AlignmentPreset.Paper, "folded", sources: 2);
        AlignmentOptions average = ViewerSamples.Bytes with { Fusion = FusionFunction.AvgCe, FusionLevel = FusionLevel.Row };
        ViewerDocument mixed = ViewerSamples.View("338", average, "mixed", sources: 2);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(folded.Rows.SelectMany(static row => row.Steps ?? []).Select(static step => step.Source).Distinct(), Is.EquivalentTo(new[] { 0, 1 }));
            Assert.That(folded.Rows.Where(static row => row.Steps is not null).Select(static row => row.Steps!.Length), Is.All.EqualTo(1));
            Assert.That(mixed.Rows.Where(static row => row.Rule == "W").Max(static row => row.Steps!.Length), Is.EqualTo(2));
            Assert.That(mixed.Rows.SelectMany(static row => row.Steps ?? []).Select(static step => step.Rule), Does.Not.Contain("W"));
        }
    }

    [TestCase("paper")]
    [TestCase("reference")]
    public void OutputOfEveryPresetCanBeShown(string preset)
    {
        ViewerDocument view = ViewerSamples.View("501", AlignmentPreset.Named(preset), preset, sources: 2);
        ViewerStep[] steps = [.. view.Rows.SelectMany(static row => row.Steps ?? [])];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(steps.Any(static step => step.Certificate is not null));
            Assert.That(view.Note is not null, Is.EqualTo(preset == "reference"));
        }
    }

    [Test]
    public void EverySourceTokenStandsBelowOneTargetToken()
    {
        ViewerDocument view = ViewerSamples.View("338", ViewerSamples.Bytes, "cells", sources: 1);
        Assert.That(view.Cells[0].Sum(), Is.EqualTo(view.SourceTokens[0].Length));
        // Rule B takes the source token that ends with the target token, which therefore stands last below it.
        int below = 0;
        for (int i = 0; i < view.Rows.Length; i++)
        {
            below += view.Cells[0][i];
            if (view.Rows[i].Rule == "B")
                Assert.That(view.Rows[i].Steps!.Single().From, Is.EqualTo(below - 1), $"row {i}");
        }
    }

    [TestCase(10)]
    [TestCase(20)]
    public void TwentyDocumentsStaySmall(int k)
    {
        ViewerDocument[] documents = [.. Enumerable.Range(0, 20).Select(n => LongDocument(k, n))];
        string page = ReportHtml.Of("size", [new ViewerBlock(documents)]);
        TestContext.Out.WriteLine($"{page.Length / 20 / 1000.0:F1} kB a document of 400 tokens with {k} candidates");
        Assert.That(page, Has.Length.LessThan(3_000_000));
    }

    [Test]
    public void NoTextOfADocumentEndsAnElement()
    {
        const string Hostile = "</script><img src=x onerror=alert(1)>";
        ViewerDocument view = ViewerSamples.View("338", ViewerSamples.Bytes, Hostile);
        string page = ReportHtml.Of("hostile", [new ViewerBlock([view with { Texts = [.. view.Texts.Select(static _ => Hostile)] }])]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(page, Does.Not.Contain("<img").And.Contain("&lt;/script&gt;&lt;img"));
            Assert.That(Unpacked(page), Does.Contain("onerror"), "the text is there, packed");
        }
    }

    private static string Unpacked(string page)
    {
        using var gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(Packed().Match(page).Groups[1].Value)), CompressionMode.Decompress);
        using var reader = new StreamReader(gzip);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("class=\"viewer-data\">([^<]*)<")]
    private static partial Regex Packed();

    /// <summary>400 target tokens: sample documents one after the other, from another one on each time, with k candidates by widening the samples' ten.</summary>
    private static ViewerDocument LongDocument(int k, int first)
    {
        (TokenizedDocument source, TokenizedDocument target) = LongDocuments.Of(k, first, 400);
        return ViewerDocument.Of(ViewerSamples.Backend, [ViewerSamples.Sources[0]], ViewerSamples.Bytes, target, [source], $"Document {first}");
    }
}
