using System.Text.Json;

namespace PtaKernels.Tests.Cli;

/// <summary><c>pta map</c> on vocabularies small enough to map by hand.</summary>
public sealed class MapTests
{
    private const string Source = """{"name": "s", "class": "GPTNeoXTokenizerFast", "special": "Ġ", "eos_id": 0, "tokens": ["<|end|>", "Ġcat", "▁cat", "cats", null, "Ċ", "<|pad|>"]}""";

    private const string Target = """{"name": "t", "class": "LlamaTokenizer", "special": "▁", "eos_id": 2, "tokens": ["<unk>", "<s>", "</s>", "<0x0A>", "▁cat", "cat", "hat"]}""";

    [Test]
    public void WritesOfficialStrings()
    {
        using var folder = new ScratchFolder();
        PtaRun run = Map(folder, "m.json");
        var map = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(folder["m.json"]))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Zero);
            Assert.That(map.Keys, Is.EqualTo(new[] { "<|end|>", "▁cat", "cats", "Ċ", "<|pad|>" }), "two tokens share the key ▁cat");
            Assert.That(map["▁cat"], Is.EqualTo("▁cat"));
            Assert.That(map["cats"], Is.EqualTo("cat"));
            Assert.That(map["Ċ"], Is.EqualTo("<s>"), "as strings every short token is as near, and the first one wins");
            Assert.That(run.Output, Does.Contain("33.3 % exact"));
        }
    }

    [Test]
    public void WritesTexts()
    {
        using var folder = new ScratchFolder();
        PtaRun run = Map(folder, "m.json.gz", "--rule", "texts", "--json");
        using var stream = new System.IO.Compression.GZipStream(File.OpenRead(folder["m.json.gz"]), System.IO.Compression.CompressionMode.Decompress);
        JsonElement map = JsonDocument.Parse(stream).RootElement;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(map.EnumerateArray().Select(static e => e.GetProperty("source_id").GetInt32()), Is.EqualTo(Enumerable.Range(0, 7)));
            Assert.That(map.EnumerateArray().Select(static e => e.GetProperty("target_id").ToString()), Is.EqualTo(new[] { "2", "4", "", "5", "", "3", "" }));
            Assert.That(run.Json.GetProperty("distances").GetProperty("1").GetInt32(), Is.GreaterThanOrEqualTo(1));
            Assert.That(run.Json.GetProperty("tokens").GetInt32(), Is.EqualTo(6));
        }
    }

    [Test]
    public void NeverReplacesUnasked()
    {
        using var folder = new ScratchFolder();
        folder.Write("m.json", "mine");
        PtaRun refused = Map(folder, "m.json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Exit, Is.EqualTo(1));
            Assert.That(refused.Errors, Does.Contain("exists already"));
            Assert.That(File.ReadAllText(folder["m.json"]), Is.EqualTo("mine"));
            Assert.That(Map(folder, "m.json", "--force").Exit, Is.Zero);
            Assert.That(File.ReadAllText(folder["m.json"]), Does.StartWith("{"));
        }
    }

    [TestCase("{", "not valid JSON")]
    [TestCase("""{"name": "s", "class": "Mine", "special": "_", "tokens": ["a"]}""", "class 'Mine' is unknown")]
    public void LeavesNothingHalfWritten(string vocabulary, string reason)
    {
        using var folder = new ScratchFolder();
        PtaRun run = Pta.Run("map", "--source-vocab", folder.Write("s.json", vocabulary), "--target-vocab", folder.Write("t.json", Target), "--out", folder["m.json"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.EqualTo(1));
            Assert.That(run.Errors, Does.StartWith("pta: ").And.Contain(reason));
            Assert.That(run.Errors.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1));
            Assert.That(Directory.GetFiles(folder.Path).Select(Path.GetFileName), Is.EquivalentTo(new[] { "s.json", "t.json" }));
        }
    }

    [Test]
    public void FolderMustExist()
    {
        using var folder = new ScratchFolder();
        Assert.That(Map(folder, "none/m.json").Errors, Does.Contain("folder does not exist"));
    }

    private static PtaRun Map(ScratchFolder folder, string output, params string[] more) => Pta.Run([
        "map", "--source-vocab", folder.Write("s.json", Source), "--target-vocab", folder.Write("t.json", Target), "--out", folder[output], .. more]);

    [Test]
    public void ACorpusChoosesBetweenEquallyNearTokens()
    {
        using var folder = new ScratchFolder();
        string output = Path.Combine(folder.Path, "map.json");
        PtaRun run = Pta.Run("map", "--source-vocab", Pta.Samples("vocab/spB.json.gz"), "--target-vocab", Pta.Samples("vocab/spA.json.gz"), "--out", output, "--json",
            "--corpus-source", Pta.Samples("spB.jsonl.gz"), "--corpus-target", Pta.Samples("spA.jsonl.gz"));
        Assert.That(run.Exit, Is.Zero, run.Errors);
        Assert.That(run.Json.GetProperty("refined").GetInt32(), Is.Positive);
    }

    [TestCase("belong together", "--corpus-source", "x.jsonl")]
    [TestCase("use --rule strings", "--corpus-source", "x.jsonl", "--corpus-target", "y.jsonl", "--rule", "texts")]
    public void ACorpusThatCannotBeUsedIsRefused(string sentence, params string[] options)
    {
        using var folder = new ScratchFolder();
        string output = Path.Combine(folder.Path, "map.json");
        PtaRun run = Pta.Run(["map", "--source-vocab", Pta.Samples("vocab/gpt2.json.gz"), "--target-vocab", Pta.Samples("vocab/spA.json.gz"), "--out", output, .. options]);
        Assert.That(run.Exit, Is.EqualTo(1));
        Assert.That(run.Errors, Does.StartWith("pta: ").And.Contains(sentence));
        Assert.That(File.Exists(output), Is.False);
    }
}
