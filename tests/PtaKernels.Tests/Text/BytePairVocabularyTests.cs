using System.Text;
using System.Text.Json.Nodes;
using PtaKernels.Text;
using static PtaKernels.Tests.Text.VocabularyAssert;

namespace PtaKernels.Tests.Text;

/// <summary><c>vocab.json</c> with <c>merges.txt</c>.</summary>
public sealed class BytePairVocabularyTests
{
    private const string Merges = "#version: 0.2\nĠ a\nÃ ©\n";

    [Test]
    public void TokensAndSpellings()
    {
        TokenVocabulary vocabulary = Read("""{"tokens": 1, "model": 0, "Ġa": 2, "Ã©": 4, "<|endoftext|>": 5, "<|im_start|>": 6, "<pad>": 7, "<mask>": 8}""");
        Holds(vocabulary, ("model", "model", 0), ("tokens", "tokens", 0), ("Ġa", " a", 0), (null, "", 0), ("Ã©", "é", 0),
            ("<|endoftext|>", "", Eos), ("<|im_start|>", "", Special), ("<pad>", "", Pad), ("<mask>", "<mask>", 0));
        Assert.That((vocabulary.Marker, vocabulary.IsByteLevel, vocabulary.AddsDummyPrefix), Is.EqualTo(("Ġ", true, false)));
    }

    [Test]
    public void FilesBeside()
    {
        TokenVocabulary vocabulary = Read(
            """{"a": 0, "<s>": 1, "<mask>": 2}""",
            ("added_tokens.json", """{"é\n": 4, "<|end|>": 3}"""),
            ("special_tokens_map.json", """{"eos_token": "<s>", "mask_token": {"content": "<mask>"}, "additional_special_tokens": ["<|end|>"]}"""),
            ("tokenizer_config.json", """{"add_prefix_space": true, "bos_token": "<|end|>"}"""));
        Holds(vocabulary, ("a", "a", 0), ("<s>", "", Eos), ("<mask>", "", Special), ("<|end|>", "", Bos), ("é\n", "é\n", 0));
        Assert.That(vocabulary.AddsDummyPrefix, Is.True);
    }

    [Test]
    public void AddedTokensAreLiteralAlsoInsideTheVocabulary() =>
        Holds(
            Read("""{"a": 0, "Ġ": 1, "日": 2, "本": 3}""", ("added_tokens.json", """{"Ġ": 1, "日": 2}""")),
            ("a", "a", 0), ("Ġ", "Ġ", 0), ("日", "日", 0), ("本", "", Special));

    [TestCase("Ġ a\nb\n", "merges.txt: line 2 is \"b\"")]
    [TestCase("#version: 0.2\na b c\n", "merges.txt: line 2")]
    [TestCase("a \n", "merges.txt: line 1")]
    [TestCase(" a\n", "merges.txt: line 1")]
    [TestCase("a b\n#version\n", "merges.txt: line 2")]
    public void MergesHaveTwoTokensEach(string merges, string part)
    {
        using var folder = new VocabularyFolder();
        folder.Write("merges.txt", merges);
        Refuses(() => VocabularyFile.Read(folder.Write("vocab.json", """{"a": 0}""")), part, "expected two tokens");
    }

    [Test]
    public void MergesAreBeside()
    {
        using var folder = new VocabularyFolder();
        string path = folder.Write("mine-vocab.json", """{"a": 0}""");
        Refuses(() => VocabularyFile.Read(path), "mine-vocab.json", "mine-merges.txt is not beside it");
        folder.Write("mine-merges.txt", "a b\r\nb c");
        Holds(VocabularyFile.Read(path), ("a", "a", 0));
        Refuses(() => VocabularyFile.Read(folder.Write("merges.txt", Merges)), "merges.txt", "vocab.json");
    }

    [TestCase("""{"a": 0, "a": 1}""", "\"a\" has the ids 0 and 1")]
    [TestCase("""{"a": 0, "b": 0}""", "id 0 belongs to \"a\" and to \"b\"")]
    [TestCase("""{"a": 0, "b": -3}""", "\"b\" has id -3")]
    [TestCase("""{"a": 0, "b": 4000000000}""", "\"b\" has id 4000000000")]
    [TestCase("""{"a": 0, "b": "c"}""", "b is a string; expected a whole number")]
    [TestCase("""{"a": 0, "b": 70000}""", "2 tokens reach up to id 70000")]
    [TestCase("""{"▁a": 0, "▁b": 1}""", "2 tokens such as \"▁a\" are not byte-level")]
    [TestCase("""{"a": "b"}""", "JSON without tokens")]
    [TestCase("{}", "JSON without tokens")]
    public void WrongFilesAreRefused(string vocab, params string[] parts) => Refuses(() => Read(vocab), ["vocab.json", .. parts]);

    [Test]
    public void AWholeVocabulary()
    {
        TokenVocabulary expected = VocabularyFile.Read(Repository.PathOf("samples", "vocab", "gpt2.json.gz"));
        var tokens = new JsonObject();
        for (int id = 0; id < expected.Count; id++)
            tokens[expected.StringOf(id)!] = id;
        using var folder = new VocabularyFolder();
        folder.Write("gpt2/merges.txt", Merges);
        folder.Write("gpt2/vocab.json", Encoding.UTF8.GetBytes(tokens.ToJsonString()));
        TokenVocabulary actual = VocabularyFile.Read(Path.Combine(folder.Path, "gpt2"));
        AreSame(actual, expected);
        Assert.That(actual.Name, Is.EqualTo("gpt2"));
    }

    private static TokenVocabulary Read(string vocab, params (string Name, string Text)[] beside)
    {
        using var folder = new VocabularyFolder();
        folder.Write("merges.txt", Merges);
        foreach ((string name, string text) in beside)
            folder.Write(name, text);
        return VocabularyFile.Read(folder.Write("vocab.json", vocab));
    }
}
