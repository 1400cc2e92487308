using System.Text;
using PtaKernels.Text;

namespace PtaKernels.Tests.Text.Encoders;

/// <summary>Hand-made and drawn SentencePiece models against plain searches; spans, decoding, refusals.</summary>
public sealed class SmallModelsTests
{
    private const int Unigram = 1, BytePairs = 2, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    private static readonly string[] Letters = ["a", "b", "c", "▁", "é"];

    [Test]
    public void DrawnPairModels()
    {
        var random = new Random(11);
        for (int model = 0; model < 60; model++)
        {
            (string Text, float Score)[] pieces = Draw(random, fewScores: model % 2 == 0);
            TextEncoder encoder = Load(pieces, BytePairs);
            for (int t = 0; t < 40; t++)
            {
                string text = DrawText(random, t == 0 ? 400 : 12);
                Assert.That(Pieces(encoder, text), Is.EqualTo(JoinedPlainly(pieces, Marked(text))), $"model {model}: {text}");
            }
        }
    }

    [Test]
    public void DrawnUnigramModels()
    {
        var random = new Random(12);
        for (int model = 0; model < 60; model++)
        {
            // Whole scores, so that sums are exact and equal ones are met.
            (string Text, float Score)[] pieces = Draw(random, fewScores: true);
            TextEncoder encoder = Load(pieces, Unigram);
            for (int t = 0; t < 40; t++)
            {
                string text = DrawText(random, t == 0 ? 400 : 12);
                Assert.That(Pieces(encoder, text), Is.EqualTo(BestPlainly(pieces, Marked(text))), $"model {model}: {text}");
            }
        }
    }

    [TestCase("abab", "▁ ab ab")]
    [TestCase("abb", "▁ ab b")]
    [TestCase("aab", "▁ a ab")]
    [TestCase("x[y]x", "▁ x [y] x")]
    [TestCase("qqq", "▁ <unk>")]
    [TestCase("aqqb", "▁ a <unk> b")]
    public void UserDefinedAndUnknown(string text, string expected)
    {
        byte[] model = Start().Piece("▁", 0, -1).Piece("a", 0, -2).Piece("b", 0, -3).Piece("x", 0, -4).Piece("ab", 0, -1).Piece("[y]", UserDefined).Piece("x[", 0, -1)
            .Trainer((3, BytePairs)).Normalizer((4, 0)).ToArray();
        Assert.That(string.Join(' ', Pieces(Load(model), text)), Is.EqualTo(expected));
    }

    [Test]
    public void APieceOutOfUseIsTakenApart()
    {
        byte[] model = Start().Piece("▁").Piece("a").Piece("b").Piece("ab", Unused, 5).Piece("abb", 0, 4).Trainer((3, BytePairs)).Normalizer((4, 0)).ToArray();
        Assert.That(Pieces(Load(model), "ababb"), Is.EqualTo(new[] { "▁", "a", "b", "abb" }));
    }

    [TestCase("  a  b  ", true, "▁a:0-3 ▁:3-4 b:4-8")]
    [TestCase("a", true, "▁a:0-1")]
    [TestCase("   ", true, "")]
    [TestCase(" a", false, "▁:0-0 ▁a:0-2")]
    [TestCase("b\u00E9", false, "▁:0-0 b:0-1 <0xC3>:1-2 <0xA9>:2-3")]
    [TestCase("", false, "")]
    public void SpansInTheOriginal(string text, bool squeezes, string expected)
    {
        ModelWriter model = Start().Piece("▁").Piece("a").Piece("b").Piece("▁a", 0, 1);
        for (int value = 0; value < 256; value++)
            model.Piece($"<0x{value:X2}>", Byte);
        TextEncoder encoder = Load(model.Trainer((3, BytePairs), (35, 1)).Normalizer((4, squeezes ? 1 : 0)).ToArray());
        EncodedText encoded = encoder.Encode(Encoding.UTF8.GetBytes(text));
        Assert.That(string.Join(' ', encoded.Ids.Zip(encoded.Spans, (id, s) => $"{encoder.Vocabulary.StringOf(id)}:{s.Start}-{s.End}")), Is.EqualTo(expected));
    }

    [TestCase("spA")]
    [TestCase("spB")]
    [TestCase("gpt2")]
    public void SpansFollowOneAnotherToTheEnd(string name)
    {
        using var folder = new VocabularyFolder();
        TextEncoder encoder = GoldenEncoders.Load(name, folder);
        foreach (byte[] line in GoldenEncoders.HardLines)
        {
            EncodedText encoded = encoder.Encode(line);
            int end = 0;
            foreach ((int start, int next) in encoded.Spans)
            {
                Assert.That((start, next >= start), Is.EqualTo((end, true)));
                end = next;
            }

            if (encoded.Length > 0)
                Assert.That(end, Is.EqualTo(line.Length));
            // Where nothing is replaced, a token is its span, and decoding gives the text again.
            if (name == "spB" || line.AsSpan().IndexOf("▁"u8) >= 0 || !System.Text.Unicode.Utf8.IsValid(line))
                continue;
            for (int i = 0; i < encoded.Length; i++)
            {
                ReadOnlySpan<byte> text = encoder.Vocabulary.Bytes[encoded.Ids[i]];
                Assert.That(line.AsSpan(encoded.Spans[i].Start..encoded.Spans[i].End).SequenceEqual(i == 0 && name == "spA" ? text[1..] : text));
            }

            Assert.That(encoder.Decode(encoded.Ids), Is.EqualTo(line));
        }
    }

