using System.Text;
using System.Text.Json.Nodes;
using PtaKernels.Text;
using static PtaKernels.Tests.Text.VocabularyAssert;

namespace PtaKernels.Tests.Text;

/// <summary><c>tokenizer.json</c> in each of the structures that models come with, cut down to a few tokens.</summary>
public sealed class HuggingFaceTokenizerTests
{
    private const string ByteLevelSteps = """
        "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        """;

    private const string PrependAndReplace = """
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        "pre_tokenizer": null,
        "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        """;

    private const string LlamaModel = """
        "added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "<s>", "special": true}, {"id": 2, "content": "</s>", "special": true}],
        "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true,
          "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "<0x0A>": 3, "<0xff>": 4, "<0x0G>": 5, "▁": 6, "▁é": 7, "a▁b": 8}, "merges": ["▁ é"]}
        """;

    private static readonly (string?, string, TokenRoles)[] Llama =
        [("<unk>", "", Unk), ("<s>", "", Bos), ("</s>", "", Eos), ("<0x0A>", "\n", 0), ("<0xff>", "?", 0), ("<0x0G>", "<0x0G>", 0), ("▁", " ", 0), ("▁é", " é", 0), ("a▁b", "a b", 0)];

    [Test]
    public void ByteLevelPairs()
    {
        TokenVocabulary vocabulary = Read($$$"""
            {"version": "1.0", {{{ByteLevelSteps}}}
             "added_tokens": [{"id": 5, "content": "<|endoftext|>", "special": true}, {"id": 6, "content": "  ", "special": false}, {"id": 8, "content": "Ġé", "special": false}],
             "model": {"type": "BPE", "unk_token": null, "continuing_subword_prefix": "", "end_of_word_suffix": "",
               "vocab": {"Ġa": 0, "Ċ": 1, "Ã©": 2, "▁": 3, "ł": 4, "<|endoftext|>": 5}, "merges": [["Ġ", "a"]]}}
            """);
        Assert.That(vocabulary.Bytes[4].ToArray(), Is.EqualTo(new byte[] { 0xA0 }));
        HoldsBut(
            vocabulary, 4,
            // An added token is literal; a character outside the alphabet cannot come from bytes, so it is itself.
            ("Ġa", " a", 0), ("Ċ", "\n", 0), ("Ã©", "é", 0), ("▁", "▁", 0), ("ł", "?", 0), ("<|endoftext|>", "", Eos), ("  ", "  ", 0), (null, "", 0), ("Ġé", "Ġé", 0));
        Assert.That((vocabulary.Marker, vocabulary.IsByteLevel, vocabulary.AddsDummyPrefix), Is.EqualTo(("Ġ", true, false)));
    }

    [TestCase("""{"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "x"}}, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}""", "null", false)]
    [TestCase("""{"type": "Sequence", "pretokenizers": [{"type": "Sequence", "pretokenizers": [{"type": "ByteLevel", "add_prefix_space": true}]}]}""", "null", true)]
    [TestCase("null", """{"type": "ByteLevel", "add_prefix_space": true}""", false)]
    [TestCase("null", """{"type": "Sequence", "decoders": [{"type": "ByteLevel"}]}""", false)]
    public void ByteLevelWhereverItStands(string preTokenizer, string decoder, bool dummyPrefix)
    {
        TokenVocabulary vocabulary = Read($$$"""{"pre_tokenizer": {{{preTokenizer}}}, "decoder": {{{decoder}}}, "model": {"type": "BPE", "vocab": {"Ġx": 0}, "merges": []}}""");
        Holds(vocabulary, ("Ġx", " x", 0));
        Assert.That((vocabulary.IsByteLevel, vocabulary.AddsDummyPrefix), Is.EqualTo((true, dummyPrefix)));
    }

    [Test]
    public void MarkedPairsWithByteFallback()
    {
        TokenVocabulary vocabulary = Read($$"""{ {{PrependAndReplace}} {{LlamaModel}} }""");
        Assert.That(vocabulary.Bytes[4].ToArray(), Is.EqualTo(new byte[] { 0xFF }));
        HoldsBut(vocabulary, 4, Llama);
        Assert.That((vocabulary.Marker, vocabulary.IsByteLevel, vocabulary.AddsDummyPrefix), Is.EqualTo(("▁", false, true)));
    }

