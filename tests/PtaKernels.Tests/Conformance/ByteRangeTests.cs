using System.Text;
using PtaKernels.Reference;
using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Conformance;

/// <summary>Projection byte where hundreds of tokens fit one candidate: nested beginnings, equal lengths and equal masses, against a plain search of the vocabulary.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class ByteRangeTests(string backend)
{
    private const int Rows = 24;

    private readonly int _seeds = BackendCases.IsEmulator(backend) ? 2 : 8;

    [Test]
    public void TheHeaviestOfManyAreKept([Values(0, 1, 2.5)] double tail, [Values(5, 64)] int keep, [Values] bool shortest)
    {
        int full = 0, ties = 0;
        for (int seed = 1; seed <= _seeds; seed++)
        {
            var random = new Random(seed);
            var taker = new ChainModel("taker", false, Words(random, 320));
            var giver = new ChainModel("giver", false, [.. Words(random, 60).Where(static w => w.Length <= 5)]);
            var encoder = new FirstOf(taker, shortest);
            var vocabularies = new VocabularyPair(giver.Vocabulary, taker.Vocabulary) { TargetEncoder = encoder };
            TokenizedDocument source = Draw(random, giver, random.Next(1, 24)), target = Draw(random, taker, random.Next(1, 12));
            AlignmentOptions options = AlignmentPreset.Fusion with { Projection = ProjectionRule.Byte, ByteTail = tail, FusedK = keep, MeasureSignal = false };
            var aligned = new AlignedDocument[1];
            BackendCases.Open(backend).AlignBatch([new DocumentPair(source, target)], vocabularies, options, aligned, new AlignmentReport());
            var plain = new AlignedDocument[1];
            new ReferenceBackend().AlignBatch([new DocumentPair(source, target)], vocabularies, options, plain, new AlignmentReport());
            for (int i = 0; i < Rows - 1; i++)
            {
                Assert.That((aligned[0][i], aligned[0].ValuesOf(i).SequenceEqual(plain[0].ValuesOf(i))), Is.EqualTo((plain[0][i], true)), $"seed {seed}, row {i}, the last bits");
                (int Token, double Mass)[] expected = Oracle(giver, source, taker, target, encoder, i, tail, keep);
                Assert.That(aligned[0].IndicesOf(i).ToArray(), Is.EqualTo(expected.Select(static e => e.Token)), $"seed {seed}, row {i}");
                Assert.That(aligned[0].ValuesOf(i).ToArray(), Is.EqualTo(expected.Select(static e => e.Mass)).Within(1e-12), $"seed {seed}, row {i}");
                full += expected.Length == keep ? 1 : 0;
                ties += expected.Zip(expected.Skip(1)).Any(static e => e.First.Mass == e.Second.Mass) ? 1 : 0;
            }
        }

        Assert.That((full > 10 * _seeds, ties > _seeds), Is.EqualTo((true, true)), $"{full} rows with all that are kept, {ties} with ties");
    }

    /// <summary>Distinct words, most of which begin with an a and with one another; the single letters among them.</summary>
    private static string[] Words(Random random, int count)
    {
        var words = new HashSet<string> { "a", "b", "c" };
        while (words.Count < count)
        {
            string begin = random.Next(10) == 0 ? "" : random.Next(3) == 0 ? words.ElementAt(random.Next(words.Count)) : "a";
            string word = begin + string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => (char)('a' + random.Next(3))));
            if (word.Length <= 9)
                words.Add(word);
        }

        string[] shuffled = [.. words];
        random.Shuffle(shuffled);
        return shuffled;
    }

    /// <summary>A document of the letter b, so that all rows but the last are transferred; candidates stand there twice now and then, or without probability.</summary>
    private static TokenizedDocument Draw(Random random, ChainModel model, int k)
    {
        int[] tokens = [.. Enumerable.Range(0, Rows * k).Select(_ => random.Next(ChainModel.FirstText - 1, model.Count))];
        double[] logits = [.. tokens.Select(_ => random.Next(12) == 0 ? double.NegativeInfinity : 4 * random.NextDouble())];
        for (int t = 0; t < Rows; t++)
            logits[t * k] = 4 + random.NextDouble();
        return new TokenizedDocument
        {
            Id = "many", Ids = [.. Enumerable.Repeat(model.IdOf("b"), Rows)], Candidates = new TopKLogits(tokens, logits, k),
            LogSumExp = [.. Enumerable.Range(0, Rows).Select(t => Math.Log(logits[(t * k)..((t + 1) * k)].Sum(Math.Exp)) + random.NextDouble())],
        };
    }

    private static (int Token, double Mass)[] Oracle(
        ChainModel giver, TokenizedDocument source, ChainModel taker, TokenizedDocument target, FirstOf encoder, int row, double tail, int keep)
    {
        double[] theirs = target.Candidates.ValuesOf(row).ToArray();
        Dictionary<int, double> own = [];
        foreach ((int token, double logit) in target.Candidates.IndicesOf(row).ToArray().Zip(theirs))
        {
            if (logit > double.NegativeInfinity)
                own.TryAdd(token, Math.Exp(logit - theirs.Max()));
        }

        double other = Math.Exp(theirs.Min() - theirs.Max() - 1), missing = 1, all = 0;
        Dictionary<int, double> result = [];
        for (int c = 0; c < source.Candidates.K; c++)
        {
            double mass = Math.Exp(source.Candidates.ValuesOf(row)[c] - source.LogSumExp![row]);
            missing -= mass;
            string text = giver.TextOf(source.Candidates.IndicesOf(row)[c]);
            // The one special token that is drawn meets the taker's of the same spelling.
            int[] fits = text.Length == 0 ? [ChainModel.Other] : encoder.FirstToken(text) is int first ? [first, .. Longer(taker, text, first)] : [];
            if (fits.Length == 0)
                continue;
            double[] discounts = [.. fits.Select(t => Math.Pow(2, -tail * Math.Max(0, taker.TextOf(t).Length - text.Length)))];
            double[] weights = [.. fits.Zip(discounts, (t, d) => own.TryGetValue(t, out double weight) ? weight : other * d)];
            double sum = weights.Sum();
            (weights, sum) = sum > 0 ? (weights, sum) : (discounts, discounts.Sum());
            for (int f = 0; f < fits.Length; f++)
                result[fits[f]] = result.GetValueOrDefault(fits[f]) + (mass * (weights[f] / sum));
            all += mass;
        }

        double scale = (1 - Math.Max(0, missing)) / all;
        return [.. result.Where(static r => r.Value > 0).OrderByDescending(static r => r.Value).ThenBy(static r => r.Key).Take(keep).Select(r => (r.Key, r.Value * scale))];
    }

    private static IEnumerable<int> Longer(ChainModel taker, string text, int first) =>
        Enumerable.Range(ChainModel.FirstText, taker.Count - ChainModel.FirstText).Where(t => taker.TextOf(t).Length > taker.TextOf(first).Length
            && (taker.TextOf(t).StartsWith(text, StringComparison.Ordinal) || text.StartsWith(taker.TextOf(t), StringComparison.Ordinal)));

    /// <summary>An encoder whose first token is the longest that fits, or the shortest, which leaves the most tokens inside of a text.</summary>
    private sealed class FirstOf(ChainModel model, bool shortest) : IFirstToken
    {
        public int? FirstToken(ReadOnlySpan<byte> text) => FirstToken(Encoding.ASCII.GetString(text));

        public int? FirstToken(string text)
        {
            IEnumerable<int> fits = Enumerable.Range(ChainModel.FirstText, model.Count - ChainModel.FirstText).Where(t => text.StartsWith(model.TextOf(t), StringComparison.Ordinal));
            return fits.Any() ? shortest ? fits.MinBy(t => model.TextOf(t).Length) : fits.MaxBy(t => model.TextOf(t).Length) : null;
        }
    }
}
