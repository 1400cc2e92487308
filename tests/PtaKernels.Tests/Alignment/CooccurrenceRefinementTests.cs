using PtaKernels.Alignment;
using PtaKernels.Reference;

namespace PtaKernels.Tests.Alignment;

/// <summary>The refinement against dense count matrices, as the official code keeps them, on small random vocabularies and corpora.</summary>
public sealed class CooccurrenceRefinementTests
{
    [Test]
    public void EqualsDenseCounts([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        int window = 1 + (seed % 5);
        TokenVocabulary source = Vocabulary("s", "Ġ", random, 30), target = Vocabulary("t", "▁", random, 40);
        var pair = new VocabularyPair(source, target);
        var backend = new ReferenceBackend();
        pair.Official.Map.Resolve(backend, Enumerable.Range(0, source.Count));
        var refinement = new CooccurrenceRefinement(backend, pair, window);
        var corpus = Enumerable.Range(0, 6).Select(_ => (Source: Ids(random, source.Count), Target: Ids(random, target.Count))).ToArray();
        foreach ((int[] s, int[] t) in corpus)
            refinement.Count(s, t);
        IReadOnlyList<(int, int, int)> expected = Dense(source, target, corpus, window);
        Assert.That(refinement.Refine(), Is.EqualTo(expected));
        if (seed == 1)
            Assert.That(expected, Is.Not.Empty, "a sample in which nothing changes shows nothing");
    }

    [Test]
    public void ATokenThatTheCorpusDoesNotHoldKeepsItsFirstMinimum()
    {
        var random = new Random(3);
        var pair = new VocabularyPair(Vocabulary("s", "Ġ", random, 20), Vocabulary("t", "▁", random, 20));
        var backend = new ReferenceBackend();
        pair.Official.Map.Resolve(backend, Enumerable.Range(0, 20));
        Assert.That(new CooccurrenceRefinement(backend, pair).Refine(), Is.Empty);
    }

    private static List<(int SourceToken, int Before, int After)> Dense(TokenVocabulary source, TokenVocabulary target, (int[] Source, int[] Target)[] corpus, int window)
    {
        string[] keys = [.. Enumerable.Range(0, source.Count).Select(i => source.StringOf(i)!.Replace('Ġ', '▁'))];
        string[] targets = [.. Enumerable.Range(0, target.Count).Select(i => target.StringOf(i)!)];
        int[][] tied = [.. keys.Select(k => Nearest(k, targets))];
        double[,] s = Matrix(corpus.Select(c => c.Source), source.Count, window), t = Matrix(corpus.Select(c => c.Target), target.Count, window);
        (int Source, int Target)[] columns = [.. Enumerable.Range(0, target.Count).Where(j => tied.Any(x => x[0] == j)).Select(j => (Array.FindLastIndex(tied, x => x[0] == j), j))];
        var changed = new List<(int, int, int)>();
        for (int i = 0; i < keys.Length; i++)
        {
            if (targets[tied[i][0]] == keys[i])
                continue;
            double[] similarity = [.. tied[i].Select(c =>
                columns.Sum(k => s[i, k.Source] * t[c, k.Target])
                / ((Math.Sqrt(columns.Sum(k => s[i, k.Source] * s[i, k.Source])) * Math.Sqrt(columns.Sum(k => t[c, k.Target] * t[c, k.Target]))) + 1e-6))];
            int after = tied[i][Array.IndexOf(similarity, similarity.Max())];
            if (after != tied[i][0])
                changed.Add((i, tied[i][0], after));
        }

        return changed;
    }

    private static double[,] Matrix(IEnumerable<int[]> documents, int size, int window)
    {
        var counts = new double[size, size];
        foreach (int[] row in documents)
        {
            for (int i = 0; i < row.Length; i++)
            {
                for (int j = Math.Max(0, i - window); j < Math.Min(i + window, row.Length); j++)
                {
                    if (i == j)
                        continue;
                    counts[row[i], row[j]]++;
                    counts[row[j], row[i]]++;
                }
            }
        }

        return counts;
    }

    private static int[] Nearest(string key, string[] targets)
    {
        int[] distances = [.. targets.Select(t => Distance(key, t))];
        return [.. Enumerable.Range(0, targets.Length).Where(j => distances[j] == distances.Min())];
    }

    private static int Distance(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                table[i, j] = i == 0 ? j : j == 0 ? i : Math.Min(
                    Math.Min(table[i - 1, j], table[i, j - 1]) + 1, table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            }
        }

        return table[a.Length, b.Length];
    }

    private static int[] Ids(Random random, int count) => [.. Enumerable.Range(0, random.Next(0, 40)).Select(_ => random.Next(count))];

    private static TokenVocabulary Vocabulary(string name, string marker, Random random, int count)
    {
        var strings = new HashSet<string>();
        while (strings.Count < count)
            strings.Add((random.Next(3) == 0 ? marker : "") + string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => "abc"[random.Next(3)])));
        string[] all = [.. strings];
        return new TokenVocabulary(name, marker, isByteLevel: marker == "Ġ", addsDummyPrefix: false, all, [.. all.Select(System.Text.Encoding.UTF8.GetBytes)], new TokenRoles[count]);
    }
}