    [TestCase("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}""", true)]
    [TestCase("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}""", true)]
    [TestCase("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "add_prefix_space": true}""", false)]
    [TestCase("""{"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}""", true)]
    [TestCase("""{"type": "Metaspace", "str_rep": "▁", "add_prefix_space": false}""", false)]
    [TestCase("""{"type": "Metaspace", "replacement": "▁"}""", true)]
    [TestCase("""{"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}]}""", true)]
    public void MetaspaceDecidesTheDummyPrefix(string preTokenizer, bool dummyPrefix)
    {
        TokenVocabulary vocabulary = Read($$"""{"pre_tokenizer": {{preTokenizer}}, {{LlamaModel}} }""");
        HoldsBut(vocabulary, 4, Llama);
        Assert.That((vocabulary.Marker, vocabulary.AddsDummyPrefix), Is.EqualTo(("▁", dummyPrefix)));
    }

    [Test]
    public void AMarkerOfItsOwn()
    {
        TokenVocabulary vocabulary = Read("""
            {"pre_tokenizer": {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always"}, "decoder": {"type": "Metaspace", "replacement": "_"},
             "model": {"type": "BPE", "vocab": {"_a": 0, "▁a": 1, "<0x41>": 2}, "merges": []}}
            """);
        Holds(vocabulary, ("_a", " a", 0), ("▁a", "▁a", 0), ("<0x41>", "<0x41>", 0));
        Assert.That(vocabulary.Marker, Is.EqualTo("_"));
    }

    /// <summary>Spaces replaced, none put in front; runs of markers are listed as added, yet the model makes them from spaces.</summary>
    [Test]
    public void ReplacedSpacesWithoutDummyPrefix()
    {
        TokenVocabulary vocabulary = Read("""
            {"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious"},
             "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]},
             "added_tokens": [{"id": 0, "content": "<pad>", "special": true}, {"id": 1, "content": "<bos>", "special": true}, {"id": 2, "content": "<eos>", "special": true},
               {"id": 3, "content": "▁▁", "special": false}, {"id": 4, "content": "\n\n", "special": false}, {"id": 6, "content": "[▁]", "special": false}],
             "model": {"type": "BPE", "byte_fallback": true, "unk_token": null, "vocab": {"<pad>": 0, "<bos>": 1, "<eos>": 2, "▁▁": 3, "\n\n": 4, "<0xE2>": 5}, "merges": []}}
            """);
        HoldsBut(vocabulary, 5, ("<pad>", "", Pad), ("<bos>", "", Bos), ("<eos>", "", Eos), ("▁▁", "  ", 0), ("\n\n", "\n\n", 0), ("<0xE2>", "?", 0), ("[▁]", "[▁]", 0));
        Assert.That(vocabulary.AddsDummyPrefix, Is.False);
    }

    [TestCase(true, "\u001e")]
    [TestCase(false, "<0x1E>")]
    public void Unigram(bool byteFallback, string control)
    {
        using var folder = new VocabularyFolder();
        folder.Write("special_tokens_map.json", """{"eos_token": {"content": "</s>", "lstrip": false}, "unk_token": "<unk>", "pad_token": "<pad>", "additional_special_tokens": ["<extra_id_0>"]}""");
        TokenVocabulary vocabulary = VocabularyFile.Read(folder.Write("tokenizer.json", $$$"""
            {"normalizer": {"type": "Precompiled", "precompiled_charsmap": ""}, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true},
             "decoder": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}, "added_tokens": [{"id": 5, "content": "<extra_id_0>", "special": false}],
             "model": {"type": "Unigram", "unk_id": 2, "byte_fallback": {{{(byteFallback ? "true" : "false")}}}, "vocab": [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0], ["▁to", -3.5], ["<0x1E>", -9e0]]}}
            """));
        Holds(vocabulary, ("<pad>", "", Pad), ("</s>", "", Eos), ("<unk>", "", Unk), ("▁to", " to", 0), ("<0x1E>", control, 0), ("<extra_id_0>", "", Special));
        Assert.That((vocabulary.Marker, vocabulary.IsByteLevel, vocabulary.AddsDummyPrefix), Is.EqualTo(("▁", false, true)));
    }

    [Test]
    public void FilesFromBeforeModelsHadTypes()
    {
        Holds(Read($$$"""{ {{{ByteLevelSteps}}} "model": {"vocab": {"a": 0}, "merges": []}}"""), ("a", "a", 0));
        Holds(Read("""{"model": {"unk_id": null, "vocab": [["▁a", -1]]}}"""), ("▁a", " a", 0));
    }

