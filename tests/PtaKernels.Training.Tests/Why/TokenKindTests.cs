using System.Text;
using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Why;

/// <summary>What a token is, by its text and the one before.</summary>
public sealed class TokenKindTests
{
    [TestCase(" word", "", "word start")]
    [TestCase("word", "", "word start", Description = "the start of a text")]
    [TestCase("Net", "System.", "word start", Description = "behind a point")]
    [TestCase("ing", " read", "word continued")]
    [TestCase("é", "caf", "word continued")]
    [TestCase("2026", "", "digits")]
    [TestCase(" 42", "x", "digits")]
    [TestCase(".", "word", "punctuation")]
    [TestCase(" (", "word", "punctuation")]
    [TestCase("{", "word", "code symbol")]
    [TestCase("=>", " ", "code symbol")]
    [TestCase("();", "Run", "punctuation")]
    [TestCase("<T>", "List", "mixed")]
    [TestCase("x86", "", "mixed")]
    [TestCase("  \n", ".", "whitespace")]
    [TestCase("", "word", "no text")]
    public void AKindIsTheTextAndWhatStandsBefore(string text, string before, string kind) =>
        Assert.That(TokenKinds.NameOf(TokenKinds.Of(Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetBytes(before))), Is.EqualTo(kind));

    [Test]
    public void BytesOfACharacterAreNoText()
    {
        byte[] face = Encoding.UTF8.GetBytes("😀");
        Assert.That(TokenKinds.Of(face.AsSpan(0, 2), []), Is.EqualTo(TokenKind.CharacterPart));
        Assert.That(TokenKinds.Of("ab"u8, face.AsSpan(0, 2)), Is.EqualTo(TokenKind.WordStart), "half a character is no letter");
    }
}
