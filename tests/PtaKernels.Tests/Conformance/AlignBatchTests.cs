using System.Globalization;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

/// <summary>Whole documents: every row against the definitions, and against itself in other company.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class AlignBatchTests(string backend)
{
    private static readonly string[][] Variants =
    [
        ["transport=none", "mass=tail"],
        ["transport=none", "mass=renormalised", "transfer=boundary", "fallback=label"],
        ["transport=none", "mass=official", "window=3", "fallback=one-hot-current"],
        ["transport=none", "mass=renormalised", "window=2", "temperature=2", "fallback=target"],
        ["transport=none", "mass=tail", "fused-k=1", "fallback=target"],
        ["transport=official", "mass=renormalised", "columns=target-topk"],
        ["transport=official", "mass=tail", "columns=target-topk", "fused-k=3"],
        ["transport=official", "mass=official", "columns=target-topk", "window=4"],
        ["transport=official", "mass=tail", "columns=union", "projection=barycentric", "fused-k=64"],
        ["transport=official", "mass=renormalised", "columns=union", "projection=barycentric", "fused-k=64"],
        ["transport=official", "mass=tail", "columns=target-topk", "projection=topk", "projection-columns=2", "transfer=groups"],
        ["transport=official", "mass=renormalised", "columns=target-topk", "transfer=groups", "window=1", "epsilon=0.25"],
        ["transport=semi-relaxed", "mass=tail", "columns=union"],
        ["transport=semi-relaxed", "mass=tail", "columns=union", "epsilon=1", "fused-k=2"],
        ["transport=semi-relaxed", "mass=renormalised", "columns=union", "projection=topk", "projection-columns=3", "epsilon=0.5", "fused-k=64"],
        ["transport=semi-relaxed", "mass=renormalised", "columns=target-topk", "projection=barycentric", "epsilon=2"],
        ["transport=semi-relaxed", "mass=official", "columns=union", "transfer=groups", "window=5", "fallback=label"],
    ];

    private static readonly string[][] AllPresets = [["reference"], ["paper"], ["fusion"], ["paper", "transport=unbalanced", "columns=union"], ["paper", "transport=exact"]];

    private readonly IKernelBackend _backend = BackendCases.Open(backend);
    private readonly bool _small = BackendCases.IsEmulator(backend);

    [TestCaseSource(nameof(Variants))]
    public void EveryRowFollowsItsDefinition(params string[] switches)
    {
        AlignmentOptions options = With(AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1 }, switches);
        for (int seed = 0; seed < (_small ? 1 : 24); seed++)
            AssertRows(new RandomDocuments(2000 + seed, 4), options, $"seed {seed}");
    }

    [Test]
    public void EveryKindOfRowIsAmongThem()
    {
        AlignmentOptions options = With(AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1 }, ["mass=tail"]);
        int seeds = _small ? 4 : 24, refusedByKappa = 0, partial = 0, missing = 0, boundary = 0;
        foreach (RandomDocuments documents in Enumerable.Range(0, seeds).Select(seed => new RandomDocuments(2000 + seed, 4)))
        {
            AlignedDocument[] aligned = Align(documents.Documents.Select(d => d.Pair), documents.Vocabularies, options);
            foreach (((_, PlainSide source, PlainSide target), AlignedDocument document) in documents.Documents.Zip(aligned))
            {
                for (int i = 0; i < document.Rows; i++)
                {
                    char rule = TransferOracle.ByBoundary(source, target, i, true, static o => o).Rule;
                    refusedByKappa += rule == 'P' && document[i].Rule == RowRule.None ? 1 : 0;
                    partial += document[i].Kappa is > 0.3 and < 1 ? 1 : 0;
                    missing += document[i].Missing > 0.01 ? 1 : 0;
                    boundary += rule == 'B' ? 1 : 0;
                }
            }
        }

        Assert.That((int[])[refusedByKappa, partial, missing, boundary], Is.All.GreaterThan(seeds));
    }

    [TestCaseSource(nameof(AllPresets))]
    public void EachDocumentStandsAlone(string preset, params string[] switches)
    {
        AlignmentOptions options = With(AlignmentPreset.Named(preset) with { Window = preset == "reference" ? 1 : 0 }, switches);
        for (int seed = 0; seed < (_small ? 1 : 4); seed++)
        {
            int count = _small ? 3 : 5;
            RandomDocuments documents = new(4000 + seed, count), again = new(4000 + seed, count);
            DocumentPair[] pairs = [.. documents.Documents.Select(d => d.Pair)];
            string[] together = Print(Align(pairs, documents.Vocabularies, options));
            Assert.That(Print(Align(pairs, documents.Vocabularies, options)), Is.EqualTo(together), "a second time");
            Assert.That(Print(Align(pairs.Reverse(), again.Vocabularies, options)).Reverse(), Is.EqualTo(together), "backwards, with empty maps");
            for (int d = 0; d < pairs.Length; d++)
            {
                VocabularyPair alone = new RandomDocuments(4000 + seed, count).Vocabularies;
                Assert.That(Print(Align([pairs[d]], alone, options)).Single(), Is.EqualTo(together[d]), $"document {d} alone");
            }

            string[] parallel = new string[_small ? 4 : 16];
            Parallel.For(0, parallel.Length, t => parallel[t] = Print(Align([pairs[t % count]], again.Vocabularies, options)).Single());
            Assert.That(parallel, Is.EqualTo(Enumerable.Range(0, parallel.Length).Select(t => together[t % count])), "at once");
        }
    }

    [TestCaseSource(nameof(AllPresets))]
    public void RowsAreDistributionsAndTheReportCountsThem(string preset, params string[] switches)
    {
        AlignmentOptions options = With(AlignmentPreset.Named(preset) with { Window = preset == "reference" ? 1 : 0 }, switches);
        var report = new AlignmentReport();
        var rules = new Dictionary<RowRule, long>();
        int rows = 0, sources = 0, seeds = _small ? 1 : 4;
        for (int seed = 0; seed < seeds; seed++)
        {
            var documents = new RandomDocuments(5000 + seed, 5);
            var aligned = new AlignedDocument[5];
            _backend.AlignBatch([.. documents.Documents.Select(d => d.Pair)], documents.Vocabularies, options, aligned, report);
            for (int d = 0; d < 5; d++)
            {
                Assert.That((aligned[d].Id, aligned[d].Rows), Is.EqualTo(($"doc-{d}", documents.Documents[d].Pair.Target.Length)));
                sources += documents.Documents[d].Pair.Source.Length;
                for (int i = 0; i < aligned[d].Rows; i++)
                {
                    rows++;
                    rules[aligned[d][i].Rule] = rules.GetValueOrDefault(aligned[d][i].Rule) + 1;
                    if (options.Output == OutputUnit.Official)
                        continue;
                    Assert.That(aligned[d][i].Transferred, Is.EqualTo(!aligned[d].IndicesOf(i).IsEmpty));
                    Assert.That(aligned[d].IndicesOf(i).ToArray(), Is.Unique);
                    if (aligned[d][i].Transferred)
                        Assert.That(aligned[d].ValuesOf(i).ToArray().Sum() + aligned[d][i].Missing, Is.EqualTo(1).Within(1e-12));
                }
            }
        }

        Assert.That((report.Documents, report.TargetTokens, report.SourceTokens), Is.EqualTo((5 * seeds, rows, sources)));
        foreach (RowRule rule in Enum.GetValues<RowRule>())
            Assert.That(report.RowsOf(rule), Is.EqualTo(rules.GetValueOrDefault(rule)), rule.ToString());
    }

    [Test]
    public void AMapsEntryOutsideOfTheTargetIsLeftOut()
    {
        AlignmentOptions options = AlignmentPreset.Reference with { Window = 1 };
        var documents = new RandomDocuments(7000, _small ? 1 : 3);
        DocumentPair[] pairs = [.. documents.Documents.Select(d => d.Pair)];
        TokenVocabulary source = documents.Vocabularies.Source, target = documents.Vocabularies.Target;
        var map = new VocabularyMap([.. Enumerable.Range(0, source.Count).Select(id => id % 3 == 0 ? PtaKernels.Text.OfficialMapping.OutsideTarget : target.IdOf(target.StringOf(id % target.Count) ?? "") is >= 0 and int found ? found : 0)]);
        var expected = new AlignedDocument[pairs.Length];
        BackendCases.Open("reference").AlignBatch(pairs, new VocabularyPair(source, target, map), options, expected, new AlignmentReport());
        AlignedDocument[] aligned = Align(pairs, new VocabularyPair(source, target, map), options);
        Assert.That(aligned.SelectMany(RulesAndTokens), Is.EqualTo(expected.SelectMany(RulesAndTokens)));
        Assert.That(expected.Sum(d => Enumerable.Range(0, d.Rows).Count(i => d[i].Rule is RowRule.StringTransport or RowRule.Soft)), Is.Positive);
    }

    [Test]
    public void APriorsRowsAreTheColumns()
    {
        AlignmentOptions options = With(AlignmentPreset.Paper, ["transport=official", "transfer=boundary"]);
        for (int seed = 0; seed < (_small ? 1 : 10); seed++)
        {
            var documents = new RandomDocuments(6000 + seed, 3);
            foreach ((DocumentPair pair, PlainSide source, PlainSide target) in documents.Documents)
            {
                // A prior of one or two tokens, one more without mass: as if they were the target's whole top-k.
                var prior = new AlignedDocument("d", OutputUnit.Probabilities);
                int[][] tokens = [.. target.Candidates.Select(c => c.Take(2).ToArray())];
                foreach (int[] row in tokens)
                    prior.AddRow([.. row, target.Ids[0]], row.Length == 1 ? [1, 0] : [0.625, 0.375, 0], new RowProvenance(RowRule.TargetOwn));
                PlainSide columns = target with
                {
                    Candidates = tokens,
                    Logits = [.. tokens.Select(t => t.Length == 1 ? [0.0] : new[] { Math.Log(0.625), Math.Log(0.375) })],
                };
                AlignedDocument aligned = Align([pair with { Prior = prior }], documents.Vocabularies, options).Single();
                AssertDocument(aligned, pair, source, columns, options, $"seed {seed}");
            }
        }
    }

    private void AssertRows(RandomDocuments documents, in AlignmentOptions options, string name)
    {
        AlignedDocument[] aligned = Align(documents.Documents.Select(d => d.Pair), documents.Vocabularies, options);
        for (int d = 0; d < aligned.Length; d++)
        {
            (DocumentPair pair, PlainSide source, PlainSide target) = documents.Documents[d];
            AssertDocument(aligned[d], pair, source, target, options, $"{name}, document {d}");
        }
    }

    private static void AssertDocument(AlignedDocument aligned, DocumentPair pair, PlainSide source, PlainSide target, AlignmentOptions options, string name)
    {
        RowRules rules = new(
            AlignmentSwitches.Named("mass").Get(options), options.Columns == CandidateColumns.Union, AlignmentSwitches.Named("transport").Get(options),
            AlignmentSwitches.Named("projection").Get(options), options.ProjectionColumns, options.FusedK == 0 ? pair.Target.Candidates.K : options.FusedK, options.Window,
            options.Temperature, 1 / options.Epsilon is var lambda && Math.Abs(lambda - 30) < 1e-9 ? 30 : 1 / options.Epsilon, options.Tolerance);
        int[] groups = TransferOracle.ByGroup(TransferOracle.Overlaps(source, target));
        Assert.That(aligned.Rows, Is.EqualTo(pair.Target.Length));
        for (int i = 0; i < aligned.Rows; i++)
        {
            (char rule, int row, string prefix) = options.Transfer == TransferRule.Groups
                ? (groups[i] < 0 ? '.' : 'G', groups[i], "")
                : TransferOracle.ByBoundary(source, target, i, options.Transfer == TransferRule.BoundaryPrefix, static o => o);
            PlainRow? fused = row < 0 ? null : RowOracle.Fuse(source, row, prefix, target, i, rules);
            string at = $"{name}, row {i}";
            if (fused is null)
            {
                AssertFallback(aligned, target, i, options, rules, at);
                continue;
            }

            Assert.That((aligned[i].Letter, aligned[i].SourceRow), Is.EqualTo((rule, row)), at);
            Assert.That(aligned[i].Kappa, Is.EqualTo(fused.Kappa).Within(1e-12), at);
            Assert.That(aligned[i].Missing, Is.EqualTo(fused.Missing).Within(1e-9), at);
            Assert.That(aligned[i].SignalKept, Is.EqualTo(fused.Signal).Within(1e-9), at);
            AssertValues(aligned, i, fused.Fused, at);
        }
    }

    private static void AssertFallback(AlignedDocument aligned, PlainSide target, int row, AlignmentOptions options, RowRules rules, string at)
    {
        bool last = row == aligned.Rows - 1;
        (char letter, (int, double)[] values) = options.Fallback switch
        {
            FallbackRule.OneHotCurrent => ('C', [(target.Ids[row], 1.0)]),
            FallbackRule.Label when !last => ('L', [(target.Ids[row + 1], 1.0)]),
            FallbackRule.Target => ('T', Own()),
            _ => ('.', Array.Empty<(int, double)>()),
        };
        Assert.That((aligned[row].Letter, aligned[row].SourceRow), Is.EqualTo((letter, -1)), at);
        AssertValues(aligned, row, values, at);

        (int, double)[] Own()
        {
            double[] mass = RowOracle.Masses(target, row, rules with { Window = 0 }).Mass;
            return [.. target.Candidates[row].Zip(mass).Where(r => r.Second > 0).OrderByDescending(r => r.Second).ThenBy(r => r.First)];
        }
    }

    private static void AssertValues(AlignedDocument aligned, int row, (int Token, double Mass)[] expected, string at)
    {
        (int Token, double Mass)[] actual = [.. aligned.IndicesOf(row).ToArray().Zip(aligned.ValuesOf(row).ToArray())];
        Assert.That(actual.Select(v => v.Mass), Is.Ordered.Descending, at);
        // Added columns have one mass, so sums of them may change places by a rounding error.
        if (!Ordered(actual).SequenceEqual(Ordered(expected)))
            Assert.Fail($"{at}: {string.Join(' ', actual)} instead of {string.Join(' ', expected)}");

        static IEnumerable<(int, double)> Ordered((int Token, double Mass)[] values) =>
            values.Select(v => (v.Token, Mass: Math.Round(v.Mass, 9))).OrderByDescending(v => v.Mass).ThenBy(v => v.Token);
    }

    private static AlignmentOptions With(AlignmentOptions options, string[] switches)
    {
        foreach (string change in switches)
            AlignmentSwitches.Named(change.Split('=')[0]).Set(ref options, change.Split('=')[1]);
        return options;
    }

    private AlignedDocument[] Align(IEnumerable<DocumentPair> pairs, VocabularyPair vocabularies, in AlignmentOptions options)
    {
        DocumentPair[] documents = [.. pairs];
        var aligned = new AlignedDocument[documents.Length];
        _backend.AlignBatch(documents, vocabularies, options, aligned, new AlignmentReport());
        return aligned;
    }

    /// <summary>Every bit of every document.</summary>
    private static IEnumerable<string> RulesAndTokens(AlignedDocument document) =>
        Enumerable.Range(0, document.Rows).Select(i => $"{document[i].Rule} {string.Join(',', document.IndicesOf(i).ToArray())}");

    private static string[] Print(AlignedDocument[] documents) => [.. documents.Select(d => string.Join('\n', Enumerable.Range(0, d.Rows).Select(i =>
        string.Create(CultureInfo.InvariantCulture, $"{d[i]} | {string.Join(' ', d.IndicesOf(i).ToArray())} | {string.Join(' ', d.ValuesOf(i).ToArray().Select(v => v.ToString("R", CultureInfo.InvariantCulture)))}"))))];
}
