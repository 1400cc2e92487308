using PtaKernels.Alignment;

namespace PtaKernels.Tests.Alignment;

/// <summary>Fusion levels <c>row</c> and <c>prefix</c>: what they compare, by hand.</summary>
[TestFixture]
public sealed class FusionLevelTests
{
    private static readonly AlignmentOptions Prefix = AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, FusionLevel = FusionLevel.Prefix, Fill = true };

    private static readonly AlignmentOptions Row = Prefix with { FusionLevel = FusionLevel.Row };

    private readonly IKernelBackend _backend = Backends.Backends.Open(null);

    [Test]
    public void PrefixIsThePosteriorOfTheSources()
    {
        // Source 0 cuts a|b|cd, source 1 ba's tokens a|b|c|d; the target ab|cd|a. The rows after "ab" and "cd" are reached by both.
        DraftDocument own = Draft(SmallModel.Target, ["ab", "cd", "a", "</s>"], [2, 1], []);
        DraftDocument first = Draft(SmallModel.Sources[2], ["a", "b", "cd", "a", "</s>"], [3, 0], [0.5, 1.5, 2.5, 9]);
        DraftDocument second = Draft(SmallModel.Sources[1], ["a", "b", "c", "d", "a", "</s>"], [3, 0], [1, 0.25, 0.5, 3, 9], "ba");
        AlignedDocument fused = Align(Prefix with { Fusion = FusionFunction.AvgCe }, own, first, second).Merged!;
        AlignedDocument[] alone = Align(Prefix, own, first, second).PerSource;

        // -ln p of "ab" after its first letter: 0.5 and 1; of "abcd": 2 and 1.75.
        AssertMixture(fused, alone, row: 0, 0.5, 1);
        AssertMixture(fused, alone, row: 1, 2, 1.75);
        AssertMixture(fused, alone, row: 2, 4.5, 4.75);

        AlignedDocument chosen = Align(Prefix, own, first, second).Merged!;
        Assert.That(Enumerable.Range(0, 3).Select(i => chosen[i].Source), Is.EqualTo(new[] { 0, 1, 0 }));
    }

    [Test]
    public void PrefixStartsUniform()
    {
        DraftDocument own = Draft(SmallModel.Target, ["<s>", "ab", "</s>"], [2, 1], []);
        DraftDocument first = Draft(SmallModel.Sources[2], ["<s>", "a", "b", "</s>"], [3, 0], [7, 1, 1]);
        DraftDocument second = Draft(SmallModel.Sources[1], ["<s>", "a", "b", "</s>"], [3, 0], [2, 3, 1], "ba");
        FusedDocument fused = Align(Prefix with { Fusion = FusionFunction.AvgCe }, own, first, second);
        AssertMixture(fused.Merged!, fused.PerSource, row: 0, 0, 0);
        AssertMixture(fused.Merged!, fused.PerSource, row: 1, 8, 5);
        Assert.That(Align(Prefix, own, first, second).Merged![0].Source, Is.Zero, "source order");
    }

    [Test]
    public void PrefixDoesNotSeeWhatComes([Values(FusionFunction.MinCe, FusionFunction.AvgCe)] FusionFunction function)
    {
        Random random = new(21);
        int later = 0;
        for (int d = 0; d < 12; d++)
        {
            string text = SmallModel.RandomText(random, 14);
            DraftDocument own = SmallModel.Target.Draw(random, "d", text);
            DraftDocument[] views = [.. SmallModel.Sources.Select(s => s.Draw(random, "d", text))];
            AlignedDocument before = Align(Prefix with { Fusion = function }, own, views).Merged!;
            int row = random.Next(own.Ids.Length - 1), end = Length(SmallModel.Target, own.Ids[..(row + 1)]);
            foreach ((DraftDocument view, SmallModel model) in views.Zip(SmallModel.Sources))
            {
                for (int j = 1; j < view.Ids.Length; j++)
                {
                    // The end of sequence after the last letter is what the last letter's row predicts.
                    if (Length(model, view.Ids[..(j + 1)]) > end || view.Ids[j] == SmallModel.Eos)
                        view.LabelCrossEntropy![j - 1] = 5 * random.NextDouble();
                }
            }

            AlignedDocument after = Align(Prefix with { Fusion = function }, own, views).Merged!;
            for (int i = 0; i < own.Ids.Length; i++)
            {
                bool same = before.IndicesOf(i).SequenceEqual(after.IndicesOf(i)) && before.ValuesOf(i).SequenceEqual(after.ValuesOf(i)) && before[i].Source == after[i].Source;
                if (i <= row)
                    Assert.That(same, Is.True, $"row {i} of \"{text}\", labels changed after row {row}");
                later += same ? 0 : 1;
            }
        }

        Assert.That(later, Is.GreaterThan(5), "changed labels must matter after the row");
    }

    [Test]
    public void PrefixNatsAreTheTokensSoFar()
    {
        Random random = new(22);
        for (int d = 0; d < 60; d++)
        {
            string text = SmallModel.RandomText(random, random.Next(1, 20));
            DraftDocument target = SmallModel.Target.Draw(random, "d", text);
            foreach (SmallModel model in SmallModel.Sources)
            {
                DraftDocument source = model.Draw(random, "d", text);
                double[] actual = SourceScores.PrefixNats(new DocumentPair(source.ToDocument(), target.ToDocument()), model.To(SmallModel.Target));
                Assert.That(actual, Is.EqualTo(target.Ids.Select((_, i) => MergingOracle.NatsOfTextSoFar(source, model, target, SmallModel.Target, i))).Within(1e-12), text);
            }
        }
    }

    [Test]
    public void PrefixNeedsCrossEntropiesPerToken()
    {
        DraftDocument own = Draft(SmallModel.Target, ["ab", "cd", "</s>"], [2, 1], []);
        DraftDocument first = Draft(SmallModel.Sources[2], ["a", "b", "cd", "</s>"], [3, 0], [1, 1, 1]);
        DraftDocument second = Draft(SmallModel.Sources[1], ["a", "b", "c", "d", "</s>"], [3, 0], [1, 1, 1, 1]);
        (second.LabelCrossEntropy, second.MeanCrossEntropy) = (null, 1);
        Assert.That(() => Align(Prefix with { FusionLevel = FusionLevel.Document }, own, first, second), Throws.Nothing);
        Assert.That(() => Align(Prefix, own, first, second), Throws.TypeOf<AlignmentDataException>()
            .With.Message.StartsWith("document hand: ").And.Message.Contains("per_step_metric_ce").And.Message.Contains("fusion-level prefix").And.Message.Contains("--fusion-level document"));
    }

    [Test]
    public void RowTakesTheSurestSourceWithoutLabels()
    {
        DraftDocument own = Draft(SmallModel.Target, ["a", "b", "cd", "</s>"], [2, 1], null);
        DraftDocument first = Draft(SmallModel.Sources[2], ["a", "b", "cd", "</s>"], [3, 0], null);
        DraftDocument second = Draft(SmallModel.Sources[2], ["a", "b", "cd", "</s>"], [3, 0], null);
        second.Logits = [[9, 0], [2, 0], [3, 0], [3, 0]];
        second.LogSumExp = [.. second.Logits.Select(row => Math.Log(row.Sum(Math.Exp)) + 0.1)];
        AlignmentSource source = new("giver", SmallModel.Sources[2].To(SmallModel.Target));
        var aligner = new DocumentAligner(_backend, [source, source], Row);
        Assert.That(aligner.NeedsCrossEntropies, Is.False);
        AlignedDocument chosen = aligner.Align(own.ToDocument(), [first.ToDocument(), second.ToDocument()], new AlignmentRunReport(2)).Merged!;
        // Row 2 is the same in both: the better source by order.
        Assert.That(Enumerable.Range(0, 3).Select(i => chosen[i].Source), Is.EqualTo(new[] { 1, 0, 0 }));
        AlignedDocument reversed = new DocumentAligner(_backend, [source, source], Row, [1, 0])
            .Align(own.ToDocument(), [first.ToDocument(), second.ToDocument()], new AlignmentRunReport(2)).Merged!;
        Assert.That(Enumerable.Range(0, 3).Select(i => reversed[i].Source), Is.EqualTo(new[] { 1, 0, 1 }));

        FusedDocument mixed = new DocumentAligner(_backend, [source, source], Row with { Fusion = FusionFunction.AvgCe })
            .Align(own.ToDocument(), [first.ToDocument(), second.ToDocument()], new AlignmentRunReport(2));
        for (int i = 0; i < 3; i++)
            AssertMixture(mixed.Merged!, mixed.PerSource, i, [.. mixed.PerSource.Select(rows => -Math.Log(rows.ValuesOf(i).ToArray().Max()))]);
    }

    /// <summary>Row = sum of exp(-nats) times the sources' rows, over the sum of the weights.</summary>
    private static void AssertMixture(AlignedDocument mixture, AlignedDocument[] alone, int row, params double[] nats)
    {
        double all = nats.Sum(n => Math.Exp(-n));
        Dictionary<int, double> expected = [];
        for (int s = 0; s < nats.Length; s++)
        {
            for (int t = 0; t < alone[s].IndicesOf(row).Length; t++)
                expected[alone[s].IndicesOf(row)[t]] = expected.GetValueOrDefault(alone[s].IndicesOf(row)[t]) + (Math.Exp(-nats[s]) / all * alone[s].ValuesOf(row)[t]);
        }

        Assert.That(mixture[row].Rule, Is.EqualTo(RowRule.Mixture));
        Assert.That(mixture.IndicesOf(row).ToArray().Zip(mixture.ValuesOf(row).ToArray()).ToDictionary(), Is.EqualTo(expected).Within(1e-12), $"row {row}");
    }

    private static DraftDocument Draft(SmallModel model, string[] tokens, double[] logits, double[]? labels, string best = "ab") => new()
    {
        Id = "hand",
        Ids = [.. tokens.Select(model.Vocabulary.IdOf)],
        Candidates = [.. tokens.Select(_ => best.Select(letter => model.Vocabulary.IdOf($"{letter}")).ToArray())],
        Logits = [.. tokens.Select(_ => logits)],
        LogSumExp = [.. tokens.Select(_ => Math.Log(logits.Sum(Math.Exp)) + 0.1)],
        LabelCrossEntropy = labels,
    };

    private static int Length(SmallModel model, int[] ids) => ids.Sum(id => model.Vocabulary.Bytes[id].Length);

    private FusedDocument Align(AlignmentOptions options, DraftDocument own, params DraftDocument[] views)
    {
        int[] models = views.Length == 3 ? [0, 1, 2] : [2, 1];
        AlignmentSource[] sources = [.. views.Select((_, s) => new AlignmentSource($"giver {s}", SmallModel.Sources[models[s]].To(SmallModel.Target)))];
        return new DocumentAligner(_backend, sources, options).Align(own.ToDocument(), [.. views.Select(v => v.ToDocument())], new AlignmentRunReport(views.Length));
    }
}
