using CommunityToolkit.HighPerformance;
using PtaKernels.Rules;

namespace PtaKernels.Tests.Conformance;

/// <summary>Masses, columns, projections, cuts and fallbacks of one row (SPEC A3.3, A3.4).</summary>
public sealed class RowMassTests
{
    private static readonly double[] Logits = [3, 1, 0.5, -2, double.NegativeInfinity];

    [TestCase("official", 3)]
    [TestCase("renormalised", 3)]
    [TestCase("tail", 3)]
    [TestCase("official", 0)]
    [TestCase("renormalised", 0)]
    [TestCase("tail", 0)]
    public void EachRuleCarriesItsMass(string rule, int window)
    {
        const double Lse = 3.5;
        AlignmentOptions options = AlignmentPreset.Fusion with { Window = window };
        AlignmentSwitches.Named("mass").Set(ref options, rule);
        TokenizedDocument document = Document([0, 1, 2, 3, 4], Logits, Lse);
        double[] mass = new double[window == 0 ? 5 : window];
        double missing = RowMass.Of(document, 0, options, mass);
        double[] e = [.. Logits.Select(Math.Exp)];
        double[] expected = [.. e.Take(mass.Length).Select(v => v / (rule == "tail" ? Math.Exp(Lse) : rule == "official" ? e.Sum() : e.Take(mass.Length).Sum()))];
        Assert.That(mass, Is.EqualTo(expected).Within(1e-15));
        Assert.That(missing, Is.EqualTo(rule == "tail" ? 1 - expected.Sum() : 0).Within(1e-15));
    }

    [Test]
    public void TemperatureAndLargeLogits()
    {
        double[] mass = new double[3];
        RowMass.Softmax([1000, 998, -1000], 2, mass);
        Assert.That(mass, Is.EqualTo(new[] { 1 / (1 + Math.Exp(-1)), Math.Exp(-1) / (1 + Math.Exp(-1)), 0 }).Within(1e-15));
        RowMass.Softmax([1, double.NaN, 0], 1, mass);
        Assert.That(mass, Is.All.NaN);
        Assert.That(RowMass.Tail([0.5, 0.4], 0, mass.AsSpan(0, 2)), Is.Zero, "a sum over 1 leaves nothing missing");
    }

    [Test]
    public void UnionAddsNearestTokensInRowOrderOnce()
    {
        ColumnCandidates columns = Collect(target: [5, 1], nearest: [1, 7, VocabularyMap.None, 7, 5, 3, 0], MassRule.Renormalised, lse: null, out double[] b);
        Assert.That(columns.Tokens.ToArray(), Is.EqualTo(new[] { 5, 1, 7, 3, 0 }));
        // Nothing is known to be missing: 0.01 shared by three, or the last own mass if that is smaller.
        double[] raw = [b[0], b[1], 0.01 / 3, 0.01 / 3, 0.01 / 3];
        Assert.That(columns.Mass.ToArray(), Is.EqualTo(raw.Select(v => v / raw.Sum())).Within(1e-15));
    }

    [TestCase(3.5)]
    [TestCase(6)]
    public void AddedColumnsShareTheTailUpToTheLastOwnMass(double lse)
    {
        ColumnCandidates columns = Collect(target: [5, 1], nearest: [7, 3], MassRule.Tail, lse, out double[] b);
        double missing = 1 - b.Sum(), share = Math.Min(b[1], Math.Max(missing, 0.01) / 2);
        double[] raw = [.. b, share, share];
        Assert.That(columns.Mass.ToArray(), Is.EqualTo(raw.Select(v => v / raw.Sum())).Within(1e-15));
    }

    [TestCase(1)]
    [TestCase(40)]
    [TestCase(64)]
    public void ColumnsAreAtMost64(int own)
    {
        int[] target = [.. Enumerable.Range(0, own)], nearest = [.. Enumerable.Range(20, 64)];
        ColumnCandidates columns = Collect(target, nearest, MassRule.Renormalised, null, out _);
        Assert.That(columns.Tokens.ToArray(), Is.EqualTo(target.Concat(nearest.Except(target)).Take(64)));
        Assert.That(columns.Mass.ToArray().Sum(), Is.EqualTo(1).Within(1e-14));
    }

    [Test]
    public void TiesWithinTheToleranceGoToTheFirstColumn()
    {
        double[,] plan =
        {
            { 0.1, 0.2 - 0.9e-8, 0.2, 0.05 },
            { 0.1, 0.2 - 1.1e-8, 0.2, 0.05 },
            { 0.3, 0.3, 0, 0.3 },
        };
        Assert.That(Project(plan, ProjectionRule.Top1, 9, PlanProjection.TieTolerance), Is.EqualTo(new[] { (11, 0.2 - 0.9e-8), (12, 0.2), (10, 0.3) }));
        Assert.That(Project(plan, ProjectionRule.Top1, 9, 0), Is.EqualTo(new[] { (12, 0.4), (10, 0.3) }));
    }

