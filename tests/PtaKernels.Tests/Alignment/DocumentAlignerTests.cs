using PtaKernels.Alignment;

namespace PtaKernels.Tests.Alignment;

/// <summary>SPEC A3.5: how the rows of several sources become one.</summary>
[TestFixture]
public sealed class DocumentAlignerTests
{
    private const int Documents = 12;

    private static readonly AlignmentOptions Fusion = AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Fill = true };

    private static readonly int[][] Orders = [[0, 1, 2], [2, 0, 1]];

    private readonly IKernelBackend _backend = Backends.Backends.Open(null);

    [Test]
    public void RecursiveSourcesAreFolded(
        [Values(TransportKind.Balanced, TransportKind.Unbalanced)] TransportKind transport,
        [Values(TransferRule.Groups, TransferRule.BoundaryPrefix)] TransferRule transfer,
        [Values] FallbackRule fallback)
    {
        AlignmentOptions options = AlignmentPreset.Paper with { Transport = transport, Transfer = transfer, Fallback = fallback, Rho = 1 };
        var seen = new Dictionary<RowRule, int>();
        int later = 0;
        foreach ((int[] order, string text, DraftDocument own, DraftDocument[] views) in Draw(seed: 1))
        {
            FusedDocument fused = Align(options, own, views, order);
            ExpectedRow[] expected = new MergingOracle(_backend, SmallModel.Target, SmallModel.Sources, options, order).Fold(own, views);
            AssertRows(fused.Merged!, expected, 2e-8, text);
            Count(seen, expected);
            later += expected.Count(row => row.Source >= 0 && row.Source != order[0]);
        }

        Assert.That(seen.Keys, Has.Count.GreaterThanOrEqualTo(2), "transferred and unreached rows must both occur");
        Assert.That(later, Is.Positive, "a later source must win somewhere");
    }

    [Test]
    public void ALaterSourceKeepsWhatItDoesNotReach()
    {
        // By hand: one source cuts after "ab", the other never does, so the row of "ab" stays the first source's.
        DraftDocument own = Hand(SmallModel.Target, ["ab", "cd", "</s>"], ["a", "b"], [2, 1]);
        DraftDocument reaches = Hand(SmallModel.Sources[1], ["a", "b", "c", "d", "</s>"], ["a", "b"], [1, 0]);
        DraftDocument misses = Hand(SmallModel.Sources[1], ["abcd", "</s>"], ["a", "b"], [9, 0]);
        AlignmentSource source = new("giver-b", SmallModel.Sources[1].To(SmallModel.Target));
        AlignmentOptions options = AlignmentPreset.Paper with { Transfer = TransferRule.Boundary };
        var aligner = new DocumentAligner(_backend, [source, source], options);

        FusedDocument fused = aligner.Align(own.ToDocument(), [reaches.ToDocument(), misses.ToDocument()], new AlignmentRunReport(2));
        FusedDocument alone = new DocumentAligner(_backend, [source], options).Align(own.ToDocument(), [reaches.ToDocument()], new AlignmentRunReport(1));

        Assert.That(fused.Merged![0].Source, Is.Zero);
        Assert.That(fused.Merged.ValuesOf(0).ToArray(), Is.EqualTo(alone.Merged!.ValuesOf(0).ToArray()));
        Assert.That(fused.Merged[1].Source, Is.EqualTo(1));
        Assert.That(fused.Merged[2].Rule, Is.EqualTo(RowRule.None));
        // The second source's columns at "cd" are the fused row before it, where "a" outweighs "b" by what both models say together.
        Assert.That(fused.Merged.IndicesOf(1)[0], Is.EqualTo(IdOf(SmallModel.Target, "a")));
    }

    [Test]
    public void IndependentSourcesByMinCe(
        [Values] bool fill, [Values] bool withTarget, [Values] FusionLevel level, [Values(MassRule.Tail, MassRule.Renormalised)] MassRule mass)
    {
        AlignmentOptions options = Fusion with { Fill = fill, WithTarget = withTarget, FusionLevel = level, Mass = mass };
        AssertChosen(options, 2, winners: level is FusionLevel.Token or FusionLevel.Row ? 3 : 2);
    }

    [Test]
    public void IndependentSourcesByAvgCe(
        [Values] bool withTarget, [Values] FusionLevel level, [Values(MassRule.Tail, MassRule.Renormalised)] MassRule mass,
        [Values(TransferRule.Boundary, TransferRule.BoundaryPrefix)] TransferRule transfer) =>
        AssertChosen(Fusion with { Fusion = FusionFunction.AvgCe, WithTarget = withTarget, FusionLevel = level, Mass = mass, Transfer = transfer }, 3, winners: 2);

    [Test]
    public void TheFallbackComesAfterMerging([Values] FallbackRule fallback, [Values(FusionFunction.MinCe, FusionFunction.AvgCe)] FusionFunction function)
    {
        AlignmentOptions options = Fusion with { Fusion = function, Fallback = fallback };
        AssertChosen(options, 4, winners: 2);
        foreach ((int[] order, _, DraftDocument own, DraftDocument[] views) in Draw(seed: 4))
        {
            foreach (AlignedDocument one in Align(options, own, views, order).PerSource)
                Assert.That(Rules(one).Where(r => !new RowProvenance(r).Transferred), Is.All.EqualTo(RowRule.None), "one source alone gives no fallback row");
        }
    }

    [Test]
    public void EqualScoresGoToTheBetterSource([Values(FusionLevel.Document, FusionLevel.Token, FusionLevel.Prefix)] FusionLevel level)
    {
        foreach ((int[] order, _, DraftDocument own, DraftDocument[] views) in Draw(seed: 5))
        {
            foreach (DraftDocument view in views.Append(own))
                view.LabelCrossEntropy = new double[view.Ids.Length - 1];
            FusedDocument fused = Align(Fusion with { WithTarget = true, FusionLevel = level }, own, views, order);
            for (int i = 0; i < own.Ids.Length; i++)
            {
                int first = Array.Find([.. order, -1], s => s < 0 || fused.PerSource[s][i].Transferred);
                Assert.That(fused.Merged![i].Source, Is.EqualTo(first), "the target comes after every source");
            }
        }
    }

    [Test]
    public void WithoutCrossEntropiesAChoiceIsRefused([Values(FusionFunction.MinCe, FusionFunction.AvgCe)] FusionFunction function, [Values] bool withTarget)
    {
        AlignmentOptions options = Fusion with { Fusion = function, WithTarget = withTarget };
        (int[] order, _, DraftDocument own, DraftDocument[] views) = Draw(seed: 6)[0];
        foreach (DraftDocument without in withTarget ? [views[1], own] : new[] { views[1] })
        {
            (double[]? labels, double? mean) = (without.LabelCrossEntropy, without.MeanCrossEntropy);
            (without.LabelCrossEntropy, without.MeanCrossEntropy) = (null, null);
            string name = without == own ? "target" : "giver-b";
            Assert.That(() => Align(options, own, views, order), Throws.TypeOf<AlignmentDataException>()
                .With.Message.StartsWith($"document d0: {name} ").And.Message.Contains("metric_ce").And.Message.Contains("store it"));
            (without.LabelCrossEntropy, without.MeanCrossEntropy) = (labels, mean);
        }

        Assert.That(() => Align(options, own, views, order), Throws.Nothing);
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    public void ACrossEntropyThatIsNoNumberNeverWins(double bad)
    {
        foreach (FusionFunction function in (FusionFunction[])[FusionFunction.MinCe, FusionFunction.AvgCe])
        {
            (int[] order, _, DraftDocument own, DraftDocument[] views) = Draw(seed: 7)[0];
            views[2].LabelCrossEntropy![0] = bad;
            Assert.That(() => Align(Fusion with { Fusion = function }, own, views, order), Throws.TypeOf<AlignmentDataException>()
                .With.Message.StartsWith("document d0: giver-c").And.Message.Contains("not finite"));
        }
    }

    [Test]
    public void TokensNeedCrossEntropiesPerToken()
    {
        (int[] order, _, DraftDocument own, DraftDocument[] views) = Draw(seed: 6)[0];
        views[0].LabelCrossEntropy = null;
        Assert.That(() => Align(Fusion, own, views, order), Throws.Nothing);
        Assert.That(() => Align(Fusion with { FusionLevel = FusionLevel.Token }, own, views, order), Throws.TypeOf<AlignmentDataException>()
            .With.Message.StartsWith("document d0: ").And.Message.Contains("per_step_metric_ce").And.Message.Contains("--fusion-level document"));
    }

    [Test]
    public void OneSourceNeedsNoCrossEntropies([Values("paper", "fusion", "reference")] string preset)
    {
        AlignmentOptions options = AlignmentPreset.Named(preset) with { Window = SmallModel.K };
        foreach ((_, _, DraftDocument own, DraftDocument[] views) in Draw(seed: 8))
        {
            (views[0].LabelCrossEntropy, views[0].MeanCrossEntropy) = (null, null);
            (own.LabelCrossEntropy, own.MeanCrossEntropy) = (null, null);
            var aligner = new DocumentAligner(_backend, [Source(0)], options);
            Assert.That(aligner.NeedsCrossEntropies, Is.False);
            FusedDocument fused = aligner.Align(own.ToDocument(), [views[0].ToDocument()], new AlignmentRunReport(1));
            if (fused.Merged is { } merged)
                AssertSameRows(merged, fused.PerSource[0]);
        }
    }

    [Test]
    public void SeveralRecursiveSourcesNeedNoCrossEntropies()
    {
        (int[] order, _, DraftDocument own, DraftDocument[] views) = Draw(seed: 8)[0];
        foreach (DraftDocument view in views.Append(own))
            (view.LabelCrossEntropy, view.MeanCrossEntropy) = (null, null);
        Assert.That(() => Align(AlignmentPreset.Paper, own, views, order), Throws.Nothing);
    }

    [Test]
    public void ReferenceKeepsEverySourcesColumns()
    {
        AlignmentOptions options = AlignmentPreset.Reference with { Window = SmallModel.K };
        int fallbacks = 0;
        foreach ((int[] order, _, DraftDocument own, DraftDocument[] views) in Draw(seed: 9))
        {
            var report = new AlignmentRunReport(SmallModel.Sources.Length);
            FusedDocument fused = Align(options, own, views, order, report);
            Assert.That(fused.Merged, Is.Null);
            Assert.That(report.MergedGold.Rows, Is.Zero);
            for (int s = 0; s < views.Length; s++)
            {
                AlignedDocument[] alone = new AlignedDocument[1];
                _backend.AlignBatch([new DocumentPair(views[s].ToDocument(), own.ToDocument())], Source(s).Vocabularies, options, alone, new AlignmentReport());
                AssertSameRows(fused.PerSource[s], alone[0]);
                foreach (int i in Enumerable.Range(0, own.Ids.Length).Where(i => !alone[0][i].Transferred))
                {
                    Assert.That(alone[0].IndicesOf(i).ToArray(), Is.EqualTo(new[] { own.Ids[i] }), "quirk 3.A");
                    fallbacks++;
                }
            }
        }

        Assert.That(fallbacks, Is.Positive);
    }

    [TestCase("fusion", FallbackRule.Target, false)]
    [TestCase("fusion", FallbackRule.Mask, true)]
    [TestCase("paper", FallbackRule.Mask, false)]
    public void ATargetRowUnderTailNeedsTheTargetsLogSumExp(string preset, FallbackRule fallback, bool withTarget)
    {
        AlignmentOptions options = AlignmentPreset.Named(preset) with { Mass = MassRule.Tail, Fallback = fallback, WithTarget = withTarget };
        if (preset == "paper")
            options.Transport = TransportKind.Official; // recursive: the target's own rows are the first columns
        (int[] order, _, DraftDocument own, DraftDocument[] views) = Draw(seed: 10)[0];
        Assert.That(() => Align(options, own, views, order), Throws.Nothing);
        own.LogSumExp = null;
        Assert.That(() => Align(options, own, views, order), Throws.TypeOf<AlignmentDataException>()
            .With.Message.StartsWith("document d0: the target has no log-sum-exp").And.Message.Contains("--mass renormalised"));
    }

    [Test]
    public void TheReportCountsEveryMergedRow()
    {
        foreach (AlignmentOptions options in (AlignmentOptions[])[Fusion, AlignmentPreset.Paper])
        {
            (int[] order, _, DraftDocument own, DraftDocument[] views) = Draw(seed: 11)[0];
            var report = new AlignmentRunReport(views.Length);
            FusedDocument fused = Align(options, own, views, order, report);
            Align(options, own, views, order, report);
            Assert.That(report.Documents, Is.EqualTo(2));
            Assert.That(report.TargetTokens, Is.EqualTo(2 * own.Ids.Length));
            foreach (RowRule rule in Enum.GetValues<RowRule>())
                Assert.That(report.MergedRowsOf(rule), Is.EqualTo(2 * Rules(fused.Merged!).Count(r => r == rule)), rule.ToString());
            for (int s = 0; s < views.Length; s++)
                Assert.That(Enum.GetValues<RowRule>().Sum(report.Sources[s].RowsOf), Is.EqualTo(2 * own.Ids.Length));
        }
    }

    [Test]
    public void AnOrderThatIsNoneIsRefused()
    {
        AlignmentSource[] sources = [Source(0), Source(1)];
        foreach (int[] order in (int[][])[[0], [0, 0], [0, 1, 2], [1, 2], []])
            Assert.That(() => new DocumentAligner(_backend, sources, Fusion, order), Throws.ArgumentException.With.Message.Contains("each of 2 sources once"));
        Assert.That(() => new DocumentAligner(_backend, [], Fusion), Throws.ArgumentException.With.Message.Contains("at least one source"));
        Assert.That(() => new DocumentAligner(_backend, sources, Fusion with { Sources = SourceMerging.Recursive, Fusion = FusionFunction.None }), Throws.ArgumentException);
    }

    private void AssertChosen(AlignmentOptions options, int seed, int winners)
    {
        var seen = new Dictionary<RowRule, int>();
        var won = new HashSet<int>();
        foreach ((int[] order, string text, DraftDocument own, DraftDocument[] views) in Draw(seed))
        {
            // One document in three has only means, which document scores then come from.
            bool means = options.FusionLevel == FusionLevel.Document && text.Length % 3 == 0;
            foreach (DraftDocument view in means ? views.Append(own) : [])
                view.LabelCrossEntropy = null;
            FusedDocument fused = Align(options, own, views, order);
            ExpectedRow[] expected = new MergingOracle(_backend, SmallModel.Target, SmallModel.Sources, options, order).Choose(own, views, text);
            AssertRows(fused.Merged!, expected, 1e-12, text);
            Count(seen, expected);
            won.UnionWith(expected.Select(row => row.Source));
        }

        Assert.That(seen.Keys, Has.Count.GreaterThanOrEqualTo(2), "transferred and unreached rows must both occur");
        Assert.That(won, Has.Count.GreaterThanOrEqualTo(winners), "several sources must win somewhere");
    }

    private static void AssertRows(AlignedDocument actual, ExpectedRow[] expected, double tolerance, string text)
    {
        Assert.That(actual.Rows, Is.EqualTo(expected.Length));
        for (int i = 0; i < expected.Length; i++)
        {
            string where = $"row {i} of \"{text}\"";
            Assert.That(actual[i].Rule, Is.EqualTo(expected[i].Rule), where);
            Assert.That(actual[i].Source, Is.EqualTo(expected[i].Source), where);
            Assert.That(actual.IndicesOf(i).ToArray(), Is.EqualTo(expected[i].Masses.Select(m => m.Token)), where);
            Assert.That(actual.ValuesOf(i).ToArray(), Is.EqualTo(expected[i].Masses.Select(m => m.Mass)).Within(tolerance), where);
            Assert.That(actual[i].Missing, Is.EqualTo(expected[i].Missing).Within(tolerance), where);
        }
    }

    private static void AssertSameRows(AlignedDocument actual, AlignedDocument expected)
    {
        Assert.That(Rules(actual), Is.EqualTo(Rules(expected)));
        for (int i = 0; i < expected.Rows; i++)
        {
            Assert.That(actual.IndicesOf(i).ToArray(), Is.EqualTo(expected.IndicesOf(i).ToArray()));
            Assert.That(actual.ValuesOf(i).ToArray(), Is.EqualTo(expected.ValuesOf(i).ToArray()));
        }
    }

    private static (int[] Order, string Text, DraftDocument Own, DraftDocument[] Views)[] Draw(int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, Documents).Select(d =>
        {
            string text = SmallModel.RandomText(random, random.Next(3, 14));
            return (Orders[d % Orders.Length], text, SmallModel.Target.Draw(random, $"d{d}", text), SmallModel.Sources.Select(s => s.Draw(random, $"d{d}", text)).ToArray());
        })];
    }

    private static DraftDocument Hand(SmallModel model, string[] tokens, string[] candidates, double[] logits) => new()
    {
        Id = "hand",
        Ids = [.. tokens.Select(t => IdOf(model, t))],
        Candidates = [.. tokens.Select(_ => candidates.Select(c => IdOf(model, c)).ToArray())],
        Logits = [.. tokens.Select(_ => logits)],
    };

    private static int IdOf(SmallModel model, string token) => model.Vocabulary.IdOf(token);

    private static AlignmentSource Source(int s) => new(SmallModel.Sources[s].Name, SmallModel.Sources[s].To(SmallModel.Target));

    private static IEnumerable<RowRule> Rules(AlignedDocument document) => Enumerable.Range(0, document.Rows).Select(i => document[i].Rule);

    private static void Count(Dictionary<RowRule, int> seen, ExpectedRow[] rows)
    {
        foreach (ExpectedRow row in rows)
            seen[row.Rule] = seen.GetValueOrDefault(row.Rule) + 1;
    }

    private FusedDocument Align(AlignmentOptions options, DraftDocument own, DraftDocument[] views, int[] order, AlignmentRunReport? report = null) =>
        new DocumentAligner(_backend, [.. views.Select((_, s) => Source(s))], options, order)
            .Align(own.ToDocument(), [.. views.Select(v => v.ToDocument())], report ?? new AlignmentRunReport(views.Length));
}
