using PtaKernels.Alignment;

namespace PtaKernels.Tests.Alignment;

/// <summary>Gold statistics and the warning of SPEC A3.4, and counts of several workers together.</summary>
[TestFixture]
public sealed class AlignmentRunReportTests
{
    private readonly IKernelBackend _backend = Backends.Backends.Open(null);

    [Test]
    public void GoldIsCountedOnTransferredRowsWithANextToken()
    {
        // Tokens 2 3 4 5: row i's gold is the next one, the last row has none.
        var target = new TokenizedDocument { Id = "d", Ids = [2, 3, 4, 5, 6], Candidates = new TopKLogits([3, 9, 9, 4, 5, 4, 9, 6, 8, 7], [2, 1, 2, 1, 1, 1, 3, 1, 2, 2], 2) };
        var fused = new AlignedDocument("d", OutputUnit.Probabilities);
        fused.AddRow([9, 3], [0.6, 0.4], new RowProvenance(RowRule.Boundary)); // fused misses, the target hits
        fused.AddRow([4, 9], [0.7, 0.3], new RowProvenance(RowRule.Prefix)); // fused hits, the target misses
        fused.AddRow([5], [1], new RowProvenance(RowRule.TargetOwn)); // no teacher
        fused.AddRow([9, 6], [0.5, 0.5], new RowProvenance(RowRule.Mixture)); // both miss: the first of equals counts
        fused.AddRow([7], [1], new RowProvenance(RowRule.Group)); // no next token

        var gold = new GoldStatistics();
        gold.Count(fused, target);
        gold.Add(gold);

        Assert.That((gold.Rows, gold.FusedHits, gold.TargetHits), Is.EqualTo((6L, 2L, 2L)));
        Assert.That(gold.FusedProbability, Is.EqualTo(2 * (0.4 + 0.7 + 0.5)).Within(1e-15));
    }

    [Test]
    public void GoldOfOfficialValuesIsWhatTheStudentSees()
    {
        var target = new TokenizedDocument { Id = "d", Ids = [2, 3], Candidates = new TopKLogits([3, 4, 3, 4], [2, 1, 2, 1], 2) };
        var fused = new AlignedDocument("d", OutputUnit.Official);
        fused.AddRow([3, 4], [1.5, 0.5], new RowProvenance(RowRule.Soft));
        fused.AddRow([3], [1], new RowProvenance(RowRule.StringMismatch));
        var gold = new GoldStatistics();
        gold.Count(fused, target);
        Assert.That(gold.FusedProbability, Is.EqualTo(Math.E / (1 + Math.E)).Within(1e-15));
    }

    [TestCase(new[] { 0, 1, 2, 3, 4, 5 }, new[] { 0, 1, 2 }, true)]
    [TestCase(new[] { 0, 1, 2 }, new[] { 0, 1, 2, 3 }, false)]
    [TestCase(new[] { 0, 1, 2 }, new[] { 3, 4, 5 }, false)]
    [TestCase(new int[0], new int[0], false)]
    public void FusedRowsWorseThanTheTargetsOwnWarn(int[] targetKnows, int[] sourceKnows, bool warns)
    {
        AlignmentRunReport report = Run(targetKnows, sourceKnows);
        Assert.That((report.OverallGold.TargetHits, report.OverallGold.FusedHits), Is.EqualTo(((long)targetKnows.Length, (long)sourceKnows.Length)));
        Assert.That(report.Warning, warns ? Is.EqualTo("fused rows name the next token in 50.0 % of 6 rows, the target's own in 100.0 %: such a fusion teaches nothing.") : Is.Null);
    }

    [Test]
    public void NothingTransferredIsNoWarning() => Assert.That(new AlignmentRunReport(2).Warning, Is.Null);

    [Test]
    public void WithoutMergedRowsEverySourceCounts()
    {
        var report = new AlignmentRunReport(2);
        report.Gold[0].Add(Run([0, 1], [0]).OverallGold);
        report.Gold[1].Add(Run([0, 1], [2]).OverallGold);
        Assert.That((report.OverallGold.Rows, report.OverallGold.FusedHits, report.OverallGold.TargetHits), Is.EqualTo((12L, 2L, 4L)));
        Assert.That(report.Warning, Is.Not.Null);
        report.MergedGold.Add(Run([0], [0, 1]).OverallGold);
        Assert.That((report.OverallGold.Rows, report.Warning), Is.EqualTo((6L, (string?)null)), "merged rows are what a user should read");
    }

