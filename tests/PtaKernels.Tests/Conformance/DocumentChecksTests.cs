namespace PtaKernels.Tests.Conformance;

/// <summary>SPEC A5: bad input is one sentence that names the document, the row and the column.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class DocumentChecksTests(string backend)
{
    private const int K = 2, Rows = 3, Hole = 3;

    private static readonly AlignmentOptions Plain = AlignmentPreset.Fusion with
    {
        Mass = MassRule.Renormalised,
        Projection = ProjectionRule.Top1,
        Transport = TransportKind.None,
        Transfer = TransferRule.Boundary,
    };

    private static readonly AlignmentOptions Tail = Plain with { Mass = MassRule.Tail };

    private static readonly AlignmentOptions Official = AlignmentPreset.Reference with { Window = K };

    private readonly IKernelBackend _backend = BackendCases.Open(backend);
    private readonly VocabularyPair _vocabularies = new(Vocabulary("giver"), Vocabulary("taker"));

    [Test]
    public void GoodDocumentsPass([Values(double.NegativeInfinity, -1e300, 0)] double logit)
    {
        Assert.That(() => Align(Good, View(logits: l => l[3] = logit), Plain), Throws.Nothing);
        Assert.That(() => Align(View(logits: l => l[3] = logit), Good, Tail), Throws.Nothing);
    }

    [TestCase(Hole)]
    [TestCase(4)]
    [TestCase(-1)]
    public void AnIdWithoutAToken(int id)
    {
        foreach (AlignmentOptions options in (AlignmentOptions[])[Plain, Official])
        {
            Assert.That(() => Align(View(ids: i => i[1] = id), Good, options), Refuses("row 1", $"source id {id} ", "giver"));
            Assert.That(() => Align(Good, View(ids: i => i[2] = id), options), Refuses("row 2", $"target id {id} ", "taker"));
            Assert.That(() => Align(View(candidates: c => c[3] = id), Good, options), Refuses("row 1, column 1", $"source candidate id {id} ", "giver"));
            Assert.That(() => Align(Good, View(candidates: c => c[4] = id), options), Refuses("row 2, column 0", $"target candidate id {id} ", "taker"));
        }
    }

    [TestCase(double.NaN, "NaN")]
    [TestCase(double.PositiveInfinity, "+Infinity")]
    public void ALogitThatIsNoNumber(double logit, string name)
    {
        Assert.That(() => Align(View(logits: l => l[1] = logit), Good, Plain), Refuses("row 0, column 1", $"source logit is {name}", ""));
        Assert.That(() => Align(Good, View(logits: l => l[4] = logit), Tail), Refuses("row 2, column 0", $"target logit is {name}", ""));
        Assert.That(() => Align(View(logits: l => l[1] = logit), View(logits: l => l[4] = logit), Official), Throws.Nothing);
    }

    [Test]
    public void ARowWithoutAnyMass()
    {
        Assert.That(() => Align(View(logits: Row1), Good, Plain), Refuses("row 1", "every source logit is -Infinity", ""));
        Assert.That(() => Align(Good, View(logits: Row1), Plain), Refuses("row 1", "every target logit is -Infinity", ""));

        static void Row1(double[] logits) => Array.Fill(logits, double.NegativeInfinity, K, K);
    }

    [Test]
    public void AnEmptyDocument()
    {
        var empty = new TokenizedDocument { Id = "doc-7", Ids = [], Candidates = new TopKLogits([], [], K) };
        foreach (AlignmentOptions options in (AlignmentOptions[])[Plain, Official])
        {
            Assert.That(() => Align(empty, Good, options), Refuses("source has no tokens", "", ""));
            Assert.That(() => Align(Good, empty, options), Refuses("target has no tokens", "", ""));
        }
    }

    [Test]
    public void AnotherNumberOfRowsThanTokens()
    {
        var extra = new TokenizedDocument { Id = "doc-7", Ids = [0, 1], Candidates = new TopKLogits(new int[6], new double[6], K), LogSumExp = new double[2] };
        Assert.That(() => Align(extra, Good, Plain), Refuses("the source has 2 tokens but 3 rows", "", ""));
        Assert.That(() => Align(Good, extra, Official), Refuses("the target has 2 tokens but 3 rows", "", ""));
    }

    [Test]
    public void MassTailNeedsTheLogSumExp()
    {
        Assert.That(() => Align(View(lse: null), Good, Tail), Refuses("the source has no log-sum-exp", "mass tail", "--mass renormalised"));
        Assert.That(() => Align(View(lse: []), Good, Tail), Refuses("3 tokens but 0 log-sum-exps", "source", ""));
        Assert.That(() => Align(View(lse: [1, 1, double.NaN]), Good, Tail), Refuses("row 2", "source's log-sum-exp is not finite", ""));
        Assert.That(() => Align(View(lse: [1, double.PositiveInfinity, 1]), Good, Tail), Refuses("row 1", "source's log-sum-exp is not finite", ""));
        Assert.That(() => Align(View(lse: null), View(lse: null), Plain), Throws.Nothing);
    }

    [Test]
    public void TheTargetsLogSumExpIsNeededWhereItsMassIs()
    {
        Assert.That(() => Align(Good, View(lse: null), Tail), Throws.Nothing);
        foreach (AlignmentOptions options in (AlignmentOptions[])[Tail with { Fallback = FallbackRule.Target }, Tail with { Transport = TransportKind.Unbalanced }])
            Assert.That(() => Align(Good, View(lse: null), options), Refuses("the target has no log-sum-exp", "", ""));
        // One that is given is looked at, and so must be whole.
        AlignmentOptions reads = Tail with { Transport = TransportKind.Official };
        Assert.That(() => Align(Good, View(lse: [1]), reads), Refuses("3 tokens but 1 log-sum-exps", "target", ""));
        Assert.That(() => Align(Good, View(lse: [1, double.NaN, 1]), reads), Refuses("row 1", "target's log-sum-exp is not finite", ""));
    }

    [Test]
    public void AWindowLargerThanKWhereTheOfficialCodeFails()
    {
        Assert.That(() => Align(Good, Good, Official with { Window = 3 }), Refuses("window 3", "k (2 source, 2 target)", "--window 2"));
        Assert.That(() => Align(Good, Good, Plain with { Window = 3 }), Throws.Nothing);
    }

    [Test]
    public void SeveralDocumentsNameTheFirstBadOneAndAlignTheOthers()
    {
        DocumentPair[] pairs = [new(Good, Good), new(Bad("doc-8"), Good), new(Good, Good), new(Bad("doc-9"), Good), new(Good, Good)];
        foreach (AlignmentOptions options in (AlignmentOptions[])[Plain, Official])
        {
            var aligned = new AlignedDocument[pairs.Length];
            Assert.That(
                () => _backend.AlignBatch(pairs, _vocabularies, options, aligned, new AlignmentReport()),
                Throws.TypeOf<AlignmentDataException>().With.Message.Contains("document doc-8").And.Property(nameof(AlignmentDataException.Document)).EqualTo("doc-8"));
            Assert.That(aligned.Select(static d => d?.Rows), Is.EqualTo(new int?[] { Rows, null, Rows, null, Rows }));
        }

        static TokenizedDocument Bad(string id) => new() { Id = id, Ids = [0, 1, 9], Candidates = Good.Candidates };
    }

    [Test]
    public void ResultsMustBeAsManyAsDocuments() =>
        Assert.That(
            () => _backend.AlignBatch([new DocumentPair(Good, Good)], _vocabularies, Plain, new AlignedDocument[2], new AlignmentReport()),
            Throws.ArgumentException.With.Message.Contains("1 documents").And.Message.Contains("2"));

    [TestCase(0)]
    [TestCase(65)]
    public void KIsLimited(int k) =>
        Assert.That(() => new TopKLogits(new int[65], new double[65], k), Throws.ArgumentException.With.Message.Contains($"k is {k}"));

    [TestCase(6, 5, 2)]
    [TestCase(5, 5, 2)]
    public void TopKArraysAreWholeRows(int ids, int values, int k) =>
        Assert.That(() => new TopKLogits(new int[ids], new double[values], k), Throws.ArgumentException.With.Message.Contains($"{ids} ids and {values} values"));

    private static TokenizedDocument Good => View();

    private static NUnit.Framework.Constraints.ContainsConstraint Refuses(string what, string more, string most) =>
        Throws.TypeOf<AlignmentDataException>().With.Message.Contains("document doc-7: ").And.Message.Contains(what).And.Message.Contains(more).And.Message.Contains(most);

    private static TokenizedDocument View(Action<int[]>? ids = null, Action<int[]>? candidates = null, Action<double[]>? logits = null) =>
        View([9, 9, 9], ids, candidates, logits);

    private static TokenizedDocument View(double[]? lse, Action<int[]>? ids = null, Action<int[]>? candidates = null, Action<double[]>? logits = null)
    {
        int[] tokens = [0, 1, 2], indices = [0, 1, 1, 2, 2, 0];
        double[] values = [3, 2, 3, 2, 3, 2];
        ids?.Invoke(tokens);
        candidates?.Invoke(indices);
        logits?.Invoke(values);
        Assert.That(values, Has.Length.EqualTo(Rows * K));
        return new TokenizedDocument { Id = "doc-7", Ids = tokens, Candidates = new TopKLogits(indices, values, K), LogSumExp = lse };
    }

    private static TokenVocabulary Vocabulary(string name) =>
        new(name, "_", true, false, ["a", "b", "c", null], ["a"u8.ToArray(), "b"u8.ToArray(), "c"u8.ToArray(), []], new TokenRoles[4]);

    private void Align(TokenizedDocument source, TokenizedDocument target, in AlignmentOptions options) =>
        _backend.AlignBatch([new DocumentPair(source, target)], _vocabularies, options, new AlignedDocument[1], new AlignmentReport());
}
