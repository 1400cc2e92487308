using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class NearestTokenTests(string backend)
{
    private readonly IKernelBackend _backend = BackendCases.Open(backend);

    [Test]
    public void AgreesWithABruteForceScan([Range(1, 24)] int seed)
    {
        var random = new Random(seed);
        PlainToken[] source = Vocabulary(random, 120), target = Vocabulary(random, 150);
        int[] nearest = new int[source.Length], distance = new int[source.Length];
        _backend.FindNearestTokens(BackendCases.ToTape(source), BackendCases.Range(source.Length), BackendCases.ToTape(target), nearest, distance);
        for (int id = 0; id < source.Length; id++)
            Assert.That((nearest[id], distance[id]), Is.EqualTo(TextOracle.Nearest(source[id], target)), $"token {id}");
    }

    [Test]
    public void LongAndShortQueriesFindTheOnlyToken([Values(0, 1, 5, 40)] int query, [Values(0, 1, 5, 40)] int only)
    {
        PlainToken[] source = [new(BackendCases.Word(new Random(query), query, 3))], target = [new([], Hole: true), new(BackendCases.Word(new Random(only), only, 3))];
        int[] nearest = new int[1], distance = new int[1];
        _backend.FindNearestTokens(BackendCases.ToTape(source), [0], BackendCases.ToTape(target), nearest, distance);
        Assert.That((nearest[0], distance[0]), Is.EqualTo(TextOracle.Nearest(source[0], target)));
    }

    [Test]
    public void SpecialsAndOrdinaryTokensNeverMeet()
    {
        PlainToken special = new([.. "</s>"], Special: true, "e"), spelled = new([.. "</s>"]), lonely = new([.. "<x>"], Special: true), hole = new([], Hole: true);
        PlainToken[] source = [special, spelled, lonely, hole];
        Assert.That(Find([spelled]), Is.EqualTo(new[] { VocabularyMap.None, 0, VocabularyMap.None, VocabularyMap.None }));
        Assert.That(Find([special]), Is.EqualTo(new[] { 0, VocabularyMap.None, VocabularyMap.None, VocabularyMap.None }));
        Assert.That(Find([hole]), Is.All.EqualTo(VocabularyMap.None));
        Assert.That(Find([]), Is.All.EqualTo(VocabularyMap.None));

        int[] Find(PlainToken[] target)
        {
            int[] nearest = new int[4], distance = [9, 9, 9, 9];
            _backend.FindNearestTokens(BackendCases.ToTape(source), [0, 1, 2, 3], BackendCases.ToTape(target), nearest, distance);
            Assert.That(distance, Is.All.Zero);
            return nearest;
        }
    }

    [Test]
    public void ResolvingInAnyOrderSubsetOrThreadGivesTheSame([Range(1, 4)] int seed)
    {
        var random = new Random(1000 + seed);
        PlainToken[] source = Vocabulary(random, 80), target = Vocabulary(random, 60);
        TokenTape sourceTape = BackendCases.ToTape(source), targetTape = BackendCases.ToTape(target);
        VocabularyMap whole = new(sourceTape, targetTape), pieces = new(sourceTape, targetTape), threads = new(sourceTape, targetTape);
        whole.Resolve(_backend, BackendCases.Range(source.Length));
        for (int round = 0; round < 30; round++)
            pieces.Resolve(_backend, [.. Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(source.Length))]);
        pieces.Resolve(_backend, Enumerable.Range(0, source.Length).Reverse());
        Parallel.For(0, 16, t => threads.Resolve(_backend, Enumerable.Range(0, source.Length).Where(id => t is 0 or 7 || id % 16 <= t)));
        for (int id = 0; id < source.Length; id++)
        {
            (int, int) expected = TextOracle.Nearest(source[id], target);
            Assert.That((whole[id], whole.DistanceOf(id)), Is.EqualTo(expected));
            Assert.That((pieces[id], pieces.DistanceOf(id)), Is.EqualTo(expected));
            Assert.That((threads[id], threads.DistanceOf(id)), Is.EqualTo(expected));
        }
    }

    [Test]
    public void AnUnresolvedTokenIsACallersMistake()
    {
        TokenTape tape = BackendCases.ToTape([new PlainToken(['a']), new PlainToken(['b'])]);
        var map = new VocabularyMap(tape, tape);
        map.Resolve(_backend, [0]);
        Assert.That(map[0], Is.Zero);
        Assert.That(() => map[1], Throws.InvalidOperationException.With.Message.Contains("token 1"));
        Assert.That(() => map.DistanceOf(1), Throws.InvalidOperationException.With.Message.Contains("token 1"));
    }

    [Test]
    public void AMapReadFromAFileIsComplete()
    {
        var map = new VocabularyMap([3, VocabularyMap.None]);
        map.Resolve(_backend, [0, 1]);
        Assert.That((map.Count, map[0], map[1], map.DistanceOf(1)), Is.EqualTo((2, 3, VocabularyMap.None, 0)));
    }

    [Test]
    public void ATextsNearestTokenIsThatOfTheWholeVocabulary([Range(1, 6)] int seed)
    {
        var random = new Random(2000 + seed);
        byte[][] texts = [.. Enumerable.Range(0, 60).Select(_ => Text()).DistinctBy(Convert.ToHexString)];
        var vocabulary = new TokenVocabulary(
            "t", "_", true, false, [.. texts.Select(Convert.ToHexString)], texts, new TokenRoles[texts.Length]);
        PlainToken[] target = [.. texts.Select(t => new PlainToken(TextOracle.Symbols(t)))];
        var cache = new NearestTextCache();
        byte[][] queries = [.. Enumerable.Range(0, 60).Select(_ => Text()), .. texts.Take(5)];
        foreach (byte[] query in queries.Concat(queries))
        {
            int expected = TextOracle.Nearest(new PlainToken(TextOracle.Symbols(query)), target).Token;
            Assert.That(cache.Find(_backend, query, vocabulary), Is.EqualTo(expected), Convert.ToHexString(query));
        }

        byte[] Text() => [.. Enumerable.Range(0, random.Next(1, 5)).SelectMany(_ => random.Next(4) == 0 ? "é"u8.ToArray() : [(byte)"ab\u0080\u00C3"[random.Next(4)]])];
    }

    /// <summary>Short words over two to four symbols: many ties and duplicates; one token in ten is a hole, a special or empty.</summary>
    private static PlainToken[] Vocabulary(Random random, int count)
    {
        int alphabet = random.Next(2, 5);
        return [.. Enumerable.Range(0, count).Select(id => random.Next(30) switch
        {
            0 => new PlainToken([], Hole: true),
            1 => new PlainToken([.. "<" + (id % 7)], Special: true, random.Next(5) switch { 0 => "b", 1 => "eu", 2 => "p", _ => "" }),
            2 => new PlainToken([]),
            3 => new PlainToken(BackendCases.Word(random, random.Next(8, 20), 10)),
            _ => new PlainToken(BackendCases.Word(random, random.Next(1, 7), alphabet)),
        })];
    }
}
