using System.Text;
using PtaKernels.Text;
using static PtaKernels.Tests.Text.VocabularyAssert;

namespace PtaKernels.Tests.Text;

public sealed class TiktokenRanksTests
{
    [TestCase("gpt2")]
    [TestCase("cl100k")]
    public void KnownEncodingsFromTheirRanks(string name)
    {
        TokenVocabulary expected = VocabularyFile.Read(Repository.PathOf("samples", "vocab", $"{name}.json.gz"));
        byte[] ranks = Ranks(Enumerable.Range(0, expected.Count).Where(id => expected.HasToken(id) && !expected.IsSpecial(id)).Select(id => (expected.Bytes[id].ToArray(), id)));
        using var folder = new VocabularyFolder();
        TokenVocabulary actual = VocabularyFile.Read(folder.Write($"{name}.tiktoken", ranks));
        AreSame(actual, expected);
        Assert.That(actual.Name, Is.EqualTo(name));
        AreSame(VocabularyFile.Read(folder.WriteGzip("other.bpe.gz", ranks)), expected);
        Refuses(() => VocabularyFile.Read(folder.Write("cut.tiktoken", ranks[..(ranks.Length / 2)])), "cut.tiktoken", "expected");
    }

    /// <summary>p50k is r50k and runs of 2 to 25 spaces behind the special token.</summary>
    [Test]
    public void RanksAroundTheSpecialToken()
    {
        TokenVocabulary gpt2 = VocabularyFile.Read(Repository.PathOf("samples", "vocab", "gpt2.json.gz"));
        IEnumerable<(byte[], int)> ranks = Enumerable.Range(0, 50256).Select(id => (gpt2.Bytes[id].ToArray(), id))
            .Concat(Enumerable.Range(2, 24).Select(n => (Enumerable.Repeat((byte)' ', n).ToArray(), 50255 + n)));
        using var folder = new VocabularyFolder();
        TokenVocabulary vocabulary = VocabularyFile.Read(folder.Write("p50k_base.tiktoken", Ranks(ranks)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(vocabulary.Count, Is.EqualTo(50281));
            Assert.That(vocabulary.RolesOf(50256), Is.EqualTo(Eos));
            Assert.That(vocabulary.StringOf(50257), Is.EqualTo("ĠĠ"));
            Assert.That(Enumerable.Range(0, 50281).All(vocabulary.HasToken), Is.True);
        }
    }

    [Test]
    public void OfficialStringsAreByteLevel() =>
        Holds(
            Read([([0x20, 0x61], 0), ([0x0A], 1), ([0xC3, 0xA9], 2), ([0x41], 4)], """{"<|end|>": 5}"""),
            ("Ġa", " a", 0), ("Ċ", "\n", 0), ("Ã©", "é", 0), (null, "", 0), ("A", "A", 0), ("<|end|>", "", Special));

    [Test]
    public void EveryByteHasItsString()
    {
        TokenVocabulary vocabulary = Read(Enumerable.Range(0, 256).Select(static b => (new[] { (byte)b }, b)), "{}");
        for (int b = 0; b < 256; b++)
        {
            Assert.That(vocabulary.Bytes[b].ToArray(), Is.EqualTo(new[] { (byte)b }));
            Assert.That(TokenText.FromByteLevel(vocabulary.StringOf(b)!), Is.EqualTo(new[] { (byte)b }));
        }

        Assert.That(vocabulary.Marker, Is.EqualTo(vocabulary.StringOf(0x20)));
    }

    [Test]
    public void RolesOfSpecialTokens()
    {
        (byte[], int)[] ranks = [("a"u8.ToArray(), 0)];
        Holds(Read(ranks, """{"<|endoftext|>": 1}"""), ("a", "a", 0), ("<|endoftext|>", "", Eos));
        Holds(Read(ranks, """{"<|endoftext|>": 1, "<|eot|>": 3, "eos_token": "<|eot|>", "bos_token": "<|endoftext|>"}"""),
            ("a", "a", 0), ("<|endoftext|>", "", Bos), (null, "", 0), ("<|eot|>", "", Eos));
        Refuses(() => Read(ranks, """{"<|eot|>": 3, "eos_token": "a"}"""), "small.special.json", "eos_token");
        Refuses(() => Read(ranks, """{"<|eot|>": 3, "sep": "<|eot|>"}"""), "small.special.json", "sep");
        Refuses(() => Read(ranks, """{"<|eot|>": 0}"""), "small.tiktoken", "id 0 belongs to \"a\" and to \"<|eot|>\"");
        Refuses(() => Read(ranks, """{"<|eot|>": -1}"""), "id -1");
        Refuses(() => Read(ranks, """{"<|eot|>": 1.5}"""), "is 1.5", "whole number");
        Refuses(() => Read(ranks, "[]"), "the whole is a list");
    }

    [TestCase("IQ== 0\nIg== 1\n", "2 ranks are no known encoding", "small.special.json")]
    [TestCase("IQ== 0\nIg==\n", "line 2", "base64")]
    [TestCase("IQ== 0\nIg= 1\n", "line 2")]
    [TestCase("IQ== 0\nI!== 1\n", "line 2")]
    [TestCase("IQ== 0\nIg== 1 2\n", "line 2")]
    [TestCase("IQ== 0\nIg== x\n", "line 2")]
    [TestCase("IQ== 0\n 1\n", "line 2")]
    [TestCase("IQ== 0\n\nIQ== 1\n", "line 3", "\"!\" has the ids 0 and 1")]
    [TestCase("IQ== 0\nIg== 0\n", "line 2", "id 0 belongs to")]
    [TestCase("IQ== -1\n", "line 1", "id -1")]
    [TestCase("IQ== 4000001\n", "line 1", "id 4000001", "0 to 4000000")]
    [TestCase("IQ== 99999999999999999999\n", "line 1")]
    [TestCase("Ig== 0\n\u0001\u0002\u0085", "line 2", "\\u0001")]
    public void WrongLinesAreNamed(string text, params string[] parts)
    {
        using var folder = new VocabularyFolder();
        Refuses(() => VocabularyFile.Read(folder.Write("small.tiktoken", text)), ["small.tiktoken", .. parts]);
    }

    [Test]
    public void IdsLieTogether()
    {
        (byte[], int)[] ranks = [([65], 0), ([66], 3_999_999)];
        Refuses(() => Read(ranks, "{}"), "2 tokens reach up to id 3999999");
    }

    [Test]
    public void LineEndsOfWindows()
    {
        using var folder = new VocabularyFolder();
        folder.Write("tokenizer.special.json", "{}");
        // Some models name their rank file tokenizer.model.
        Holds(VocabularyFile.Read(folder.Write("tokenizer.model", "IQ== 0\r\n\r\nIg== 1\r\n")), ("!", "!", 0), ("\"", "\"", 0));
    }

    private static TokenVocabulary Read(IEnumerable<(byte[] Token, int Rank)> ranks, string specials)
    {
        using var folder = new VocabularyFolder();
        folder.Write("small.special.json", specials);
        return VocabularyFile.Read(folder.Write("small.tiktoken", Ranks(ranks)));
    }

    private static byte[] Ranks(IEnumerable<(byte[] Token, int Rank)> ranks)
    {
        var text = new StringBuilder();
        foreach ((byte[] token, int rank) in ranks)
            text.Append(Convert.ToBase64String(token)).Append(' ').Append(rank).Append('\n');
        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
