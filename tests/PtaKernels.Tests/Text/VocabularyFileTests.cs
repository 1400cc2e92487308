using System.Text;
using PtaKernels.Text;
using static PtaKernels.Tests.Text.VocabularyAssert;

namespace PtaKernels.Tests.Text;

/// <summary>Which reader a path is given to, and our own JSON.</summary>
public sealed class VocabularyFileTests
{
    private const string Own = """{"name": "own", "class": "LlamaTokenizer", "special": "▁", "eos_id": 1, "tokens": ["<unk>", "x", null, "▁a", "<0x41>", null]}""";
    private const string Tokenizer = """{"decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": {"tokenizer": 0}, "merges": []}}""";

    private static byte[] Model => new ModelWriter().Piece("<unk>", 2).Piece("model").ToArray();

    /// <summary>The name of a file is for people; one that says something else does not matter.</summary>
    [Test]
    public void ContentDecides()
    {
        using var folder = new VocabularyFolder();
        folder.Write("ranks.special.json", "{}");
        string[] names = ["a.json", "a.model", "a.tiktoken", "a", "tokenizer.json.gz"];
        foreach (string name in names)
        {
            Assert.That(VocabularyFile.Read(folder.Write(name, Own)).Name, Is.EqualTo("own"), name);
            Assert.That(VocabularyFile.Read(folder.Write(name, Tokenizer)).StringOf(0), Is.EqualTo("tokenizer"), name);
            Assert.That(VocabularyFile.Read(folder.WriteGzip(name, Encoding.UTF8.GetBytes("\uFEFF \n" + Tokenizer))).StringOf(0), Is.EqualTo("tokenizer"), name);
        }

        foreach (string name in new[] { "a.model", "a.bin", "a.model.gz" })
            Assert.That(VocabularyFile.Read(folder.WriteGzip(name, Model)).StringOf(1), Is.EqualTo("model"), name);
        foreach (string name in new[] { "ranks.tiktoken", "ranks.model", "ranks.txt", "ranks.bpe.gz" })
        {
            folder.Write(name.Replace(".gz", "", StringComparison.Ordinal).Split('.')[0] + ".special.json", "{}");
            Assert.That(VocabularyFile.Read(folder.Write(name, "cmFua3M= 0\n")).StringOf(0), Is.EqualTo("ranks"), name);
        }
    }

    [Test]
    public void FoldersHoldOne()
    {
        using var folder = new VocabularyFolder();
        Refuses(() => VocabularyFile.Read(folder.Path), "holds no vocabulary");
        folder.Write("x.special.json", "{}");
        folder.Write("x.tiktoken", "cmFua3M= 0\n");
        Assert.That(VocabularyFile.Read(folder.Path).StringOf(0), Is.EqualTo("ranks"));
        folder.Write("spiece.model", Model);
        TokenVocabulary model = VocabularyFile.Read(folder.Path);
        Assert.That(model.StringOf(1), Is.EqualTo("model"));
        Assert.That(model.Name, Is.EqualTo(Path.GetFileName(folder.Path)), "spiece says nothing");
        folder.Write("other.model", Model);
        Refuses(() => VocabularyFile.Read(folder.Path), "2 files *.model", "name the one");
        folder.Write("vocab.json", """{"vocab": 0}""");
        folder.Write("merges.txt", "");
        Assert.That(VocabularyFile.Read(folder.Path).StringOf(0), Is.EqualTo("vocab"));
        folder.Write("tokenizer.json", Tokenizer);
        Assert.That(VocabularyFile.Read(folder.Path).StringOf(0), Is.EqualTo("tokenizer"));
    }

