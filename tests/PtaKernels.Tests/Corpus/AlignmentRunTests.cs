using System.Text.Json;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Corpus;

/// <summary>Files in, one file out: whole or not at all, the same whatever the threads do.</summary>
[TestFixture]
public sealed class AlignmentRunTests
{
    private static readonly AlignmentOptions Fusion = AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Fill = true };

    private static readonly AlignmentOptions Reference = AlignmentPreset.Reference with { Window = SmallModel.K };

    private readonly IKernelBackend _backend = Backends.Backends.Open(null);

    [TestCase("paper")]
    [TestCase("fusion")]
    [TestCase("reference")]
    public void TheOutputIsWhatOneThreadWrites(string preset)
    {
        // More documents than one batch holds.
        using RunFiles files = new RunFiles(seed: 1, documents: 150, sources: 3).Write();
        AlignmentOptions options = AlignmentPreset.Named(preset) with { Window = SmallModel.K };
        AlignmentRun run = files.Run();
        AlignmentRunReport report = run.Run(_backend, options, CancellationToken.None);

        var aligner = new DocumentAligner(_backend, files.Models, options, run.UsedOrder);
        var expected = new AlignmentRunReport(3);
        using (var output = new FusedJsonLines(files.Folder["expected.jsonl"], replace: false))
        {
            for (int d = 0; d < files.Target.Count; d++)
            {
                TokenizedDocument target = files.Target[d].ToDocument();
                TokenizedDocument[] sources = [.. files.Sources[d].Select(s => s.ToDocument())];
                output.Write(target, sources, aligner.Align(target, sources, expected));
            }

            output.Commit();
        }

        Assert.That(File.ReadAllBytes(files.Output), Is.EqualTo(File.ReadAllBytes(files.Folder["expected.jsonl"])));
        Assert.That(files.Left, Is.EqualTo(new[] { "out.jsonl" }));
        Assert.That((report.Documents, report.TargetTokens, report.Quarantined), Is.EqualTo((150L, expected.TargetTokens, 0L)));
        Assert.That(report.OverallGold.FusedHits, Is.EqualTo(expected.OverallGold.FusedHits));
        foreach (RowRule rule in Enum.GetValues<RowRule>())
        {
            Assert.That(report.MergedRowsOf(rule), Is.EqualTo(expected.MergedRowsOf(rule)));
            Assert.That(report.Sources.Select(s => s.RowsOf(rule)), Is.EqualTo(expected.Sources.Select(s => s.RowsOf(rule))));
        }
    }

    [Test]
    public void GzipInAndOutHoldsTheSame()
    {
        using RunFiles files = new RunFiles(seed: 2, documents: 3).Write();
        files.Run().Run(_backend, Fusion, CancellationToken.None);
        var zipped = new AlignmentRun
        {
            TargetDocuments = new JsonLinesReader(files.Folder.Write("t.gz", File.ReadLines(files.TargetPath))),
            Target = SmallModel.Target.Vocabulary,
            SourceDocuments = [new JsonLinesReader(files.Folder.Write("s.gz", File.ReadLines(files.SourcePath(0))))],
            Sources = files.Models,
            OutputPath = files.Folder["zip.jsonl.gz"],
        };
        zipped.Run(_backend, Fusion, CancellationToken.None);
        Assert.That(JsonLines.ReadLines(zipped.OutputPath).Select(l => l.Text), Is.EqualTo(files.OutputLines));
    }

    [Test]
    public void TheLimitTakesTheFirstDocuments()
    {
        using RunFiles files = new RunFiles(seed: 3, documents: 70).Write();
        files.Run().Run(_backend, Fusion, CancellationToken.None);
        string[] all = files.OutputLines;
        foreach (int limit in (int[])[1, 64, 65, 70, 1000])
        {
            AlignmentRunReport report = files.Run(replace: true, limit: limit).Run(_backend, Fusion, CancellationToken.None);
            Assert.That(files.OutputLines, Is.EqualTo(all.Take(limit)));
            Assert.That(report.Documents, Is.EqualTo(Math.Min(limit, 70)));
        }
    }

    [Test]
    public void ProgressGrowsToTheEnd([Values(0, 100)] int limit)
    {
        using RunFiles files = new RunFiles(seed: 4, documents: 130).Write();
        var told = new List<(long Tokens, double Share)>();
        AlignmentRunReport report = files.Run(limit: limit, progress: progress => told.Add((progress.Tokens, progress.Share))).Run(_backend, Fusion, CancellationToken.None);
        Assert.That(told.Select(t => t.Tokens), Is.Ordered);
        Assert.That(told.Select(t => t.Share), Is.Ordered.And.All.InRange(0.0, 1.0));
        Assert.That(told[^1], Is.EqualTo((report.TargetTokens, 1.0)));
    }

    [Test]
    public void DifferentDocumentsInOneLine()
    {
        using RunFiles files = new(seed: 5, documents: 4);
        files.Sources[2][0].Id = "other";
        AssertStops(files.Write(), Fusion, $"{files.SourcePath(0)}, line 3: document other, but {files.TargetPath} has d2 there; give the same documents in the same order.");
    }

    [Test]
    public void DocumentsWithoutIdsAreJoinedByTheirLines()
    {
        using RunFiles files = new(seed: 5, documents: 2);
        files.Target.ForEach(d => d.Id = null);
        files.Sources.ForEach(d => d[0].Id = null);
        files.Write();
        files.Run().Run(_backend, Fusion, CancellationToken.None);
        Assert.That(Field(files.OutputLines[1], "id").GetString(), Is.EqualTo("line 2"));
    }

    [Test]
    public void OneFileIsShorter()
    {
        using RunFiles files = new RunFiles(seed: 6, documents: 3).Write();
        files.Folder.Write("s0.jsonl", files.Sources.Take(2).Select(d => d[0].ToJson()));
        AssertStops(files, Fusion, $"{files.SourcePath(0)}: ends after 2 documents, {files.TargetPath} has more; give the same documents in every file.");
        files.Write().Folder.Write("t.jsonl", files.Target.Take(1).Select(d => d.ToJson()));
        AssertStops(files, Fusion, $"{files.TargetPath}: ends after 1 documents, {files.SourcePath(0)} has more; give the same documents in every file.");
        AssertStops(files, Fusion, $"{files.TargetPath}: ends after 1 documents, {files.SourcePath(0)} has more; give the same documents in every file.", OnError.Quarantine);
    }

    [Test]
    public void EmptyFilesHoldNoDocument()
    {
        using RunFiles files = new RunFiles(seed: 7, documents: 0).Write();
        AssertStops(files, Fusion, $"{files.TargetPath}: holds no document.");
    }

    [Test]
    public void BadDocumentsGoToQuarantineAndTheRunGoesOn([Values("paper", "fusion")] string preset)
    {
        using RunFiles files = new(seed: 8, documents: 140, sources: 2);
        files.Target[3].Logits[0][1] = double.NaN;
        files.Sources[66][1].Ids[0] = SmallModel.Sources[1].Hole;
        files.Sources[139][0].Id = "other";
        files.Write();
        string[] lines = File.ReadAllLines(files.SourcePath(0));
        lines[100] = lines[100][..20];
        File.WriteAllLines(files.SourcePath(0), lines);
        AlignmentOptions options = AlignmentPreset.Named(preset);

        AlignmentRun run = files.Run(OnError.Quarantine, order: [0, 1]);
        AlignmentRunReport report = run.Run(_backend, options, CancellationToken.None);

        Assert.That((report.Documents, report.Quarantined), Is.EqualTo((136L, 4L)));
        Assert.That(run.QuarantinePath, Is.EqualTo(files.Folder["out.jsonl.quarantine.jsonl"]));
        Assert.That(files.Left, Is.EqualTo(new[] { "out.jsonl", "out.jsonl.quarantine.jsonl" }));
        string[] bad = File.ReadAllLines(run.QuarantinePath);
        Assert.That(bad.Select(l => Field(l, "line").GetInt32()), Is.EqualTo(new[] { 4, 67, 101, 140 }));
        string[][] reasons = [["line 4: document d3: row 0, column 1: target logit is NaN"], ["line 67: document d66: row 0: source id", "giver-b"], ["s0.jsonl, line 101", "cut off"], ["s0.jsonl, line 140: document other"]];
        for (int i = 0; i < bad.Length; i++)
        {
            int line = Field(bad[i], "line").GetInt32();
            foreach (string part in reasons[i])
                Assert.That(Field(bad[i], "reason").GetString(), Does.Contain(part));
            Assert.That(Field(bad[i], "target").GetString(), Is.EqualTo(File.ReadLines(files.TargetPath).ElementAt(line - 1)));
            Assert.That(Field(bad[i], "sources").EnumerateArray().Select(s => s.GetString()), Is.EqualTo(new[] { 0, 1 }.Select(s => File.ReadLines(files.SourcePath(s)).ElementAt(line - 1))));
        }

        // What is left is aligned as if the bad documents had never been there.
        string[] good = files.OutputLines;
        foreach (int d in (int[])[139, 100, 66, 3])
        {
            files.Target.RemoveAt(d);
            files.Sources.RemoveAt(d);
        }

        files.Write().Run(replace: true, order: [0, 1]).Run(_backend, options, CancellationToken.None);
        Assert.That(files.OutputLines, Is.EqualTo(good));
    }

    [Test]
    public void QuarantineWithoutBadDocumentsLeavesNoFile()
    {
        using RunFiles files = new RunFiles(seed: 9, documents: 3).Write();
        files.Run(OnError.Quarantine).Run(_backend, Fusion, CancellationToken.None);
        Assert.That(files.Left, Is.EqualTo(new[] { "out.jsonl" }));
    }

    [Test]
    public void TheFirstBadDocumentStopsTheRun()
    {
        using RunFiles files = new(seed: 10, documents: 100);
        files.Target[80].Logits[1][0] = double.PositiveInfinity;
        files.Target[90].Logits[1][0] = double.NaN;
        AssertStops(files.Write(), Fusion, $"{files.TargetPath}, line 81: document d80: row 1, column 0: target logit is +Infinity; run the model again for this document.");
    }

    [Test]
    public void CancellationLeavesNothing()
    {
        using RunFiles files = new RunFiles(seed: 11, documents: 200).Write();
        using var cancellation = new CancellationTokenSource();
        int batches = 0;
        AlignmentRun run = files.Run(OnError.Quarantine, progress: _ =>
        {
            batches++;
            cancellation.Cancel();
        });
        Assert.That(() => run.Run(_backend, Fusion, cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(batches, Is.EqualTo(1));
        Assert.That(files.Left, Is.Empty);
    }

    [Test]
    public void AnExistingOutputIsKeptUnlessReplaced()
    {
        using RunFiles files = new RunFiles(seed: 12, documents: 2).Write();
        File.WriteAllText(files.Output, "old");
        Assert.That(() => files.Run().Run(_backend, Fusion, CancellationToken.None), Throws.TypeOf<AlignmentDataException>()
            .With.Message.StartsWith(files.Output).And.Message.Contains("exists already"));
        files.Target[1].Logits[0][0] = double.NaN;
        files.Write();
        Assert.That(() => files.Run(replace: true).Run(_backend, Fusion, CancellationToken.None), Throws.TypeOf<AlignmentDataException>());
        Assert.That(File.ReadAllText(files.Output), Is.EqualTo("old"), "a run that fails replaces nothing");
        Assert.That(files.Left, Is.EqualTo(new[] { "out.jsonl" }));
    }

    private void AssertStops(RunFiles files, AlignmentOptions options, string sentence, OnError onError = OnError.Stop)
    {
        Assert.That(() => files.Run(onError).Run(_backend, options, CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo(sentence));
        Assert.That(files.Left, Is.Empty);
    }

    private static JsonElement Field(string line, string name) => JsonDocument.Parse(line).RootElement.GetProperty(name);
}
