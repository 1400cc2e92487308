using PtaKernels.Alignment;

namespace PtaKernels.Tests.Alignment;

/// <summary>Switch <c>label-mass chain</c>: the next token's mass is what the source gives to its bytes.</summary>
[TestFixture]
public sealed class LabelChainTests
{
    private static readonly AlignmentOptions Plain = AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1 };

    private static readonly AlignmentOptions Chain = Plain with { LabelMass = LabelMass.Chain };

    private static readonly ChainModel Taker = new("taker", false, "a", "b", "c", "d", " ", "ab", "abc", "cd", " a", "bcd");

    private static readonly ChainModel Giver = new("giver", false, "a", "b", "c", "d", " ", "abc", "cd", "da", " b", "abcd");

    private static readonly ChainModel SpacedTaker = new("spaced-taker", true, "a", "b", "c", "d", " ", " ab", "ab", "bc", " a", "abcd");

    private static readonly ChainModel SpacedGiver = new("spaced-giver", true, "a", "b", "c", "d", " ", " ab", "abc", " a", "cda", " b");

    private readonly IKernelBackend _backend = Backends.Backends.Open(null);

    [Test]
    public void AShorterTokensFamilyGivesTheLabelItsShare()
    {
        // After "c" the source gives a 0.5 and d 0.1, then b 0.5 after a; its a had probability 0.6 by its own account. y = "ab": 0.6 x 0.5.
        DraftDocument own = Draft(Taker, ["c", "ab"], 4, ["d", "c", " ", "b"]);
        DraftDocument view = Draft(Giver, ["c", "a", "b"], 2, ["a", "d"], [0.5, 0.1], [0.6, 0.5]);
        AssertRow(Align(Chain, Taker, own, Giver, view), 0, 0.4, ("ab", 0.3), ("a", 0.2), ("d", 0.1));
        AssertRow(Align(Plain, Taker, own, Giver, view), 0, 0.4, ("a", 0.5), ("d", 0.1));
    }

    [Test]
    public void ALongerTokensTextCountsForTheLabelAndTheRestMakesRoom()
    {
        // "abcd" came, and it or "a" begin with y = "a": 0.5 + 0.1. The missing 0.2 is not enough, so "abc" (nearest of "abcd") and "b" make room.
        DraftDocument own = Draft(Taker, ["c", "a", "b", "cd"], 4, ["d", "c", " ", "b"]);
        DraftDocument view = Draft(Giver, ["c", "abcd"], 3, ["abcd", "b", "a"], [0.5, 0.2, 0.1], [0.9]);
        AssertRow(Align(Plain, Taker, own, Giver, view), 0, 0.2, ("abc", 0.5), ("b", 0.2), ("a", 0.1));
        AssertRow(Align(Chain, Taker, own, Giver, view), 0, 0, ("a", 0.6), ("abc", 0.4 * 5 / 7), ("b", 0.4 * 2 / 7));
        // Where it came but is no candidate, its own probability counts.
        view = Draft(Giver, ["c", "abcd"], 2, ["b", "a"], [0.2, 0.1], [0.3]);
        AssertRow(Align(Chain, Taker, own, Giver, view), 0, 0.4, ("a", 0.4), ("b", 0.2));
    }

    [Test]
    public void AnEqualTokenIsItsOwnProbability()
    {
        DraftDocument own = Draft(Taker, ["c", "a", "cd"], 2, ["d", "c"]);
        DraftDocument view = Draft(Giver, ["c", "a", "cd"], 2, ["d", "b"], [0.5, 0.2], [0.25, 0.7]);
        // y was not in the row, which keeps two tokens: 0.2 goes to the missing mass. Ties go to the lower id.
        AssertRow(Align(Chain, Taker, own, Giver, view), 0, 0.25, ("d", 0.5), ("a", 0.25));
        view.LabelCrossEntropy![0] = -Math.Log(0.2);
        AssertRow(Align(Chain, Taker, own, Giver, view), 0, 0.3, ("d", 0.5), ("a", 0.2));
    }

    [Test]
    public void EveryRowIsWhatTheStringsSay([Values(0, 2, 64)] int fusedK, [Values(0, 2)] int window, [Values] bool spaces)
    {
        (ChainModel taker, ChainModel giver) = spaces ? (SpacedTaker, SpacedGiver) : (Taker, Giver);
        Random random = new(31 + fusedK + window);
        int rows = 0, left = 0, straddling = 0, several = 0, relatives = 0, absent = 0, scaled = 0, leading = 0;
        for (int d = 0; d < 100; d++)
        {
            string text = Text(random, random.Next(2, 16));
            DraftDocument own = Draw(random, taker, text), view = Draw(random, giver, text);
            if (random.Next(2) == 0)
                (own.Spans, view.Spans) = (Spans(taker, own.Ids), Spans(giver, view.Ids));
            AlignmentOptions options = Chain with { FusedK = fusedK, Window = window };
            AlignedDocument before = Align(options with { LabelMass = LabelMass.Candidates }, taker, own, giver, view), after = Align(options, taker, own, giver, view);
            var oracle = new LabelChainOracle(giver, view, taker, own);
            for (int i = 0; i < own.Ids.Length; i++)
            {
                Dictionary<int, double> row = Row(after, i), had = Row(before, i);
                LabelChainOracle.Expected? expected = before[i].Rule is RowRule.Boundary or RowRule.LeadingBos
                    ? oracle.RowAfter(i, before[i].SourceRow, had, fusedK == 0 ? own.Candidates[i].Length : fusedK, window) : null;
                string where = $"document {d} \"{text}\", row {i}";
                Assert.That(after[i] with { Missing = before[i].Missing }, Is.EqualTo(before[i]), where);
                if (expected is null)
                {
                    Assert.That((row, after[i].Missing), Is.EqualTo((had, before[i].Missing)), where);
                    left += before[i].Transferred ? 1 : 0;
                    continue;
                }

                Assert.That(row, Is.EqualTo(expected.Masses).Within(1e-12), where);
                Assert.That(after[i].Missing, Is.EqualTo(expected.Missing).Within(1e-12), where);
                Assert.That(row.Values.Sum() + after[i].Missing, Is.EqualTo(1).Within(1e-12), where);
                Assert.That(row.Values, Has.All.GreaterThan(0), where);
                Assert.That(after[i].Missing, Is.GreaterThanOrEqualTo(0), where);
                Assert.That(row.Values, Is.Ordered.Descending, where);
                int label = own.Ids[i + 1];
                Assert.That(row.GetValueOrDefault(label, expected.Probability), Is.EqualTo(expected.Probability).Within(1e-12), where);
                rows++;
                straddling += expected.Straddles ? 1 : 0;
                several += expected.Tokens > 1 ? 1 : 0;
                relatives += expected.HasRelatives ? 1 : 0;
                scaled += expected.ScalesOthers ? 1 : 0;
                absent += had.ContainsKey(label) ? 0 : 1;
                leading += before[i].Rule == RowRule.LeadingBos ? 1 : 0;
            }
        }

        int fewest = new[] { left, straddling, several, relatives, scaled, absent }.Min();
        Assert.That((rows > 300, fewest > 10, leading > 0), Is.EqualTo((true, true, true)), $"{rows} {left} {straddling} {several} {relatives} {scaled} {absent} {leading}");
    }

    [Test]
    public void UnmatchedBytesAreLeftAlone()
    {
        Random random = new(32);
        int touched = 0, changed = 0;
        for (int d = 0; d < 10; d++)
        {
            string text = Text(random, 60);
            DraftDocument own = Draw(random, Taker, text[..30] + "a" + text[31..]), view = Draw(random, Giver, text[..30] + "d" + text[31..]);
            AlignedDocument before = Align(Plain, Taker, own, Giver, view), after = Align(Chain, Taker, own, Giver, view);
            (int Start, int End)[] spans = Spans(Taker, own.Ids);
            for (int i = 0; i + 1 < own.Ids.Length; i++)
            {
                bool same = Row(after, i).SequenceEqual(Row(before, i));
                if (spans[i + 1].Start <= 31 && spans[i + 1].End >= 30)
                    Assert.That(same, Is.True, $"label at {spans[i + 1]} of \"{text}\"");
                touched += spans[i + 1].Start <= 31 && spans[i + 1].End >= 30 && before[i].Rule == RowRule.Boundary ? 1 : 0;
                changed += same ? 0 : 1;
            }
        }

        Assert.That((touched > 3, changed > 30), Is.EqualTo((true, true)), $"{touched} {changed}");
    }

    [Test]
    public void ASpanThatIsNotTheTokensOwnTextIsLeftAlone()
    {
        // The encoder gives "b" two bytes of the document, as after a normalisation.
        DraftDocument own = Draft(Taker, ["c", "b", "a"], 2, ["d", "c"]), view = Draft(Giver, ["c", "b", "a"], 2, ["d", "b"], [0.5, 0.2], [0.25, 0.25]);
        (own.Spans, view.Spans) = ([(0, 1), (1, 3), (3, 4)], [(0, 1), (1, 3), (3, 4)]);
        AlignedDocument before = Align(Plain, Taker, own, Giver, view), after = Align(Chain, Taker, own, Giver, view);
        Assert.That(Row(after, 0), Is.EqualTo(Row(before, 0)));
        Assert.That(Row(after, 1), Is.Not.EqualTo(Row(before, 1)));
    }

    [Test]
    public void AChainTooSmallForANumberLeavesNothingBehind()
    {
        DraftDocument own = Draft(Taker, ["c", "ab"], 4, ["d", "c", " ", "b"]), view = Draft(Giver, ["c", "a", "b"], 2, ["a", "d"], [0.5, 0.1], [0.6, 0.5]);
        view.LabelCrossEntropy = [600, 600];
        AssertRow(Align(Chain, Taker, own, Giver, view), 0, 0.4, ("a", 0.5), ("d", 0.1));
        // The label alone in its row, and no probability for it: the row stays.
        own = Draft(Taker, ["c", "a"], 1, ["d"]);
        view = Draft(Giver, ["c", "a"], 1, ["a"], [0.5], [0.5]);
        view.LabelCrossEntropy = [1e4];
        AssertRow(Align(Chain, Taker, own, Giver, view), 0, 0.5, ("a", 0.5));
        view.LabelCrossEntropy = [-1e-3];
        AssertRow(Align(Chain, Taker, own, Giver, view), 0, 0, ("a", 1));
    }

    [Test]
    public void LabelsAreNeededAndMustBeNumbers()
    {
        DraftDocument own = Draft(Taker, ["c", "ab"], 2, ["d", "c"]), view = Draft(Giver, ["c", "a", "b"], 2, ["a", "d"], [0.5, 0.1], [0.6, 0.5]);
        Assert.That(new DocumentAligner(_backend, [Source(Giver, Taker)], Chain).NeedsCrossEntropies, Is.True);
        (double[]? labels, view.LabelCrossEntropy, view.MeanCrossEntropy) = (view.LabelCrossEntropy, null, 1);
        Assert.That(() => Align(Chain, Taker, own, Giver, view), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith("document hand: ")
            .And.Message.Contains("per_step_metric_ce").And.Message.Contains("label-mass chain").And.Message.Contains("--label-mass candidates"));
        foreach (double bad in (double[])[double.NaN, double.PositiveInfinity])
        {
            view.LabelCrossEntropy = [labels![0], bad];
            Assert.That(() => Align(Chain, Taker, own, Giver, view), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith("document hand: row 1: ").And.Message.Contains("not finite"));
        }

        view.LabelCrossEntropy = [1];
        Assert.That(() => Align(Chain, Taker, own, Giver, view), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("3 source tokens but 1 label"));
    }

    [Test]
    public void SeveralSourcesAreChosenBetweenAfterIt()
    {
        DraftDocument own = Draft(Taker, ["c", "ab", "cd"], 4, ["d", "c", " ", "b"]), view = Draft(Giver, ["c", "a", "b", "cd"], 2, ["a", "d"], [0.5, 0.1], [0.6, 0.5, 0.5]);
        DraftDocument better = Draft(Giver, ["c", "a", "b", "cd"], 2, ["a", "d"], [0.5, 0.1], [0.7, 0.6, 0.5]);
        FusedDocument fused = new DocumentAligner(_backend, [Source(Giver, Taker), Source(Giver, Taker)], Chain)
            .Align(own.ToDocument(), [view.ToDocument(), better.ToDocument()], new AlignmentRunReport(2));
        Assert.That(fused.Merged![0].Source, Is.EqualTo(1));
        AssertRow(fused.Merged!, 0, 0.4, ("ab", 0.42), ("d", 0.1), ("a", 0.08));
        AssertRow(fused.PerSource[0], 0, 0.4, ("ab", 0.3), ("a", 0.2), ("d", 0.1));
    }

    private static void AssertRow(AlignedDocument document, int row, double missing, params (string Text, double Mass)[] expected)
    {
        Assert.That(document.IndicesOf(row).ToArray().Select(Taker.TextOf), Is.EqualTo(expected.Select(e => e.Text)));
        Assert.That(document.ValuesOf(row).ToArray(), Is.EqualTo(expected.Select(e => e.Mass)).Within(1e-9));
        Assert.That(document[row].Missing, Is.EqualTo(missing).Within(1e-9));
    }

    private static Dictionary<int, double> Row(AlignedDocument document, int row) =>
        document.IndicesOf(row).ToArray().Zip(document.ValuesOf(row).ToArray()).ToDictionary();

    /// <summary>A document whose rows all have the same candidates; probabilities of candidates and labels as given.</summary>
    private static DraftDocument Draft(ChainModel model, string[] tokens, int k, string[] candidates, double[]? mass = null, double[]? labels = null) => new()
    {
        Id = "hand",
        Ids = [.. tokens.Select(model.IdOf)],
        Candidates = [.. tokens.Select(_ => candidates[..k].Select(model.IdOf).ToArray())],
        Logits = [.. tokens.Select(_ => Enumerable.Range(0, k).Select(c => mass is null ? -c : Math.Log(mass[c])).ToArray())],
        LogSumExp = [.. tokens.Select(_ => mass is null ? 1 : 0.0)],
        LabelCrossEntropy = labels?.Select(p => -Math.Log(p)).ToArray(),
    };

    private static string Text(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => "aabbccd "[random.Next(8)]));

    /// <summary>Any segmentation with begin and end, now and then another special token; candidates near the label; some rows miss almost nothing.</summary>
    private static DraftDocument Draw(Random random, ChainModel model, string text)
    {
        var ids = new List<int> { ChainModel.Bos };
        for (string rest = model.AddsSpace ? " " + text : text; rest.Length > 0; rest = rest[model.TextOf(ids[^1]).Length..])
        {
            if (random.Next(20) == 0)
                ids.Add(ChainModel.Other);
            int[] fitting = [.. Enumerable.Range(ChainModel.FirstText, model.Count - ChainModel.FirstText).Where(t => rest.StartsWith(model.TextOf(t), StringComparison.Ordinal))];
            ids.Add(fitting[random.Next(fitting.Length)]);
        }

        ids.Add(ChainModel.Eos);
        if (random.Next(6) == 0)
            ids.RemoveAt(0);
        int[][] candidates = [.. ids.Select((_, t) =>
        {
            int[] all = [.. Enumerable.Range(ChainModel.Eos, model.Count - ChainModel.Eos)];
            random.Shuffle(all);
            return t + 1 < ids.Count && random.Next(3) > 0 ? all.Prepend(ids[t + 1]).Distinct().Take(4).ToArray() : all[..4];
        })];
        double[][] logits = [.. ids.Select(_ => Enumerable.Range(0, 4).Select(_ => 5 * random.NextDouble()).OrderDescending().ToArray())];
        foreach (double[] row in logits.Where(_ => random.Next(8) == 0))
            row[3] = double.NegativeInfinity;
        return new DraftDocument
        {
            Id = "d",
            Ids = [.. ids],
            Candidates = candidates,
            Logits = logits,
            LogSumExp = [.. logits.Select(row => Math.Log(row.Sum(Math.Exp)) + (random.Next(2) * random.NextDouble()))],
            LabelCrossEntropy = [.. ids.Skip(1).Select(_ => (1 + (2 * random.Next(2))) * random.NextDouble())],
        };
    }

    private static (int Start, int End)[] Spans(ChainModel model, int[] ids)
    {
        string[] pieces = model.Pieces(ids);
        return [.. pieces.Select((piece, t) => (pieces[..t].Sum(p => p.Length), pieces[..(t + 1)].Sum(p => p.Length)))];
    }

    private static AlignmentSource Source(ChainModel giver, ChainModel taker) => new(giver.Vocabulary.Name, new VocabularyPair(giver.Vocabulary, taker.Vocabulary));

    private AlignedDocument Align(AlignmentOptions options, ChainModel taker, DraftDocument own, ChainModel giver, DraftDocument view) =>
        new DocumentAligner(_backend, [Source(giver, taker)], options).Align(own.ToDocument(), [view.ToDocument()], new AlignmentRunReport(1)).PerSource[0];
}