    [Test]
    public void OwnJson()
    {
        TokenVocabulary vocabulary = VocabularyFile.Parse("own.json", Encoding.UTF8.GetBytes(Own));
        Holds(vocabulary, ("<unk>", "", Unk), ("x", "", Eos), (null, "", 0), ("▁a", " a", 0), ("<0x41>", "A", 0), (null, "", 0));
        Assert.That((vocabulary.Name, vocabulary.Marker, vocabulary.IsByteLevel, vocabulary.AddsDummyPrefix), Is.EqualTo(("own", "▁", false, true)));
    }

    [TestCase("", "is empty")]
    [TestCase(" \r\n", "is empty")]
    [TestCase("hello", "starts like none of the vocabulary formats")]
    [TestCase("[1, 2]", "starts like none")]
    [TestCase("{", "not valid JSON (line 1)")]
    [TestCase("{\"a\": 1}\n{", "not valid JSON (line 2)")]
    [TestCase("""{"tokens": ["a"], "name": "n"}""", "name, special or tokens are missing")]
    [TestCase("""{"tokens": ["a"], "name": "n", "special": "_", "class": "B\nert"}""", "class 'B\\u000aert' is unknown")]
    [TestCase("""{"tokens": ["a", "a"], "name": "n", "special": "_", "class": "LlamaTokenizer"}""", "tokens[1]", "\"a\" has the ids 0 and 1")]
    [TestCase("""{"tokens": ["a", 5], "name": "n", "special": "_", "class": "LlamaTokenizer"}""", "tokens[1] is 5; expected a string")]
    [TestCase("""{"tokens": ["\udc00"], "name": "n", "special": "_", "class": "LlamaTokenizer"}""", "tokens[0] is a string; expected a string of whole characters")]
    [TestCase("""{"tokens": ["a"], "eos_id": 1, "name": "n", "special": "_", "class": "LlamaTokenizer"}""", "eos_id is 1; expected null or an id below 1")]
    [TestCase("""{"tokens": [], "name": "n", "special": "_", "class": "LlamaTokenizer"}""", "missing or empty")]
    [TestCase("""{"tokens": [null], "name": "n", "special": "_", "class": "LlamaTokenizer"}""", "holds no tokens")]
    [TestCase("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer")]
    public void WrongFilesAreRefused(string content, params string[] parts)
    {
        using var folder = new VocabularyFolder();
        Refuses(() => VocabularyFile.Read(folder.Write("v.json", content)), ["v.json", .. parts]);
    }

    [Test]
    public void MissingAndDamagedFilesAreRefused()
    {
        using var folder = new VocabularyFolder();
        Refuses(() => VocabularyFile.Read(Path.Combine(folder.Path, "none.json")), "none.json: no such file");
        Refuses(() => VocabularyFile.Read(Path.Combine(folder.Path, "none", "none.json")), "no such file");
        byte[] whole = File.ReadAllBytes(folder.WriteGzip("whole.json.gz", Encoding.UTF8.GetBytes(Own)));
        Refuses(() => VocabularyFile.Read(folder.Write("cut.json.gz", whole[..(whole.Length / 2)])), "cut.json.gz");
        whole[0] = 0x1F;
        whole[3] ^= 0xFF;
        Refuses(() => VocabularyFile.Read(folder.Write("flipped.json.gz", whole)), "flipped.json.gz");
        Refuses(() => VocabularyFile.Read(folder.WriteGzip("bomb.json.gz", new byte[VocabularyContent.MaxBytes + 1])), "bomb.json.gz", "larger than 128 MiB");
    }

    [TestCase("/m/llama/tokenizer.json", "llama")]
    [TestCase("/m/llama/tokenizer.model.gz", "llama")]
    [TestCase("/m/llama/spiece.model", "llama")]
    [TestCase("/m/t5.model", "t5")]
    [TestCase("/m/gpt2.tiktoken", "gpt2")]
    [TestCase("/tokenizer.json", "tokenizer")]
    [TestCase("/m/.json", "vocabulary")]
    public void NamesComeFromPaths(string path, string name) => Assert.That(VocabularyContent.NameOf(path), Is.EqualTo(name));
}
