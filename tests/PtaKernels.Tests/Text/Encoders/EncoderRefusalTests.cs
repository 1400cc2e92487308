using System.Text;
using PtaKernels.Tests.Cli;
using PtaKernels.Text;

namespace PtaKernels.Tests.Text.Encoders;

/// <summary>What cannot encode says so by name, and what projection byte makes of it.</summary>
public sealed class EncoderRefusalTests
{
    private const string Model = """ "model": {"type": "BPE", "unk_token": "<unk>", "vocab": {"<unk>": 0, "▁": 1, "a": 2, "▁a": 3}, "merges": ["▁ a"]} """;

    [TestCase("\"normalizer\": {\"type\": \"Lowercase\"}, \"pre_tokenizer\": {\"type\": \"Metaspace\"}", "Lowercase")]
    [TestCase("\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AA==\"}, \"pre_tokenizer\": {\"type\": \"Metaspace\"}", "Precompiled")]
    [TestCase("\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Metaspace\"}, {\"type\": \"Digits\"}]}", "Digits")]
    [TestCase("\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", \"pattern\": {\"Regex\": \"x+\"}, \"behavior\": \"Isolated\"}, {\"type\": \"ByteLevel\", \"use_regex\": false, \"add_prefix_space\": false}]}", "x+")]
    [TestCase("\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false}", "has no token for byte 0x00")]
    [TestCase("\"pre_tokenizer\": {\"type\": \"Metaspace\"}, \"added_tokens\": [{\"id\": 4, \"content\": \"[x]\", \"special\": false}]", "[x]")]
    public void StepsThatAreNotKnown(string steps, string says)
    {
        using var folder = new VocabularyFolder();
        string path = folder.Write("tokenizer.json", $"{{{steps}, {Model}}}");
        Assert.That(() => TextEncoder.Load(path), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith(path).And.Message.Contains(says));
    }

    [Test]
    public void OwnJsonHoldsNoEncoder() =>
        Assert.That(
            () => TextEncoder.Load(Repository.PathOf("samples", "vocab", "spA.json.gz")),
            Throws.TypeOf<AlignmentDataException>().With.Message.Contains("holds tokens, not how text is cut into them; expected the tokenizer itself"));

    [Test]
    public void RanksOfAnUnknownEncodingNeedTheirPattern()
    {
        using var folder = new VocabularyFolder();
        string ranks = string.Concat(Enumerable.Range(0, 256).Select(static b => $"{Convert.ToBase64String([(byte)b])} {b}\n"));
        string path = folder.Write("own.tiktoken", ranks);
        folder.Write("own.special.json", "{}");
        Assert.That(() => TextEncoder.Load(path), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("expected pat_str"));
        folder.Write("own.special.json", """{"pat_str": "\\w+"}""");
        Assert.That(() => TextEncoder.Load(path), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("pat_str is \"\\w+\", which is not supported"));
        folder.Write("own.special.json", """{"pat_str": "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"}""");
        TextEncoder encoder = TextEncoder.Load(path);
        Assert.That(encoder.Encode("aé"u8).Spans, Is.EqualTo(new[] { (0, 1), (1, 2), (2, 3) }));
        Assert.That(encoder.Decode(encoder.Encode("aé"u8).Ids), Is.EqualTo("aé"u8.ToArray()));
        Assert.That(Encoding.UTF8.GetString(encoder.Decode(encoder.Encode([0xFF]).Ids)), Is.EqualTo("\uFFFD"));
    }

    [Test]
    public void ProjectionByteLoadsTheTargetsEncoder()
    {
        using var scratch = new ScratchFolder();
        string[] arguments =
        [
            "align", "--preset", "fusion", "--mass", "renormalised", "--projection", "byte", "--limit", "2", "--target", Pta.Samples("spA.jsonl.gz"), "--source", Pta.Samples("gpt2.jsonl.gz"),
            "--source-vocab", Pta.Samples("vocab/gpt2.json.gz"), "--out", scratch["out.jsonl"], "--json",
        ];
        PtaRun tokens = Pta.Run([.. arguments, "--target-vocab", Pta.Samples("vocab/spA.json.gz")]);
        Assert.That(tokens.Exit, Is.Zero, tokens.Errors);
        Assert.That(tokens.Errors, Does.Contain("notice: ").And.Contain("holds tokens, not how text is cut into them"));
        PtaRun run = Pta.Run([.. arguments, "--force", "--target-vocab", GoldenEncoders.Model("spA")]);
        Assert.That(run.Exit, Is.Zero, run.Errors);
        Assert.That(run.Errors, Does.Not.Contain("holds tokens"));
        Assert.That(run.Json.GetProperty("documents").GetInt32(), Is.EqualTo(2));
        Assert.That(Pta.Run("explain-mode", "projection").Output, Does.Contain("byte"));
    }

    [TestCase("spA", " the", "▁the")]
    [TestCase("spA", "the", "the")]
    [TestCase("spB", " the", "▁the")]
    [TestCase("spB", " ", "▁")]
    [TestCase("gpt2", " the", "Ġthe")]
    public void TheFirstTokenOfTextFromInside(string tokenizer, string text, string expected)
    {
        using var folder = new VocabularyFolder();
        TextEncoder encoder = GoldenEncoders.Load(tokenizer, folder);
        Assert.That(encoder.Vocabulary.StringOf(encoder.FirstToken(Encoding.UTF8.GetBytes(text))!.Value), Is.EqualTo(expected));
        int broken = encoder.FirstToken([0x96, 0x81])!.Value;
        Assert.That(encoder.Vocabulary.Bytes[broken][0], Is.EqualTo(0x96));
        Assert.That(encoder.FirstToken([]), Is.Null);
    }
}
