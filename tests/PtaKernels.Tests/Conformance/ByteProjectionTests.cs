using PtaKernels.Cli.Verify.Random;
using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Conformance;

/// <summary>Projection byte against a plain search of the whole vocabulary, with an encoder that takes the longest token.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class ByteProjectionTests(string backend)
{
    private const TokenRoles Named = TokenRoles.Bos | TokenRoles.Eos | TokenRoles.Pad | TokenRoles.Unk;

    // Without the signal, whose nearest tokens the emulator would search for longer than for all the rest.
    private static AlignmentOptions Byte => AlignmentPreset.Fusion with { Projection = ProjectionRule.Byte, MeasureSignal = false };

    [Test]
    public void EveryRowIsThePlainSearch(
        [Values(MassRule.Tail, MassRule.Renormalised)] MassRule mass, [Values(0, 2, 64)] int fusedK, [Values(0, 3)] int window, [Values(0, 1, 2.5)] double tail)
    {
        int compared = 0, stripped = 0, seeds = BackendCases.IsEmulator(backend) ? 1 : 12;
        for (int seed = 1; seed <= seeds; seed++)
        {
            var drawn = new DrawnDocuments(seed, 6);
            var encoder = new LongestToken(drawn.Target.Vocabulary);
            var vocabularies = new VocabularyPair(drawn.Source.Vocabulary, drawn.Target.Vocabulary) { TargetEncoder = encoder };
            AlignmentOptions options = Byte with { Mass = mass, FusedK = fusedK, Window = window, ByteTail = tail };
            var aligned = new AlignedDocument[drawn.Pairs.Length];
            BackendCases.Open(backend).AlignBatch(drawn.Pairs, vocabularies, options, aligned, new AlignmentReport());
            for (int d = 0; d < aligned.Length; d++)
            {
                (DrawnView source, DrawnView target) = drawn.Views[d];
                int sourceText = FirstText(source), targetText = FirstText(target);
                for (int i = targetText; i < aligned[d].Rows; i++)
                {
                    RowProvenance row = aligned[d][i];
                    if (!row.Transferred || row.SourceRow < sourceText)
                        continue;
                    byte[] prefix = row.Rule == RowRule.Boundary ? [] : source.Text[source.Spans[row.SourceRow + 1].Start..target.Spans[i].End];
                    stripped += prefix.Length > 0 ? 1 : 0;
                    (Dictionary<int, double> expected, double missing) = Oracle(source, target, row.SourceRow, i, prefix, vocabularies, encoder, options);
                    Assert.That(aligned[d].IndicesOf(i).ToArray().Zip(aligned[d].ValuesOf(i).ToArray()).ToDictionary(), Is.EqualTo(expected).Within(1e-9), $"seed {seed}, document {d}, row {i}");
                    Assert.That(row.Missing, Is.EqualTo(missing).Within(1e-9));
                    compared++;
                }
            }
        }

        Assert.That((compared > 12 * seeds, stripped >= seeds), Is.EqualTo((true, true)), $"{compared} rows, {stripped} with a prefix");
    }

    [Test]
    public void BytesThatNothingVouchesForHalveTheShare()
    {
        var taker = new ChainModel("taker", false, "a", "ab", "abc", "abcd", "b");
        int[] own = [taker.IdOf("b"), taker.IdOf("a")];
        AssertFirstRow(taker, own, [("b", 0)], 0, [("a", 0.15), ("ab", 0.15), ("abc", 0.15), ("abcd", 0.15), ("b", 0.2)]);
        AssertFirstRow(taker, own, [("b", 0)], 1, [("a", 0.32), ("ab", 0.16), ("abc", 0.08), ("abcd", 0.04), ("b", 0.2)]);
        // A token that the target stores has the target's own weight, e times as much as the shortest of the others.
        double sum = 1 + 0.5 + 0.25 + Math.E;
        AssertFirstRow(taker, own, [("abcd", 0)], 1, [("a", 0.6 / sum), ("ab", 0.3 / sum), ("abc", 0.15 / sum), ("abcd", 0.6 * Math.E / sum), ("b", 0.2)]);
    }

    [Test]
    public void TheSpaceBeforeATextIsVouchedFor()
    {
        var taker = new ChainModel("taker", true, "x", " a", " ab", " b");
        int[] own = [ChainModel.Bos, taker.IdOf(" a")];
        AssertFirstRow(taker, own, [(" b", 0)], 0, [(" a", 0.3), (" ab", 0.3), (" b", 0.2)]);
        AssertFirstRow(taker, own, [(" b", 0)], 1, [(" a", 0.4), (" ab", 0.2), (" b", 0.2)]);
    }

    [Test]
    public void WeightsBelowTheSmallestNormalNumberCount()
    {
        var taker = new ChainModel("taker", false, "a", "ab", "b");
        int[] own = [taker.IdOf("b"), taker.IdOf("a")];
        AssertFirstRow(taker, own, [("b", 0), ("ab", -720)], 0, [("ab", 0.6 * Math.E / (1 + Math.E)), ("a", 0.6 / (1 + Math.E)), ("b", 0.2)]);
        // Of weights that are all 0 only the discounts are left.
        AssertFirstRow(taker, own, [("b", 0), ("ab", -800)], 1, [("a", 0.4), ("ab", 0.2), ("b", 0.2)]);
    }

    /// <summary>The row after a document's first token, where the source gives a 0.6 and b 0.2 and the target stores some candidates.</summary>
    private void AssertFirstRow(ChainModel taker, int[] own, (string Token, double Logit)[] stored, double tail, (string Token, double Mass)[] expected)
    {
        var giver = new ChainModel("giver", false, "a", "b");
        int[] ids = [own[0] == ChainModel.Bos ? ChainModel.Bos : giver.IdOf("b"), giver.IdOf("a")];
        var source = new TokenizedDocument
        {
            Id = "hand", Ids = ids, LogSumExp = [0, 0],
            Candidates = new TopKLogits([giver.IdOf("a"), giver.IdOf("b"), giver.IdOf("a"), giver.IdOf("b")], [Math.Log(0.6), Math.Log(0.2), Math.Log(0.6), Math.Log(0.2)], 2),
        };
        int[] tokens = [.. stored.Select(s => taker.IdOf(s.Token))];
        double[] logits = [.. stored.Select(static s => s.Logit)];
        var target = new TokenizedDocument { Id = "hand", Ids = own, Candidates = new TopKLogits([.. tokens, .. tokens], [.. logits, .. logits], stored.Length) };
        var vocabularies = new VocabularyPair(giver.Vocabulary, taker.Vocabulary) { TargetEncoder = new LongestToken(taker.Vocabulary) };
        var aligned = new AlignedDocument[1];
        BackendCases.Open(backend).AlignBatch([new DocumentPair(source, target)], vocabularies, Byte with { FusedK = 64, ByteTail = tail }, aligned, new AlignmentReport());
        Assert.That(
            aligned[0].IndicesOf(0).ToArray().Zip(aligned[0].ValuesOf(0).ToArray(), (token, mass) => (taker.TextOf(token), mass)).ToDictionary(),
            Is.EqualTo(expected.ToDictionary(e => e.Token, e => e.Mass)).Within(1e-9));
    }

    [Test]
    public void AnEncoderThatFailsIsHeard()
    {
        var drawn = new DrawnDocuments(1, 2);
        var vocabularies = new VocabularyPair(drawn.Source.Vocabulary, drawn.Target.Vocabulary) { TargetEncoder = new Failing() };
        IKernelBackend opened = BackendCases.Open(backend);
        Assert.That(
            () => opened.AlignBatch(drawn.Pairs, vocabularies, Byte, new AlignedDocument[2], new AlignmentReport()),
            Throws.InstanceOf<InvalidOperationException>().With.Message.EqualTo("no such text"));
    }

    [Test]
    public void NoEncoderIsOneSentence()
    {
        var drawn = new DrawnDocuments(1, 1);
        var vocabularies = new VocabularyPair(drawn.Source.Vocabulary, drawn.Target.Vocabulary);
        IKernelBackend opened = BackendCases.Open(backend);
        Assert.That(
            () => opened.AlignBatch(drawn.Pairs, vocabularies, Byte, new AlignedDocument[1], new AlignmentReport()),
            Throws.ArgumentException.With.Message.Contains("projection byte needs the encoder of target vocabulary"));
    }

    [Test]
    public void WhatHasNoMeaningIsRefused()
    {
        Refuses(Byte with { Sources = SourceMerging.Recursive, Fusion = FusionFunction.None }, "--sources independent");
        Refuses(Byte with { Transport = TransportKind.Unbalanced }, "--projection top1", "transport unbalanced");
        Refuses(Byte with { Columns = CandidateColumns.TargetTopk }, "--projection top1", "columns target-topk");
        Refuses(Byte with { ByteTail = -1 }, "it must be 0..64 bits per byte", "--byte-tail is -1");
        Refuses(Byte with { Cost = CandidateCost.OfficialStrings, Transfer = TransferRule.Boundary }, "--cost texts");

        static void Refuses(AlignmentOptions options, string instead, string what = "projection byte") =>
            Assert.That(() => AlignmentSwitches.Validate(options), Throws.ArgumentException.With.Message.Contains(instead).And.Message.Contains(what));
    }

    private static (Dictionary<int, double> Row, double Missing) Oracle(
        DrawnView source, DrawnView target, int sourceRow, int targetRow, byte[] prefix, VocabularyPair pair, LongestToken encoder, in AlignmentOptions options)
    {
        TokenVocabulary giving = pair.Source, taking = pair.Target;
        int used = options.Window == 0 ? source.Candidates[sourceRow].Length : Math.Min(options.Window, source.Candidates[sourceRow].Length);
        double[] logits = source.Logits[sourceRow][..used];
        bool tail = options.Mass == MassRule.Tail;
        double norm = tail ? source.LogSumExp[sourceRow] : Math.Log(logits.Sum(v => Math.Exp(v - logits.Max()))) + logits.Max();
        double[] mass = [.. logits.Select(v => Math.Exp(v - norm))];
        double missing = tail ? Math.Max(0, 1 - mass.Sum()) : 0;
        int own = options.Window == 0 ? target.Candidates[targetRow].Length : Math.Min(options.Window, target.Candidates[targetRow].Length);
        Dictionary<int, double> result = [];
        double known = missing;
        for (int c = 0; c < used; c++)
        {
            int token = source.Candidates[sourceRow][c];
            byte[] text = giving.Bytes[token].ToArray();
            if (prefix.Length > 0 && (giving.IsSpecial(token) || text.Length <= prefix.Length || !text.AsSpan().StartsWith(prefix)))
                continue;
            known += mass[c];
            int[] fits = giving.IsSpecial(token) ? Partner(giving, token, taking) : Fits(text[prefix.Length..], taking, encoder);
            (int rest, double bits) = (text.Length - prefix.Length, options.ByteTail);
            double[] weights = [.. fits.Select(t => Weight(target, targetRow, own, t, Discount(t)))];
            // Logits of minus infinity: where the target gives none of them any probability, they share by the discounts alone.
            if (weights.Sum() == 0)
                weights = [.. fits.Select(Discount)];
            for (int f = 0; f < fits.Length; f++)
                result[fits[f]] = result.GetValueOrDefault(fits[f]) + (mass[c] * weights[f] / weights.Sum());

            double Discount(int t) => Math.Pow(2, -bits * Math.Max(0, taking.Bytes[t].Length - rest));
        }

        missing = prefix.Length > 0 ? missing / known : missing;
        double all = result.Values.Sum();
        (int Token, double Mass)[] kept =
            [.. result.Where(static r => r.Value > 0).OrderByDescending(static r => r.Value).ThenBy(static r => r.Key).Take(options.FusedK == 0 ? target.Candidates[targetRow].Length : options.FusedK).Select(static r => (r.Key, r.Value))];
        double scale = (1 - missing) / (tail ? all : kept.Sum(static k => k.Mass));
        return (kept.ToDictionary(static k => k.Token, k => k.Mass * scale), tail ? Math.Max(0, 1 - (kept.Sum(static k => k.Mass) * scale)) : 0);
    }

    private static int[] Fits(byte[] text, TokenVocabulary target, LongestToken encoder)
    {
        if (encoder.FirstToken(text) is not { } first)
            return [];
        IEnumerable<int> longer = Enumerable.Range(0, target.Count).Where(t => !target.IsSpecial(t) && target.Bytes[t].Length > target.Bytes[first].Length
            && (target.Bytes[t].StartsWith(text) || text.AsSpan().StartsWith(target.Bytes[t])));
        return [first, .. longer];
    }

    private static int[] Partner(TokenVocabulary source, int token, TokenVocabulary target) =>
        [.. Enumerable.Range(0, target.Count).Where(t => target.IsSpecial(t) && target.HasToken(t)
            && ((target.RolesOf(t) & source.RolesOf(token) & Named) != 0 || target.StringOf(t) == source.StringOf(token))).Take(1)];

    private static double Weight(DrawnView target, int row, int own, int token, double discount)
    {
        int at = Array.IndexOf(target.Candidates[row], token, 0, own);
        return at >= 0 ? Math.Exp(target.Logits[row][at]) : Math.Exp(target.Logits[row][..own].Min() - 1) * discount;
    }

    private static int FirstText(DrawnView view)
    {
        int first = Array.FindIndex(view.Spans, static s => s.End > s.Start);
        return first < 0 ? view.Ids.Length : first;
    }

    private sealed class Failing : IFirstToken
    {
        public int? FirstToken(ReadOnlySpan<byte> text) => throw new InvalidOperationException("no such text");
    }
}
