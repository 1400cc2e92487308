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
                double[] masses = [.. (view.Rows[i].Tokens ?? []).Chunk(3).Select(static token => token[1]!.Value * ViewerDocument.MassUnit).Take(ViewerRows.MostTokens).Where(static v => v > 0)];
                Assert.That(masses, Is.EqualTo(expected.ValuesOf(i).ToArray().Take(ViewerRows.MostTokens)).Within(6e-5), $"row {i}");
            }

            Assert.That(view.Transferred, Is.EqualTo(Enumerable.Range(0, expected.Rows).Count(i => expected[i].Transferred)));
            Assert.That(view.SignalKept, Is.EqualTo(Enumerable.Range(0, expected.Rows).Select(i => expected[i].SignalKept).Where(double.IsFinite).Average()).Within(1e-4));
        }
    }

    [Test]
    public void FoldsAndMixturesNameTheirSources()
    {
        AlignmentOptions row = ViewerSamples.Bytes with { FusionLevel = FusionLevel.Row };
        foreach (AlignmentOptions options in new[] { AlignmentPreset.Paper, row, row with { Fusion = FusionFunction.AvgCe } })
        {
            TokenizedDocument[] views = [.. ViewerSamples.Sources.Select(static s => ViewerSamples.Document(s.Name, "462"))];
            AlignedDocument merged = new DocumentAligner(ViewerSamples.Backend, ViewerSamples.Sources, options).Align(ViewerSamples.Document("spA", "462"), views).Merged!;
            ViewerDocument view = ViewerSamples.View("462", options, "two sources", sources: 2);
            int steps = 0;
            for (int i = 0; i < merged.Rows; i++)
            {
                ViewerStep[] given = view.Rows[i].Steps ?? [];
                steps += given.Length;
                if (merged[i].Rule != RowRule.Mixture)
                    Assert.That(given.Select(static step => (step.Source, step.From)), Is.EqualTo(merged[i].Transferred ? [(merged[i].Source, merged[i].SourceRow)] : Array.Empty<(int, int)>()), $"row {i}");
                Assert.That(given.Select(static step => step.Rule), Does.Not.Contain("W"));
            }

            Assert.That(steps, options.Fusion == FusionFunction.AvgCe ? Is.GreaterThan(merged.Rows) : Is.InRange(10, merged.Rows));
        }
    }

    [TestCase("paper")]
    [TestCase("reference")]
    public void OutputOfEveryPresetCanBeShown(string preset)
    {
        ViewerDocument view = ViewerSamples.View("462", AlignmentPreset.Named(preset), preset, sources: 2);
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

    /// <summary>By the size of five that are made of other samples each.</summary>
    [TestCase(10)]
    [TestCase(20)]
    public void TwentyDocumentsStaySmall(int k)
    {
        ViewerDocument[] documents = [.. Enumerable.Range(0, 5).Select(n => LongDocument(k, 4 * n))];
        string page = ReportHtml.Of("size", [new ViewerBlock(documents)]);
        double all = 20.0 * 400 * page.Length / documents.Sum(static document => document.Rows.Length);
        TestContext.Out.WriteLine($"twenty documents of 400 tokens with {k} candidates: {all / 1e6:F2} MB");
        Assert.That(all, Is.LessThan(3e6));
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

    /// <summary>400 target tokens: and more: sample documents one after the other, from one on, with k candidates by widening the samples' ten.</summary>
    private static ViewerDocument LongDocument(int k, int first)
    {
        (TokenizedDocument source, TokenizedDocument target) = LongDocuments.Of(k, first, 400);
        return ViewerDocument.Of(ViewerSamples.Backend, [ViewerSamples.Sources[0]], ViewerSamples.Bytes, target, [source], $"Document {first}");
    }
}
