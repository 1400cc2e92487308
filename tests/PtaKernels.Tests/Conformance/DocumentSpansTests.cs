using PtaKernels.Rules;

namespace PtaKernels.Tests.Conformance;

public sealed class DocumentSpansTests
{
    private const int Bos = 0, Eos = 1, Unk = 2, FirstWord = 3;

    private static readonly string[] Words = [" he", "llo", " ", "é", "x"];

    [Test]
    public void OffsetsAreCumulativeDecodedLengths()
    {
        DocumentSpans spans = DocumentSpans.Of(Document([Word(" he"), Word("llo"), Word("é"), Eos]), Vocabulary(dummyPrefix: false));
        AssertSpans(spans, (0, 3), (3, 6), (6, 8), (8, 8));
        Assert.That(spans.Text, Is.EqualTo(" helloé"u8.ToArray()));
        Assert.That((spans.FirstText, spans.StartsWithBos, spans.TextLength), Is.EqualTo((0, false, 8)));
    }

    [Test]
    public void TheDummyPrefixIsNoText()
    {
        DocumentSpans spans = DocumentSpans.Of(Document([Bos, Eos, Word(" he"), Word(" he"), Word("llo")]), Vocabulary(dummyPrefix: true));
        AssertSpans(spans, (0, 0), (0, 0), (0, 2), (2, 5), (5, 8));
        Assert.That(spans.Text, Is.EqualTo("he hello"u8.ToArray()));
        Assert.That((spans.FirstText, spans.StartsWithBos), Is.EqualTo((2, true)));
    }

    [Test]
    public void ADummyPrefixAloneHasZeroWidth()
    {
        AssertSpans(DocumentSpans.Of(Document([Word(" "), Word(" "), Word("x")]), Vocabulary(dummyPrefix: true)), (0, 0), (0, 1), (1, 2));
        AssertSpans(DocumentSpans.Of(Document([Word("x"), Word(" ")]), Vocabulary(dummyPrefix: true)), (0, 1), (1, 2));
    }

    [Test]
    public void SpecialsHaveZeroWidthWhereverTheyStand()
    {
        DocumentSpans spans = DocumentSpans.Of(Document([Word("x"), Bos, Unk, Word("x"), Eos]), Vocabulary(dummyPrefix: false));
        AssertSpans(spans, (0, 1), (1, 1), (1, 1), (1, 2), (2, 2));
        Assert.That(spans.StartsWithBos, Is.False);
        DocumentSpans onlySpecials = DocumentSpans.Of(Document([Bos, Eos]), Vocabulary(dummyPrefix: true));
        Assert.That((onlySpecials.FirstText, onlySpecials.TextLength), Is.EqualTo((2, 0)));
    }

    [Test]
    public void TheEncodersSpansWin()
    {
        DocumentSpans spans = DocumentSpans.Of(Document([Bos, Word(" he"), Unk, Word("x")], (0, 0), (0, 2), (2, 9), (10, 11)), Vocabulary(dummyPrefix: true));
        AssertSpans(spans, (0, 0), (0, 2), (2, 9), (10, 11));
        Assert.That((spans.Text, spans.FirstText, spans.TextLength), Is.EqualTo(((byte[]?)null, 1, 11)));
    }

    [Test]
    public void TextBegunByAnUnknownTokenHasBegun()
    {
        DocumentSpans spans = DocumentSpans.Of(Document([Bos, Unk, Word(" he")], (0, 0), (0, 4), (4, 7)), Vocabulary(dummyPrefix: true));
        Assert.That(spans.FirstText, Is.EqualTo(1));
    }

    [Test]
    public void SpansMustBeOnePerTokenAndAscend()
    {
        TokenVocabulary vocabulary = Vocabulary(dummyPrefix: false);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => DocumentSpans.Of(Document([Word("x")], (0, 1), (1, 2)), vocabulary), Refuses("document d", "2 byte offsets for 1"));
            Assert.That(() => DocumentSpans.Of(Document([Word("x"), Word("x")], (0, 2), (1, 3)), vocabulary), Refuses("row 1", "[1, 3]"));
            Assert.That(() => DocumentSpans.Of(Document([Word("x"), Word("x")], (0, 2), (3, 2)), vocabulary), Refuses("row 1", "[3, 2]"));
            Assert.That(() => DocumentSpans.Of(Document([Word("x")], (-1, 0)), vocabulary), Refuses("row 0", "[-1, 0]"));
        }
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refuses(string word, string other) =>
        Throws.TypeOf<AlignmentDataException>().With.Message.Contains(word).And.Message.Contains(other);

    private static void AssertSpans(DocumentSpans spans, params (int, int)[] expected) =>
        Assert.That(Enumerable.Range(0, spans.Length).Select(t => spans[t]), Is.EqualTo(expected));

    private static int Word(string text) => FirstWord + Array.IndexOf(Words, text);

    private static TokenizedDocument Document(int[] ids, params (int, int)[] spans) => new()
    {
        Id = "d",
        Ids = ids,
        Candidates = new TopKLogits(new int[ids.Length], new double[ids.Length], 1),
        Spans = spans.Length == 0 ? null : spans,
    };

    private static TokenVocabulary Vocabulary(bool dummyPrefix)
    {
        string[] strings = ["<s>", "</s>", "<unk>", .. Words];
        TokenRoles[] roles = [TokenRoles.Special | TokenRoles.Bos, TokenRoles.Special | TokenRoles.Eos, TokenRoles.Special | TokenRoles.Unk, .. new TokenRoles[Words.Length]];
        byte[][] texts = [.. strings.Select((s, id) => id < FirstWord ? [] : System.Text.Encoding.UTF8.GetBytes(s))];
        return new TokenVocabulary("v", "▁", false, dummyPrefix, strings, texts, roles);
    }
}