    [Test]
    public void AddJoinsEveryCount()
    {
        AlignmentRunReport one = Filled(1), two = Filled(10), both = Filled(1);
        both.Add(two);
        Assert.That((both.Documents, both.TargetTokens, both.Quarantined), Is.EqualTo((11L, 22L, 33L)));
        Assert.That((both.MergedGold.Rows, both.MergedGold.FusedHits), Is.EqualTo((one.MergedGold.Rows + two.MergedGold.Rows, one.MergedGold.FusedHits + two.MergedGold.FusedHits)));
        foreach (RowRule rule in Enum.GetValues<RowRule>())
            Assert.That(both.MergedRowsOf(rule), Is.EqualTo(one.MergedRowsOf(rule) + two.MergedRowsOf(rule)), rule.ToString());
        for (int s = 0; s < 2; s++)
        {
            Assert.That(both.Gold[s].FusedProbability, Is.EqualTo(one.Gold[s].FusedProbability + two.Gold[s].FusedProbability));
            Assert.That(both.Sources[s].RowsOf(RowRule.Prefix), Is.EqualTo(11 * (s + 1)));
            Assert.That(both.Sources[s].TransportsOf(TransportStatus.ExactFallback), Is.EqualTo(11 * (s + 1)));
            Assert.That(both.Sources[s].Iterations, Is.EqualTo(11 * (s + 1) * 7));
            Assert.That(both.Sources[s].SignalKept, Is.EqualTo(11 * (s + 1) * 0.5));
        }
    }

    private static AlignmentRunReport Filled(int times)
    {
        var report = new AlignmentRunReport(2) { Documents = times, TargetTokens = 2 * times, Quarantined = 3 * times };
        var row = new RowProvenance(RowRule.Prefix, SignalKept: 0.5, Transport: new TransportOutcome(TransportStatus.ExactFallback, 7, 0));
        for (int t = 0; t < times; t++)
        {
            report.CountMerged(RowRule.Mixture);
            report.Sources[0].CountRow(row);
            report.Sources[1].CountRow(row);
            report.Sources[1].CountRow(row);
        }

        foreach (GoldStatistics gold in report.Gold.Append(report.MergedGold))
            gold.Add(Fused(times));
        return report;
    }

    private static GoldStatistics Fused(int times)
    {
        var fused = new AlignedDocument("d", OutputUnit.Probabilities);
        for (int i = 0; i <= times; i++)
            fused.AddRow([2], [0.25], new RowProvenance(RowRule.Group));
        int[] ids = [.. Enumerable.Repeat(2, times + 1)];
        var gold = new GoldStatistics();
        gold.Count(fused, new TokenizedDocument { Id = "d", Ids = ids, Candidates = new TopKLogits(ids, new double[times + 1], 1) });
        return gold;
    }

    /// <summary>One document through two models of the same six letters and an end; each names the next token first only in the rows it knows.</summary>
    private AlignmentRunReport Run(int[] targetKnows, int[] sourceKnows)
    {
        SmallModel model = SmallModel.Target;
        int[] ids = [.. "abcdab".Select(c => model.Vocabulary.IdOf(c.ToString())), SmallModel.Eos];
        var aligner = new DocumentAligner(_backend, [new AlignmentSource("teacher", model.To(model))], AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Mass = MassRule.Renormalised });
        var report = new AlignmentRunReport(1);
        aligner.Align(View(targetKnows), [View(sourceKnows)], report);
        return report;

        TokenizedDocument View(int[] knows)
        {
            int wrong = model.Vocabulary.IdOf("▁");
            return new DraftDocument
            {
                Id = "d",
                Ids = ids,
                Candidates = [.. ids.Select((_, i) => i + 1 == ids.Length ? [wrong, 2] : knows.Contains(i) ? new[] { ids[i + 1], wrong } : [wrong, ids[i + 1]])],
                Logits = [.. ids.Select(_ => new double[] { 2, 1 })],
            }.ToDocument();
        }
    }
}
