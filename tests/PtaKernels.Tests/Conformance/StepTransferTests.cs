using PtaKernels.Rules;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

public sealed class StepTransferTests
{
    [Test]
    public void BoundariesAndPrefixesOfExactTexts([Range(1, 40)] int seed) => AssertBoundaries(new RandomDocuments(seed, 6));

    [Test]
    public void BoundariesAndPrefixesOfRepairedTexts([Range(1, 20)] int seed) => AssertBoundaries(new RandomDocuments(300 + seed, 4, repaired: true));

    [Test]
    public void EveryRuleHappens()
    {
        var seen = new Dictionary<char, int>();
        foreach ((DocumentPair pair, PlainSide source, PlainSide target) in Enumerable.Range(1, 20).SelectMany(seed => new RandomDocuments(seed, 6).Documents))
        {
            for (int i = 0; i < pair.Target.Length; i++)
            {
                char rule = TransferOracle.ByBoundary(source, target, i, true, static o => o).Rule;
                seen[rule] = seen.GetValueOrDefault(rule) + 1;
            }
        }

        Assert.That(seen.Keys.Order(), Is.EqualTo(".BPZ"));
        Assert.That(seen.Values, Is.All.GreaterThan(20));
    }

    [Test]
    public void OverlappingTokensPairAndGroupsEndTogether([Range(1, 40)] int seed)
    {
        var documents = new RandomDocuments(600 + seed, 5);
        VocabularyPair vocabularies = documents.Vocabularies;
        foreach ((DocumentPair pair, PlainSide source, PlainSide target) in documents.Documents)
        {
            TokenPairing pairing = TokenPairing.FromSpans(Spans(pair.Source, source, vocabularies.Source), Spans(pair.Target, target, vocabularies.Target));
            bool[,] overlaps = TransferOracle.Overlaps(source, target);
            for (int i = 0; i < pair.Target.Length; i++)
            {
                int[] paired = [.. Enumerable.Range(0, pair.Source.Length).Where(j => overlaps[j, i])];
                // A range may step over a zero-width token, which pairs with nothing.
                (int, int) expected = paired.Length == 0 ? (-1, -1) : (paired[0], paired[^1]);
                Assert.That((pairing.FirstOf(i), pairing.LastOf(i)), Is.EqualTo(expected), $"target position {i}");
            }

            AssertGroups(pair, pairing, overlaps);
        }
    }

    [Test]
    public void GroupsOfAlignmentPaths([Range(1, 40)] int seed)
    {
        var random = new Random(900 + seed);
        int n = random.Next(1, 25), m = random.Next(1, 25);
        double[,] cost = new double[n, m];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
                cost[i, j] = random.Next(4);
        }

        List<(int Source, int Target)> steps = PathOracle.Find(cost).Steps;
        var path = new AlignmentPath();
        path.Begin(n, m, 0);
        foreach ((int s, int t) in Enumerable.Reverse(steps))
            path.Prepend(s, t);
        TokenPairing pairing = TokenPairing.FromPath(path, m);
        bool[,] paired = new bool[n, m];
        foreach ((int s, int t) in steps)
            paired[s, t] = true;
        for (int t = 0; t < m; t++)
        {
            int[] expected = [.. steps.Where(step => step.Target == t).Select(step => step.Source)];
            Assert.That(Enumerable.Range(pairing.FirstOf(t), pairing.CountOf(t)), Is.EqualTo(expected));
        }

        AssertGroups(new DocumentPair(Document(n), Document(m)), pairing, paired);
    }

    private static void AssertBoundaries(RandomDocuments documents)
    {
        VocabularyPair vocabularies = documents.Vocabularies;
        foreach ((DocumentPair pair, PlainSide source, PlainSide target) in documents.Documents)
        {
            DocumentSpans sourceSpans = Spans(pair.Source, source, vocabularies.Source), targetSpans = Spans(pair.Target, target, vocabularies.Target);
            var boundaries = BoundaryMap.Between("d", sourceSpans, targetSpans);
            for (int i = 0; i < pair.Target.Length; i++)
            {
                foreach (bool withPrefix in (bool[])[false, true])
                {
                    StepDecision decision = StepTransfer.ByBoundary(pair, sourceSpans, targetSpans, boundaries, vocabularies, i, withPrefix);
                    (char rule, int row, string prefix) = TransferOracle.ByBoundary(
                        source, target, i, withPrefix, o => source.Text.SequenceEqual(target.Text) ? o : boundaries.SourceBoundary(o));
                    Assert.That(
                        (RowProvenance.LetterOf(decision.Rule), decision.SourceRow, Convert.ToHexString(decision.Prefix.Span)), Is.EqualTo((rule, row, prefix)), $"row {i}");
                }
            }
        }
    }

    private static void AssertGroups(DocumentPair pair, TokenPairing pairing, bool[,] paired)
    {
        int[] expected = TransferOracle.ByGroup(paired);
        for (int i = 0; i < pair.Target.Length; i++)
        {
            StepDecision decision = StepTransfer.ByGroup(pair, pairing, i);
            Assert.That((decision.SourceRow, decision.Rule), Is.EqualTo((expected[i], expected[i] < 0 ? RowRule.None : RowRule.Group)), $"target position {i}");
        }
    }

    private static DocumentSpans Spans(TokenizedDocument document, PlainSide side, TokenVocabulary vocabulary)
    {
        DocumentSpans spans = DocumentSpans.Of(document, vocabulary);
        Assert.That(Enumerable.Range(0, spans.Length).Select(t => spans[t]), Is.EqualTo(side.Spans));
        return spans;
    }

    private static TokenizedDocument Document(int length) =>
        new() { Id = "d", Ids = new int[length], Candidates = new TopKLogits(new int[length], new double[length], 1) };
}