    [Test]
    public void AReplacedCharacterIsOnTheLastOfItsTokens()
    {
        using var folder = new VocabularyFolder();
        TextEncoder encoder = GoldenEncoders.Load("spB", folder);
        byte[] text = "x\u33A1\u33A1y"u8.ToArray(); // two signs of square metres, "m2" each
        EncodedText encoded = encoder.Encode(text);
        Assert.That(encoded.Spans.Select(static s => s.End), Is.All.AnyOf(0, 1, 4, 7, 8));
        Assert.That(Encoding.UTF8.GetString(encoder.Decode(encoded.Ids)), Is.EqualTo("xm2m2y"));
    }

    [Test]
    public void ThreadsShareAnEncoder()
    {
        using var folder = new VocabularyFolder();
        TextEncoder encoder = GoldenEncoders.Load("spA", folder);
        uint[] checks = GoldenEncoders.ChecksOf("spA");
        Parallel.For(0, 2_000, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
            Assert.That(GoldenEncoders.Check(encoder.Encode(GoldenEncoders.HardLines[i]).Ids), Is.EqualTo(checks[i])));
    }

    [TestCase(3, "its model type is 3")]
    [TestCase(4, "its model type is 4")]
    public void OtherKindsAreRefused(int type, string says) =>
        Refuses(Start().Piece("a").Trainer((3, type)).ToArray(), says);

    [Test]
    public void DamagedModelsAreRefused()
    {
        Refuses(Start().Piece("a", 0, float.NaN).ToArray(), "has the score NaN");
        Refuses(Start().Piece("a").Trainer((35, 1)).ToArray(), "has pieces for 0 of the 256 bytes, and byte_fallback is on");
        Refuses(Start().Piece("a").Block(3, new ModelWriter().Block(2, [9, 0, 0, 0, 1, 2]).ToArray()).ToArray(), "character map of 6 bytes is damaged");
        Refuses(Start().Piece("a").Block(5, new ModelWriter().Block(2, [9, 0, 0, 0, 1, 2]).ToArray()).ToArray(), "undo its normaliser");
    }

    private static ModelWriter Start() => new ModelWriter().Piece("<unk>", Unknown).Piece("<s>", Control).Piece("</s>", Control);

    private static void Refuses(byte[] model, string says)
    {
        using var folder = new VocabularyFolder();
        string path = folder.Write("m.model", model);
        Assert.That(() => TextEncoder.Load(path), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith(path).And.Message.Contains(says));
    }

    private static TextEncoder Load((string Text, float Score)[] pieces, int type)
    {
        ModelWriter model = Start();
        foreach ((string text, float score) in pieces)
            model.Piece(text, 0, score);
        return Load(model.Trainer((3, type)).Normalizer((4, 0)).ToArray());
    }

    private static TextEncoder Load(byte[] model)
    {
        using var folder = new VocabularyFolder();
        return TextEncoder.Load(folder.Write("m.model", model));
    }

    private static string[] Pieces(TextEncoder encoder, string text) => [.. encoder.Encode(Encoding.UTF8.GetBytes(text)).Ids.Select(id => encoder.Vocabulary.StringOf(id)!)];

    private static string Marked(string text) => text.Length == 0 ? "" : "▁" + text.Replace(' ', '▁');

    private static string DrawText(Random random, int longest) =>
        string.Concat(Enumerable.Range(0, random.Next(longest)).Select(_ => Letters[random.Next(Letters.Length)].Replace('▁', ' ')));

    private static (string Text, float Score)[] Draw(Random random, bool fewScores)
    {
        // Every second model has words with a space inside, which may not be cut at spaces.
        HashSet<string> texts = [.. Letters];
        for (int i = random.Next(25); i > 0; i--)
            texts.Add(string.Concat(Enumerable.Range(0, random.Next(2, 5)).Select(at => Letters[random.Next(at == 0 || random.Next(9) == 0 ? 5 : 3)])));
        return [.. texts.Select(t => (t, -(float)(fewScores ? random.Next(1, 6) : random.NextDouble() * 9)))];
    }

    private static string[] JoinedPlainly((string Text, float Score)[] pieces, string text)
    {
        Dictionary<string, float> scores = pieces.ToDictionary(static p => p.Text, static p => p.Score);
        List<string> row = [.. text.Select(static c => c.ToString())];
        while (true)
        {
            (int at, float best) = (-1, float.NegativeInfinity);
            for (int i = 0; i + 1 < row.Count; i++)
            {
                if (scores.TryGetValue(row[i] + row[i + 1], out float score) && score > best)
                    (at, best) = (i, score);
            }

            if (at < 0)
                return [.. row];
            row[at] += row[at + 1];
            row.RemoveAt(at + 1);
        }
    }

    private static string[] BestPlainly((string Text, float Score)[] pieces, string text)
    {
        (double Score, int Start)[] best = new (double, int)[text.Length + 1];
        for (int end = 1; end <= text.Length; end++)
        {
            best[end] = (double.NegativeInfinity, -1);
            for (int start = 0; start < end; start++)
            {
                foreach ((string piece, float score) in pieces)
                {
                    if (text[start..end] == piece && best[start].Score + score > best[end].Score)
                        best[end] = (best[start].Score + score, start);
                }
            }
        }

        List<string> row = [];
        for (int end = text.Length; end > 0; end = best[end].Start)
            row.Insert(0, text[best[end].Start..end]);
        return [.. row];
    }
}