    [Test]
    public void RolesFromTheFilesBeside()
    {
        string tokenizer = $$$"""
            { {{{ByteLevelSteps}}} "added_tokens": [{"id": 2, "content": "<|a|>", "special": true}, {"id": 3, "content": "<|b|>", "special": true}, {"id": 4, "content": "<|endoftext|>", "special": true}],
              "model": {"type": "BPE", "vocab": {"x": 0, "y": 1}, "merges": []}}
            """;
        Holds(Read(tokenizer), ("x", "x", 0), ("y", "y", 0), ("<|a|>", "", Special), ("<|b|>", "", Special), ("<|endoftext|>", "", Eos));

        // An older configuration is overruled by the map, a complete one is not; a role that is named leaves no room for spellings.
        const string Map = """{"bos_token": "<|a|>", "eos_token": "<|b|>", "pad_token": null}""", Config = """ "eos_token": {"content": "<|a|>"}, "pad_token": "<|b|>" """;
        Holds(Read(tokenizer, ("special_tokens_map.json", Map), ("tokenizer_config.json", $$"""{ {{Config}} }""")),
            ("x", "x", 0), ("y", "y", 0), ("<|a|>", "", Bos), ("<|b|>", "", Eos | Pad), ("<|endoftext|>", "", Special));
        Holds(Read(tokenizer, ("special_tokens_map.json", Map), ("tokenizer_config.json", $$$"""
            { {{{Config}}}, "added_tokens_decoder": {"2": {"content": "<|a|>", "special": true}, "6": {"content": "<c> ", "special": false}, "7": {"content": "<d>", "special": true}, "9": {"content": "y", "special": true} } }
            """)),
            ("x", "x", 0), ("y", "", Special), ("<|a|>", "", Bos | Eos), ("<|b|>", "", Pad), ("<|endoftext|>", "", Special), (null, "", 0), ("<c> ", "<c> ", 0), ("<d>", "", Special));

        Holds(Read(tokenizer, ("added_tokens.json", """{"<e>": 5}"""), ("tokenizer_config.json", """{"mask_token": "<e>", "sep_token": "nowhere"}""")),
            ("x", "x", 0), ("y", "y", 0), ("<|a|>", "", Special), ("<|b|>", "", Special), ("<|endoftext|>", "", Eos), ("<e>", "", Special));
    }

    /// <summary>GPT-2 names one token for everything; bytes leave nothing unknown.</summary>
    [Test]
    public void NothingIsUnknownToBytes() =>
        Holds(
            Read($$$"""{ {{{ByteLevelSteps}}} "model": {"type": "BPE", "unk_token": "<e>", "vocab": {"a": 0, "<e>": 1}, "merges": []}}""", ("special_tokens_map.json", """{"bos_token": "<e>", "eos_token": "<e>", "unk_token": "<e>"}""")),
            ("a", "a", 0), ("<e>", "", Bos | Eos));

    /// <summary>Fine-tuned models name all kinds of tokens unknown; what stands for unknown text is the model's.</summary>
    [Test]
    public void TheModelKnowsWhatIsUnknown() =>
        HoldsBut(
            Read($$"""{ {{PrependAndReplace}} {{LlamaModel}} }""", ("special_tokens_map.json", """{"bos_token": "<s>", "eos_token": "</s>", "unk_token": "</s>"}""")), 4, Llama);

