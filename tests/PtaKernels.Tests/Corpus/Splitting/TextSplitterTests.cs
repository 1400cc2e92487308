using System.Text;
using PtaKernels.Corpus;
using PtaKernels.Text;

namespace PtaKernels.Tests.Corpus.Splitting;

/// <summary>Splitting with real tokenizers: nothing lost, nothing too long, no character cut, ends where a reader would end.</summary>
public sealed class TextSplitterTests
{
    private static readonly TextEncoder[] Encoders = [.. new[] { "neox", "mpt", "target" }.Select(static n => TextEncoder.Load(Repository.PathOf($"samples/demo/{n}/tokenizer.model")))];

    private static readonly string[] Texts =
    [
        "A plain sentence about a string, its length and its characters. " + string.Concat(Enumerable.Repeat("It goes on and on\nwith lines,\n\nand  runs   of spaces.\t", 12)),
        string.Concat(Enumerable.Repeat("👩‍👩‍👧‍👦🏳️‍🌈😀", 25)),
        string.Concat(Enumerable.Repeat("今天天气很好我们去公园散步吧", 15)),
        string.Concat(Enumerable.Repeat("donaudampfschifffahrtsgesellschaft", 12)),
        string.Concat(Enumerable.Repeat("e\u0301ﬁ①㍿ｱｲｳ ", 20)),
        new string('\n', 90) + new string(' ', 90) + "\uFEFFend",
        "x",
    ];

    [Test]
    public void PiecesAreTheTextAndFitEveryTokenizer([Values(8, 11, 33, 64, 5000)] int length, [Range(0, 6)] int which)
    {
        byte[] text = Encoding.UTF8.GetBytes(Texts[which]);
        IReadOnlyList<TextPiece> pieces = new TextSplitter(Encoders, length).Split(text, "here");
        int at = 0;
        foreach (TextPiece piece in pieces)
        {
            Assert.That(piece.Start, Is.EqualTo(at));
            Assert.That(piece.End, Is.GreaterThan(at));
            string own = new UTF8Encoding(false, true).GetString(text, piece.Start, piece.End - piece.Start); // throws inside a character
            int[] tokens = [.. Encoders.Select(e => e.EncodeSequence(Encoding.UTF8.GetBytes(own), begin: true, end: true).Length)];
            Assert.That(tokens, Has.All.LessThanOrEqualTo(length));
            Assert.That(piece.Tokens, Is.EqualTo(Encoders.Select(e => e.Encode(Encoding.UTF8.GetBytes(own)).Length)));
            if (piece.End < text.Length)
                RequireEnd(own, text.AsSpan(piece.Start), tokens, length);
            at = piece.End;
        }

        Assert.That(at, Is.EqualTo(text.Length));
    }

    /// <summary>Between two letters only where the second half has no space or newline; and the piece was not far from full.</summary>
    private static void RequireEnd(string own, ReadOnlySpan<byte> rest, int[] tokens, int length)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(own);
        if (bytes[^1] is not ((byte)'\n' or (byte)' ' or (byte)'\t'))
        {
            Assert.That(bytes.AsSpan((bytes.Length + 1) / 2).ContainsAny((byte)'\n', (byte)' ', (byte)'\t'), Is.False, own);
            // Without a better end, one more character would have been too many, give or take a token of the border.
            int next = 1;
            while (bytes.Length + next < rest.Length && (rest[bytes.Length + next] & 0xC0) == 0x80)
                next++;
            string longer = Encoding.UTF8.GetString(rest[..(bytes.Length + next)]);
            Assert.That(Encoders.Max(e => e.EncodeSequence(Encoding.UTF8.GetBytes(longer), begin: true, end: true).Length), Is.GreaterThanOrEqualTo(length - 1), own);
        }
        else
        {
            Assert.That(tokens.Max(), Is.GreaterThanOrEqualTo((length / 4) - 2), own);
        }
    }

    // The tokenizer takes digits one by one, so that a byte is a token, and puts one before the text.
    [TestCase("1234567 9012\n4567 9012 4567 9012", 22, "1234567 9012\n", TestName = "a newline before a later space")]
    [TestCase("1234567 9012\n4567 9012 4567 9012", 12, "1234567 ", TestName = "a space")]
    [TestCase("1234567\t9012\n4567 9012 4567 9012", 12, "1234567\t", TestName = "a tab")]
    [TestCase("1 345678901234567890", 12, "1 3456789", TestName = "neither in the second half")]
    public void TheBestEndIsTaken(string text, int length, string expected)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        TextPiece first = new TextSplitter(Encoders[..1], length).Split(utf8, "here")[0];
        Assert.That(Encoding.UTF8.GetString(utf8, first.Start, first.End - first.Start), Is.EqualTo(expected));
    }

    [Test]
    public void EmptyTextHasNoPieceAndAShortOneIsWhole()
    {
        var splitter = new TextSplitter(Encoders, 64);
        Assert.That(splitter.Split([], "here"), Is.Empty);
        Assert.That(splitter.Split("short"u8, "here"), Has.Count.EqualTo(1));
    }

    [Test]
    public void ACharacterThatDoesNotFitIsNamed() =>
        Assert.That(() => new TextSplitter(Encoders, 4).Split("a 😀"u8, "here, line 3"), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("here, line 3").And.Message.Contains("'😀'").And.Message.Contains("--length"));

    [Test]
    public void LengthsWithoutRoomAreRefused()
    {
        Assert.That(() => new TextSplitter(Encoders, 2), Throws.ArgumentException.With.Message.Contains("--length 2"));
        Assert.That(() => new TextSplitter([], 20), Throws.ArgumentException.With.Message.Contains("--tokenizer"));
    }
}
