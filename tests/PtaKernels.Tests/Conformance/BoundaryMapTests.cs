using System.Text;
using PtaKernels.Rules;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

public sealed class BoundaryMapTests
{
    /// <summary>256 single-byte tokens, then the pieces: a text is any split of it.</summary>
    private static readonly TokenVocabulary Bytes = new(
        "bytes", "_", true, false,
        [.. Enumerable.Range(0, 256).Select(b => b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture))],
        [.. Enumerable.Range(0, 256).Select(b => new[] { (byte)b })],
        new TokenRoles[256]);

    [Test]
    public void EqualTextsNeedNoRepair()
    {
        byte[] text = Text(new Random(1), 90);
        BoundaryMap map = Between(text, text);
        Assert.That(map.Exact, Is.True);
        for (int o = 0; o <= text.Length; o++)
            Assert.That((map.SourceBoundary(o), map.EndingAt(o)), Is.EqualTo((o, o - 1)));
        Assert.That((map.EndingAt(text.Length + 1), map.Containing(1)), Is.EqualTo((-1, -1)));
    }

    [Test]
    public void EncoderOffsetsReferToOneText()
    {
        DocumentSpans source = SpansOf((0, 2), (2, 2), (2, 5), (6, 9)), target = SpansOf((0, 9));
        BoundaryMap map = BoundaryMap.Between("d", source, target);
        int[] ends = [-1, -1, 0, -1, -1, 2, -1, -1, -1, 3], inside = [-1, 0, -1, 2, 2, -1, -1, 3, 3, -1];
        Assert.That(map.Exact, Is.True);
        Assert.That(Enumerable.Range(0, 10).Select(map.EndingAt), Is.EqualTo(ends));
        Assert.That(Enumerable.Range(0, 10).Select(map.Containing), Is.EqualTo(inside));
    }

    [Test]
    public void TheByteAlignmentCostsTheEditDistance([Range(1, 40)] int seed)
    {
        var random = new Random(seed);
        byte[] source = Text(random, random.Next(200)), target = Edited(random, source, random.Next(1 + (source.Length / 4)));
        int distance = TextOracle.Levenshtein(source, target);
        AssertAlignment(source, target, ByteAlignment.Match(source, target, source.Length + target.Length, out int found), distance);
        Assert.That(found, Is.EqualTo(distance));
        AssertAlignment(source, target, ByteAlignment.Match(source, target, distance, out _), distance);
        if (distance > 0)
            Assert.That(ByteAlignment.Match(source, target, distance - 1, out _), Is.Null);
    }

    [Test]
    public void ABoundaryCountsOnlyBetweenMatchedNeighbours([Range(1, 40)] int seed)
    {
        var random = new Random(100 + seed);
        byte[] source = Text(random, random.Next(100, 400)), target = Edited(random, source, random.Next(1, source.Length / 25));
        BoundaryMap map = Between(source, target);
        Assert.That(map.Exact, Is.EqualTo(source.SequenceEqual(target)));
        int[] match = ByteAlignment.Match(source, target, source.Length, out int distance)!;
        Assert.That(distance, Is.EqualTo(TextOracle.Levenshtein(source, target)));
        AssertAlignment(source, target, match, distance);
        int counted = 0, last = -1;
        for (int o = 0; o <= target.Length; o++)
        {
            bool first = o == 0, end = o == target.Length;
            bool matched = (first || match[o - 1] >= 0) && (end || match[o] >= 0);
            int before = first ? 0 : match[o - 1] + 1, after = end ? source.Length : match[o];
            int expected = matched && before == after ? after : -1;
            Assert.That(map.SourceBoundary(o), Is.EqualTo(expected), $"boundary {o}");
            if (expected < 0)
                continue;
            counted++;
            Assert.That(expected, Is.GreaterThan(last));
            Assert.That(map.EndingAt(o), Is.EqualTo(expected - 1)); // one token per byte
            Assert.That(first || source[expected - 1] == target[o - 1], Is.True);
            Assert.That(end || source[expected] == target[o], Is.True);
            last = expected;
        }

        Assert.That(counted, Is.GreaterThanOrEqualTo(target.Length + 1 - (2 * distance)));
    }

    [TestCase(0, true)]
    [TestCase(5, true)]
    [TestCase(6, false)]
    public void MoreThan5PercentIsAnError(int substitutions, bool accepted)
    {
        byte[] source = new byte[100], target = new byte[100];
        Array.Fill(source, (byte)'a');
        Array.Fill(target, (byte)'a');
        for (int s = 0; s < substitutions; s++)
            target[7 + (s * 15)] = (byte)'b';
        if (accepted)
            Assert.That(Between(source, target).Exact, Is.EqualTo(substitutions == 0));
        else
            Assert.That(() => Between(source, target), Refuses("document doc", "100 and 100 bytes", "5 bytes, 5 %"));
    }

    [Test]
    public void ShortTextsHaveNoRoomForADifference() =>
        Assert.That(() => Between("abcdefghijklmnopqrs"u8.ToArray(), "abcdefghijklmnopqrx"u8.ToArray()), Refuses("document doc", "differ", "0 bytes"));

    [Test]
    public void ATextThatStopsEarlyIsTruncated([Values] bool sourceIsShort, [Values(5, 19, 80, 290)] int missing, [Values(0, 2)] int edits)
    {
        Random random = new(missing);
        byte[] whole = Text(random, 300), tail = whole[^missing..];
        Array.Fill(tail, (byte)'!'); // ink that stands nowhere else, so that the cut is where it looks
        tail.CopyTo(whole, 300 - missing);
        byte[] cut = whole[..^missing];
        if (missing >= 80)
            edits = 0; // over 5 % and not a prefix: only a difference
        for (int e = 0; e < edits; e++)
            cut[20 + (e * 30)] = (byte)'?';
        (string side, byte[] source, byte[] target) = sourceIsShort ? ("source", cut, whole) : ("target", whole, cut);
        if (missing + edits > 15 && edits > 0)
            Assert.That(() => Between(source, target), Refuses("document doc", "differ", "5 %"));
        else
            Assert.That(() => Between(source, target), Refuses("document doc", $"the {side}'s text stops after {cut.Length} of 300 bytes", "truncated"));
    }

    [Test]
    public void ACutOffCharacterIsOnlyADifference([Values(1, 4)] int missing)
    {
        byte[] whole = Text(new Random(missing), 300);
        BoundaryMap map = Between(whole[..^missing], whole);
        Assert.That((map.Exact, map.SourceBoundary(300 - missing - 1), map.SourceBoundary(300)), Is.EqualTo((false, 300 - missing - 1, -1)));
    }

    [Test]
    public void TrailingWhiteSpaceIsNeverATruncation([Values] bool sourceIsShort, [Values("          ", "\n\n\n\n\n\n\n\n", " \r\n\t \r\n\t  ")] string space, [Values(0, 3)] int ink)
    {
        byte[] text = Text(new Random(space.Length), 300), longer = [.. text, .. Encoding.ASCII.GetBytes(space), .. Enumerable.Repeat((byte)'!', ink)];
        BoundaryMap map = sourceIsShort ? Between(text, longer) : Between(longer, text);
        Assert.That((map.Exact, map.SourceBoundary(299)), Is.EqualTo((false, 299)));
        // Where so much white space is over 5 %, the texts differ; nobody cut anything.
        byte[] brief = text[..30], briefLonger = [.. brief, .. Encoding.ASCII.GetBytes(space)];
        Assert.That(() => sourceIsShort ? Between(brief, briefLonger) : Between(briefLonger, brief), Refuses("document doc", "differ", "5 %"));
    }

    [Test]
    public void AnEmptyTextBesideAnotherIsTruncated()
    {
        Assert.That(() => Between([], Text(new Random(1), 40)), Refuses("document doc", "the source's text stops after 0 of 40", "truncated"));
        Assert.That(Between([], []).SourceBoundary(0), Is.Zero);
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refuses(string document, string what, string more) =>
        Throws.TypeOf<AlignmentDataException>().With.Message.Contains(document).And.Message.Contains(what).And.Message.Contains(more);

    /// <summary>Matched bytes are equal and ascend on both sides; what lies between two of them costs the longer of the two gaps.</summary>
    private static void AssertAlignment(byte[] source, byte[] target, int[]? match, int distance)
    {
        Assert.That(match, Has.Length.EqualTo(target.Length));
        int cost = 0, s = 0, t = 0;
        for (int o = 0; o <= target.Length; o++)
        {
            int at = o == target.Length ? source.Length : match![o];
            if (at < 0)
                continue;
            Assert.That(at, Is.GreaterThanOrEqualTo(s));
            Assert.That(o == target.Length || source[at] == target[o], Is.True);
            cost += Math.Max(at - s, o - t);
            (s, t) = (at + 1, o + 1);
        }

        Assert.That(cost, Is.EqualTo(distance));
    }

    private static byte[] Text(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => (byte)"abc d"[random.Next(5)])];

    private static byte[] Edited(Random random, byte[] text, int edits)
    {
        var bytes = text.ToList();
        for (int e = 0; e < edits; e++)
        {
            // Away from the end, where four bytes more or less would look like a cut.
            int at = random.Next(bytes.Count - (bytes.Count / 10));
            switch (random.Next(3))
            {
                case 0:
                    bytes.RemoveAt(at);
                    break;
                case 1:
                    bytes.Insert(at, (byte)"abx"[random.Next(3)]);
                    break;
                default:
                    bytes[at] = (byte)"abx"[random.Next(3)];
                    break;
            }
        }

        return [.. bytes];
    }

    private static BoundaryMap Between(byte[] source, byte[] target) => BoundaryMap.Between("doc", SpansOf(source), SpansOf(target));

    private static DocumentSpans SpansOf(byte[] text) => DocumentSpans.Of(Document([.. text.Select(b => (int)b)], null), Bytes);

    private static DocumentSpans SpansOf(params (int, int)[] spans) => DocumentSpans.Of(Document(new int[spans.Length], spans), Bytes);

    private static TokenizedDocument Document(int[] ids, (int, int)[]? spans) =>
        new() { Id = "doc", Ids = ids, Candidates = new TopKLogits(new int[ids.Length], new double[ids.Length], 1), Spans = spans };
}