    [Test]
    public void TopkTakesTheHeaviestAndBarycentricAll()
    {
        double[,] plan = { { 0.1, 0.2, 0.3, 0 }, { 0.25, 0.05, 0.1, 0.2 } };
        Assert.That(Project(plan, ProjectionRule.Topk, 2, 1e-8), Is.EqualTo(new[] { (12, 0.3), (11, 0.2), (10, 0.25), (13, 0.2) }));
        Assert.That(Project(plan, ProjectionRule.Topk, 9, 1e-8).Sum(t => t.Mass), Is.EqualTo(1.2).Within(1e-15));
        Assert.That(Project(plan, ProjectionRule.Barycentric, 2, 1e-8).Select(t => t.Mass), Is.EqualTo(new[] { 0.35, 0.25, 0.4, 0.2 }).Within(1e-15));
        Assert.That(Project(new[,] { { 0.1, double.NaN } }, ProjectionRule.Top1, 1, 0), Is.EqualTo(new[] { (11, double.NaN) }), "NumPy's argmax");
    }

    [Test]
    public void RandomPlansProjectAsDefined([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        int n = random.Next(1, 65), m = random.Next(1, 65);
        double[,] plan = new double[n, m];
        foreach (ref double p in plan.AsSpan())
            p = random.Next(6) * 0.01;
        var expected = new Dictionary<int, double>();
        for (int i = 0; i < n; i++)
        {
            int best = Enumerable.Range(0, m).MaxBy(j => plan[i, j]); // the first of equals
            expected[10 + best] = expected.GetValueOrDefault(10 + best) + plan[i, best];
        }

        Assert.That(Project(plan, ProjectionRule.Top1, 1, 1e-8).ToDictionary(t => t.Token, t => t.Mass), Is.EqualTo(expected).Within(1e-12));
    }

    [TestCase(false, 0.0)]
    [TestCase(true, 0.2)]
    public void TheHeaviestTokensAreKept(bool tail, double missing)
    {
        FusedRow row = Row((4, 0.1), (9, 0.3), (2, 0.1), (7, 0), (4, 0.2), (1, 0.05));
        double left = row.Finish(1 - missing, 3, tail);
        Assert.That(row.Tokens.ToArray(), Is.EqualTo(new[] { 4, 9, 2 }), "mass descending, id ascending");
        double scale = tail ? (1 - missing) / 0.75 : 1 / 0.7;
        Assert.That(row.Masses.ToArray(), Is.EqualTo(new[] { 0.3 * scale, 0.3 * scale, 0.1 * scale }).Within(1e-15));
        Assert.That(left, Is.EqualTo(tail ? 1 - (0.7 * scale) : 0).Within(1e-15));
    }

    [Test]
    public void TheSignalKeptIsTheCommonMass()
    {
        FusedRow source = Row((1, 0.5), (2, 0.3), (3, 0.2));
        Assert.That(TeacherSignal.Kept(source, [3, 1, 8], [0.6, 0.1, 0.3]), Is.EqualTo(0.3).Within(1e-15));
        Assert.That(TeacherSignal.Kept(source, [1, 2, 3], [0.5, 0.3, 0.2]), Is.EqualTo(1).Within(1e-15));
        Assert.That(TeacherSignal.Kept(source, [], []), Is.Zero);
        double[] seen = new double[2];
        TeacherSignal.AsProbabilities([0.9, 0.1], OutputUnit.Official, seen);
        Assert.That(seen[0] / seen[1], Is.EqualTo(Math.Exp(0.8)).Within(1e-12), "the collator takes a softmax of masses");
        TeacherSignal.AsProbabilities([0.9, 0.1], OutputUnit.Probabilities, seen);
        Assert.That(seen, Is.EqualTo(new[] { 0.9, 0.1 }));
    }

    [TestCase(FallbackRule.Mask, RowRule.None, '.', "")]
    [TestCase(FallbackRule.Label, RowRule.None, 'L', "11:1")]
    [TestCase(FallbackRule.OneHotCurrent, RowRule.None, 'C', "10:1")]
    [TestCase(FallbackRule.OneHotCurrent, RowRule.StringMismatch, 'X', "10:1")]
    [TestCase(FallbackRule.OneHotCurrent, RowRule.NotOneToOne, 'M', "10:1")]
    [TestCase(FallbackRule.Target, RowRule.None, 'T', "7:0.75 3:0.25")]
    public void FallbacksHoldWhatTheyName(FallbackRule fallback, RowRule reason, char letter, string values)
    {
        var target = new TokenizedDocument { Id = "d", Ids = [10, 11], Candidates = new TopKLogits([3, 7, 3, 7], [Math.Log(0.25), Math.Log(0.75), 0, 0], 2) };
        var destination = new AlignedDocument("d", OutputUnit.Probabilities);
        AlignmentOptions options = AlignmentPreset.Paper with { Fallback = fallback };
        RowFallback.Add(destination, target, options, reason, source: 2);
        string printed = string.Join(' ', destination.IndicesOf(0).ToArray().Zip(destination.ValuesOf(0).ToArray(), (t, v) => FormattableString.Invariant($"{t}:{Math.Round(v, 12)}")));
        Assert.That((destination[0].Letter, destination[0].Source, printed), Is.EqualTo((letter, 2, values)));

        RowFallback.Add(destination, target, options, reason);
        Assert.That(destination.IndicesOf(1).IsEmpty, Is.EqualTo(fallback is FallbackRule.Mask or FallbackRule.Label), "the last row has no label");
    }

    [Test]
    public void TheTargetsOwnRowKeepsItsMissingMass()
    {
        TokenizedDocument target = Document([3, 7], [0, 1], lse: 2);
        var destination = new AlignedDocument("d", OutputUnit.Probabilities);
        RowFallback.Add(destination, target, AlignmentPreset.Fusion with { Fallback = FallbackRule.Target });
        Assert.That(destination.IndicesOf(0).ToArray(), Is.EqualTo(new[] { 7, 3 }));
        Assert.That(destination.ValuesOf(0).ToArray(), Is.EqualTo(new[] { Math.Exp(-1), Math.Exp(-2) }).Within(1e-15));
        Assert.That(destination[0].Missing, Is.EqualTo(1 - Math.Exp(-1) - Math.Exp(-2)).Within(1e-15));
    }

    private static ColumnCandidates Collect(int[] target, int[] nearest, MassRule mass, double? lse, out double[] own)
    {
        // 90 one-symbol tokens; token 100 + i of the source is spelled like the nearest token wanted, or is a special without partner.
        byte[][] texts = [.. Enumerable.Range(33, 90).Select(c => new[] { (byte)c })];
        string[] strings = [.. Enumerable.Range(0, 90).Select(id => $"t{id}")];
        var targetVocabulary = new TokenVocabulary("t", "_", true, false, strings, texts, new TokenRoles[90]);
        var sourceVocabulary = new TokenVocabulary(
            "s", "_", true, false, [.. nearest.Select((_, c) => $"s{c}")], [.. nearest.Select(t => t < 0 ? [] : texts[t])],
            [.. nearest.Select(t => t < 0 ? TokenRoles.Special : TokenRoles.None)]);
        var vocabularies = new VocabularyPair(sourceVocabulary, targetVocabulary);
        double[] logits = [.. target.Select((_, i) => 3.0 - (i * 0.25))];
        var pair = new DocumentPair(Document([.. Enumerable.Range(0, nearest.Length)], new double[nearest.Length], lse: 9), Document(target, logits, lse));
        AlignmentOptions options = AlignmentPreset.Fusion with { Mass = mass };
        var rows = new RowCandidates();
        rows.Collect(pair.Source, vocabularies, new StepDecision(RowRule.Boundary, 0), predictsTextStart: false, options);
        IKernelBackend backend = Backends.Backends.Open("reference");
        vocabularies.NearestText.Resolve(backend, Enumerable.Range(0, nearest.Length));
        rows.FindNearest(backend, vocabularies, predictsTextStart: false);
        Assert.That(rows.Nearest.ToArray(), Is.EqualTo(nearest));
        var columns = new ColumnCandidates();
        columns.Collect(pair, targetVocabulary, 0, rows, predictsTextStart: false, options);
        own = lse is null ? [.. logits.Select(v => Math.Exp(v) / logits.Sum(Math.Exp))] : [.. logits.Select(v => Math.Exp(v - lse.Value))];
        return columns;
    }

    private static (int Token, double Mass)[] Project(double[,] plan, ProjectionRule rule, int heaviest, double tie)
    {
        var row = new FusedRow();
        PlanProjection.Project(plan, [.. Enumerable.Range(10, plan.GetLength(1))], rule, heaviest, tie, row);
        return [.. row.Tokens.ToArray().Zip(row.Masses.ToArray())];
    }

    private static FusedRow Row(params (int Token, double Mass)[] masses)
    {
        var row = new FusedRow();
        foreach ((int token, double mass) in masses)
            row.Add(token, mass);
        return row;
    }

    private static TokenizedDocument Document(int[] candidates, double[] logits, double? lse) => new()
    {
        Id = "d",
        Ids = [0],
        Candidates = new TopKLogits(candidates, logits, candidates.Length),
        LogSumExp = lse is { } value ? [value] : null,
    };
}
