using System.Globalization;
using System.Text;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Corpus;

/// <summary>SPEC A3.5: sources by bits per byte of the whole corpus, best first.</summary>
[TestFixture]
public sealed class SourceOrderTests
{
    private readonly IKernelBackend _backend = Backends.Backends.Open(null);

    [Test]
    public void BitsPerByteOfTheCorpusOrderTheSources()
    {
        using RunFiles files = new(seed: 1, documents: 90, sources: 3);
        double[] scale = [1.3, 1, 1.1];
        double[] bits = new double[3];
        int bytes = files.Target.Sum(d => d.Ids.Sum(id => SmallModel.Target.Vocabulary.Bytes[id].Length));
        foreach (DraftDocument[] views in files.Sources)
        {
            for (int s = 0; s < 3; s++)
            {
                views[s].LabelCrossEntropy = [.. views[s].LabelCrossEntropy!.Select(c => c * scale[s])];
                bits[s] += views[s].LabelCrossEntropy!.Sum() / Math.Log(2);
            }
        }

        int[] expected = [.. Enumerable.Range(0, 3).OrderBy(s => bits[s])];
        Assert.That(expected, Is.Not.EqualTo(new[] { 0, 1, 2 }));
        Assert.That(Run(files.Write(), AlignmentPreset.Paper), Is.EqualTo(expected));
        Assert.That(files.Notices, Is.EqualTo(new[]
        {
            "source order by bits per byte: " + string.Join(", ", expected.Select(s => $"{files.Models[s].Name} {(bits[s] / bytes).ToString("F3", CultureInfo.InvariantCulture)}")) + ".",
        }));
    }

    [Test]
    public void TokensPerWordDoNotMatterBytesDo()
    {
        // Per token the second source is better, per byte the first: its tokens are longer.
        using RunFiles files = new(seed: 2, documents: 5, sources: 2);
        foreach (DraftDocument[] views in files.Sources)
        {
            (views[0].LabelCrossEntropy, views[1].LabelCrossEntropy) = (null, null);
            views[0].MeanCrossEntropy = 1.0 / (views[0].Ids.Length - 1);
            views[1].MeanCrossEntropy = 1.01 / (views[1].Ids.Length - 1);
        }

        Assert.That(Run(files.Write(), AlignmentPreset.Paper), Is.EqualTo(new[] { 0, 1 }));
    }

    [Test]
    public void EqualSourcesKeepTheirListing()
    {
        using RunFiles files = new(seed: 3, documents: 5, sources: 3);
        foreach (DraftDocument view in files.Sources.SelectMany(d => d))
            view.LabelCrossEntropy = new double[view.Ids.Length - 1];
        Assert.That(Run(files.Write(), AlignmentPreset.Paper), Is.EqualTo(new[] { 0, 1, 2 }));
    }

    [Test]
    public void AGivenOrderIsTaken()
    {
        using RunFiles files = new RunFiles(seed: 4, documents: 2, sources: 3).Write();
        Assert.That(Run(files, AlignmentPreset.Paper, order: [2, 0, 1]), Is.EqualTo(new[] { 2, 0, 1 }));
        Assert.That(files.Notices, Is.Empty);
    }

    [Test]
    public void WithoutCrossEntropiesTheListingIsTakenWithOneNotice()
    {
        using RunFiles files = new(seed: 5, documents: 90, sources: 2);
        foreach (DraftDocument view in files.Sources.SelectMany(d => d))
            (view.LabelCrossEntropy, view.MeanCrossEntropy) = (null, null);
        Assert.That(Run(files.Write(), AlignmentPreset.Paper), Is.EqualTo(new[] { 0, 1 }));
        Assert.That(files.Notices, Has.Count.EqualTo(1).And.All.Contains("in the order given"));
        Assert.That(() => Run(files, AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1 }), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("fusion-function"));
        Assert.That(files.Left, Is.EqualTo(new[] { "out.jsonl" }), "the first run's");
    }

    [Test]
    public void NothingIsOrderedWhereNothingIsChosen()
    {
        using RunFiles one = new RunFiles(seed: 6, documents: 2).Write(), two = new RunFiles(seed: 6, documents: 2, sources: 2).Write();
        Run(one, AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1 });
        Run(two, AlignmentPreset.Reference with { Window = SmallModel.K });
        Assert.That(one.Notices.Concat(two.Notices), Is.Empty);
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    public void ACrossEntropyThatIsNoNumberDoesNotDecide(double bad)
    {
        using RunFiles files = new(seed: 7, documents: 70, sources: 2);
        foreach (DraftDocument[] views in files.Sources)
            views[1].LabelCrossEntropy = [.. views[1].LabelCrossEntropy!.Select(c => c + 1)];
        files.Sources[66][1].LabelCrossEntropy![0] = bad;
        Assert.That(Run(files.Write(), AlignmentPreset.Paper), Is.EqualTo(new[] { 0, 1 }));
        files.Sources[66][1].LabelCrossEntropy![0] = 0;
        files.Sources[66][0].LabelCrossEntropy![0] = bad;
        Assert.That(Run(files.Write(), AlignmentPreset.Paper), Is.EqualTo(new[] { 0, 1 }));
        Assert.That(files.Notices, Has.Count.EqualTo(2).And.All.Contains("without 1 document whose cross-entropies are not finite"));
    }

    [Test]
    public void BadDocumentsAreNamedByTheirLineBeforeTheOrderIsKnown()
    {
        using RunFiles files = new(seed: 8, documents: 3, sources: 2);
        files.Target[1].Spans = [.. files.Target[1].Ids.Select(_ => (1, 0))];
        Assert.That(() => Run(files.Write(), AlignmentPreset.Paper), Throws.TypeOf<AlignmentDataException>()
            .With.Message.StartsWith($"{files.TargetPath}, line 2: document d1: row 0: ").And.Message.Contains("offsets must ascend"));
        files.Target[1].Ids[0] = SmallModel.Target.Hole;
        Assert.That(() => Run(files.Write(), AlignmentPreset.Paper), Throws.TypeOf<AlignmentDataException>()
            .With.Message.StartsWith($"{files.TargetPath}, line 2: document d1: row 0: target id {SmallModel.Target.Hole} has no token"));
        Assert.That(files.Left, Is.Empty);
    }

    [Test]
    public void QuarantinedDocumentsDoNotStopTheOrder()
    {
        using RunFiles files = new(seed: 9, documents: 4, sources: 2);
        files.Target[1].Spans = [.. files.Target[1].Ids.Select(_ => (1, 0))];
        files.Target[2].Ids[0] = -1;
        files.Write();
        File.AppendAllText(files.TargetPath, "{\n", Encoding.UTF8);
        for (int s = 0; s < 2; s++)
            File.AppendAllText(files.SourcePath(s), "{}\n", Encoding.UTF8);
        AlignmentRunReport report = files.Run(OnError.Quarantine).Run(_backend, AlignmentPreset.Paper, CancellationToken.None);
        Assert.That((report.Documents, report.Quarantined), Is.EqualTo((2L, 3L)));
    }

    private IReadOnlyList<int> Run(RunFiles files, AlignmentOptions options, IReadOnlyList<int>? order = null)
    {
        AlignmentRun run = files.Run(replace: true, order: order);
        run.Run(_backend, options, CancellationToken.None);
        return run.UsedOrder;
    }
}