    [TestCase("""{"model": {"type": "WordPiece", "vocab": {"a": 0}}}""", "WordPiece, which is not supported; expected BPE")]
    [TestCase("""{"model": {"type": "WordLevel", "vocab": {"a": 0}}}""", "WordLevel, which is not supported; expected BPE")]
    [TestCase("""{"model": {"vocab": {"a": 0}}}""", "of no known type")]
    [TestCase("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""", "neither byte-level nor marks spaces")]
    [TestCase("""{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": {"a</w>": 0}, "merges": []}}""", "model.end_of_word_suffix is \"</w>\"")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0}}}""", "model.merges is missing")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}""", "id 0 belongs to \"a\" and to \"b\"")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}}""", "\"a\" has the ids 0 and 1")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}""", "\"a\" has id -1")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a\n": 4000001}, "merges": []}}""", "\"a\\u000a\" has id 4000001")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 1e30}, "merges": []}}""", "model.vocab.a is 1e30; expected a whole number")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": "0"}, "merges": []}}""", "model.vocab.a is a string")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"\ud83d": 0}, "merges": []}}""", "half a character")]
    [TestCase("""{"model": {"ty\ud800pe": "BPE"}}""", "model has a name with half a character")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}""", "holds no tokens")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "merges": []}}""", "model is an object; expected a model with vocab")]
    [TestCase("""{"decoder": {"type": "Sequence"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""", "decoder is an object; expected a Sequence with decoders")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "added_tokens": [{"id": 0, "content": "b"}], "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""", "added_tokens[0]", "id 0 belongs to")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "added_tokens": [{"id": 1, "content": "a"}], "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""", "\"a\" has the ids 0 and 1")]
    [TestCase("""{"decoder": {"type": "ByteLevel"}, "added_tokens": [{"content": "b"}], "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""", "added_tokens[0] is an object", "id and content")]
    [TestCase("""{"model": {"type": "Unigram", "unk_id": 1, "vocab": [["a", 0]]}}""", "model.unk_id is 1; expected null or an id below 1")]
    [TestCase("""{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a"]]}}""", "model.vocab[0] is a list; expected [piece, score]")]
    [TestCase("""{"model": {"type": "Unigram", "vocab": [["a", "b"]]}}""", "model.vocab[0][1] is a string")]
    [TestCase("""{"model": {"type": "Unigram", "vocab": [["a", 0], ["a", 0]]}}""", "model.vocab[1]", "\"a\" has the ids 0 and 1")]
    [TestCase("""{"pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "often"}, "model": {"type": "Unigram", "vocab": [["a", 0]]}}""", "pre_tokenizer.prepend_scheme is \"often\"")]
    [TestCase("""{"model": {"type": "Unigram", "vocab": [["a", 0]]}""", "not valid JSON (line 1)")]
    public void WrongFilesAreRefused(string tokenizer, params string[] parts) => Refuses(() => Read(tokenizer), ["tokenizer.json", .. parts]);

    [TestCase("tokenizer_config.json", """{"eos_token": 5}""", "eos_token is 5; expected a token")]
    [TestCase("tokenizer_config.json", """{"added_tokens_decoder": {"x": {"content": "b"}}}""", "added_tokens_decoder.x is not named by an id")]
    [TestCase("tokenizer_config.json", """{"added_tokens_decoder": {"0": {"content": "b"}}}""", "id 0 belongs to \"a\" and to \"b\"")]
    [TestCase("special_tokens_map.json", """{"additional_special_tokens": "b"}""", "additional_special_tokens is a string; expected a list")]
    [TestCase("added_tokens.json", """{"b": 5000000}""", "\"b\" has id 5000000")]
    [TestCase("added_tokens.json", "{", "not valid JSON")]
    public void WrongFilesBesideAreNamed(string file, string text, string part) =>
        Refuses(() => Read("""{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""", (file, text)), file, part);

    /// <summary>A whole vocabulary in this form, ids in another order than the file's.</summary>
    [Test]
    public void AWholeVocabulary()
    {
        TokenVocabulary expected = VocabularyFile.Read(Repository.PathOf("samples", "vocab", "gpt2.json.gz"));
        using var folder = new VocabularyFolder();
        folder.WriteGzip("gpt2/tokenizer.json.gz", Encoding.UTF8.GetBytes(TokenizerOf(expected).ToJsonString()));
        TokenVocabulary actual = VocabularyFile.Read(Path.Combine(folder.Path, "gpt2"));
        AreSame(actual, expected);
        Assert.That(actual.Name, Is.EqualTo("gpt2"));
    }

    private static JsonObject TokenizerOf(TokenVocabulary vocabulary)
    {
        var tokens = new JsonObject();
        for (int id = vocabulary.Count - 1; id >= 0; id--)
            tokens[vocabulary.StringOf(id)!] = id;
        JsonNode tokenizer = JsonNode.Parse($$$"""{ {{{ByteLevelSteps}}} "added_tokens": [{"id": 50256, "content": "<|endoftext|>", "special": true}], "model": {"type": "BPE", "merges": ["Ġ t"]}}""")!;
        tokenizer["model"]!["vocab"] = tokens;
        return tokenizer.AsObject();
    }

    /// <summary>As <see cref="Holds"/>, but one token's bytes are no text.</summary>
    private static void HoldsBut(TokenVocabulary vocabulary, int id, params (string? Token, string Text, TokenRoles Roles)[] expected)
    {
        byte[][] texts = [.. Enumerable.Range(0, vocabulary.Count).Select(i => i == id ? "?"u8.ToArray() : vocabulary.Bytes[i].ToArray())];
        string?[] strings = [.. Enumerable.Range(0, vocabulary.Count).Select(vocabulary.StringOf)];
        TokenRoles[] roles = [.. Enumerable.Range(0, vocabulary.Count).Select(vocabulary.RolesOf)];
        Holds(new TokenVocabulary("copy", vocabulary.Marker, vocabulary.IsByteLevel, vocabulary.AddsDummyPrefix, strings, texts, roles), expected);
    }

    private static TokenVocabulary Read(string tokenizer, params (string Name, string Text)[] beside)
    {
        using var folder = new VocabularyFolder();
        foreach ((string name, string text) in beside)
            folder.Write(name, text);
        return VocabularyFile.Read(folder.Write("tokenizer.json", tokenizer));
    }
}
