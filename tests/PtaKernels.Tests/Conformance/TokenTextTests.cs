using System.Globalization;
using System.Text;
using PtaKernels.Tests.Oracles;
using PtaKernels.Text;

namespace PtaKernels.Tests.Conformance;

public sealed class TokenTextTests
{
    [Test]
    public void EveryCodePointIsOneSymbol()
    {
        for (int block = 0; block <= 0x10FF00; block += 0x100)
        {
            int[] expected = [.. Enumerable.Range(block, 0x100).Where(c => c is < 0xD800 or > 0xDFFF)];
            byte[] text = [.. expected.SelectMany(TextOracle.Encode)];
            AssertSymbols(text, expected);
        }
    }

    [Test]
    public void EverySequenceOfTwoBytes()
    {
        byte[] text = new byte[3];
        for (int first = 0; first < 256; first++)
        {
            for (int second = 0; second < 256; second++)
            {
                (text[0], text[1], text[2]) = ((byte)first, (byte)second, (byte)'z');
                AssertSymbols(text, TextOracle.Symbols(text));
            }
        }
    }

    [Test]
    public void MultiByteFormsWithEveryKindOfNeighbour()
    {
        // Both sides of every limit of well-formed UTF-8: continuation bytes, overlong forms, surrogates, the last code point.
        byte[] edges = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF];
        byte[] leads = [.. edges.Where(b => b >= 0xC0)];
        foreach (byte lead in leads)
        {
            foreach (byte second in edges)
            {
                foreach (byte third in edges)
                {
                    AssertSymbols([lead, second, third], TextOracle.Symbols([lead, second, third]));
                    foreach (byte fourth in edges)
                        AssertSymbols([lead, second, third, fourth], TextOracle.Symbols([lead, second, third, fourth]));
                }
            }
        }
    }

    [TestCase("C0AF", "DCC0 DCAF", Description = "overlong, two bytes")]
    [TestCase("E080AF", "DCE0 DC80 DCAF", Description = "overlong, three bytes")]
    [TestCase("F08080AF", "DCF0 DC80 DC80 DCAF", Description = "overlong, four bytes")]
    [TestCase("EDA080", "DCED DCA0 DC80", Description = "surrogate")]
    [TestCase("F4908080", "DCF4 DC90 DC80 DC80", Description = "beyond the last code point")]
    [TestCase("E282", "DCE2 DC82", Description = "cut off")]
    [TestCase("F09F98", "DCF0 DC9F DC98", Description = "cut off")]
    [TestCase("E28241", "DCE2 DC82 41", Description = "interrupted")]
    [TestCase("E2E282AC", "DCE2 20AC", Description = "interrupted by a whole character")]
    [TestCase("F09F9880", "1F600")]
    [TestCase("", "")]
    public void WrittenOut(string bytes, string symbols) =>
        AssertSymbols(Convert.FromHexString(bytes), [.. symbols.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => int.Parse(s, NumberStyles.HexNumber, CultureInfo.InvariantCulture))]);

    [Test]
    public void StringsAreCodePointsAndLoneSurrogatesStay()
    {
        TokenTape tape = TokenTape.FromStrings(["a\U0001F600é", "\uD83D", "\uDE00\uD83Dx", null, ""]);
        int[][] expected = [['a', 0x1F600, 0xE9], [0xD83D], [0xDE00, 0xD83D, 'x'], [], []];
        for (int t = 0; t < expected.Length; t++)
            Assert.That(tape[t].ToArray(), Is.EqualTo(expected[t]));
        Assert.That(Enumerable.Range(0, 5).Where(t => tape.RolesOf(t) == TokenRoles.Hole), Is.EqualTo(new[] { 3 }));
    }

    [Test]
    public void TheByteLevelAlphabetIsABijection()
    {
        var characters = new Dictionary<byte, char>();
        for (int c = 0; c <= char.MaxValue; c++)
        {
            if (TokenText.FromByteLevel(((char)c).ToString()) is { } text)
            {
                Assert.That(text, Has.Length.EqualTo(1));
                Assert.That(characters.TryAdd(text[0], (char)c), Is.True, $"byte {text[0]} has two characters");
            }
        }

        Assert.That(characters, Has.Count.EqualTo(256));
        // GPT-2's table: printable Latin-1 stands for itself, the rest counts up from U+0100 in byte order.
        char next = 'Ā';
        for (int b = 0; b < 256; b++)
        {
            bool itself = b is > 32 and < 127 or > 160 and not 173;
            Assert.That(characters[(byte)b], Is.EqualTo(itself ? (char)b : next++), $"byte {b}");
        }

        Assert.That(TokenText.FromByteLevel("ĠhÃ©Ċ"), Is.EqualTo(" hé\n"u8.ToArray()));
        Assert.That(TokenText.FromByteLevel("a▁"), Is.Null);
        Assert.That(TokenText.FromByteLevel("a b"), Is.Null);
        Assert.That(TokenText.FromByteLevel(""), Is.Empty);
    }

    [Test]
    public void ByteFallbackCoversEveryByte()
    {
        for (int b = 0; b < 256; b++)
            Assert.That(TokenText.FromSentencePiece($"<0x{b:X2}>"), Is.EqualTo(new[] { (byte)b }));
        string[] plain = ["<0x>", "<0x1>", "<0x1G>", "<0x111>", "0x41", "<0x41> ", "<0X41>", "<0x 1>", "<0x+1>"];
        foreach (string token in plain)
            Assert.That(TokenText.FromSentencePiece(token), Is.EqualTo(Encoding.ASCII.GetBytes(token)));
        Assert.That(TokenText.FromSentencePiece("▁▁é\U0001F600"), Is.EqualTo("  é\U0001F600"u8.ToArray()));
    }

    private static void AssertSymbols(byte[] text, int[] expected)
    {
        var builder = new TokenTapeBuilder();
        builder.AddBytes(text);
        ReadOnlySpan<int> actual = builder.ToTape()[0];
        if (!actual.SequenceEqual(expected))
            Assert.Fail($"{Convert.ToHexString(text)}: {string.Join(' ', actual.ToArray())} instead of {string.Join(' ', expected)}");
    }
}
