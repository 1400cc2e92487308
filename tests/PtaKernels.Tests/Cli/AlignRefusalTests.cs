using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Cli;

/// <summary>SPEC A5 through <c>pta align</c>: every kind of bad input is one sentence that says where and what to do, and leaves no file.</summary>
[TestFixture]
public sealed class AlignRefusalTests
{
    private const string Second = "t.jsonl, line 2: document d1: ", Again = "run the model again for this document.";

    /// <summary>Name, how the second document is spoilt, what the sentence holds.</summary>
    private static readonly (string Name, Action<AlignFiles> Spoil, string[] Says)[] Documents =
    [
        ("target id without token", f => f.Target(1).Ids[1] = SmallModel.Target.Hole, [Second, "row 1: target id 12 has no token in taker", "use the tokenizer that made the ids"]),
        ("source id without token", f => f.Source(1).Ids[0] = 99, [Second, "row 0: source id 99 has no token in giver-a", "use the tokenizer that made the ids"]),
        ("target candidate without token", f => f.Target(1).Candidates[2][3] = 12, [Second, "row 2, column 3: target candidate id 12", "leave padded model rows out"]),
        ("source candidate without token", f => f.Source(1).Candidates[0][1] = -1, [Second, "row 0, column 1: source candidate id -1", "leave padded model rows out"]),
        ("NaN", f => f.Source(1).Logits[1][2] = double.NaN, [Second, "row 1, column 2: source logit is NaN", Again]),
        ("plus infinity", f => f.Target(1).Logits[0][0] = double.PositiveInfinity, [Second, "row 0, column 0: target logit is +Infinity", Again]),
        ("a row of minus infinity", f => Array.Fill(f.Target(1).Logits[2], double.NegativeInfinity), [Second, "row 2: every target logit is -Infinity", Again]),
        ("empty target", f => Empty(f.Target(1)), [Second, "the target has no tokens", "remove empty documents"]),
        ("empty source", f => Empty(f.Source(1)), [Second, "the source has no tokens", "remove empty documents"]),
        ("other text", f => Retell(f, "abcdabcd abcd ddcc aa bb", "ccccdaaabaddddbbbbcacacbb"), [Second, "5 % of the longer", "the same documents in the same order"]),
        ("truncated source", f => Retell(f, new string('a', 40) + new string('b', 40), new string('a', 40)), [Second, "the source's text stops after 40 of 80 bytes", "cut the document so that every tokenizer keeps all of it"]),
        ("truncated target", f => Retell(f, new string('a', 70), new string('a', 70) + "bcdbc bcd"), [Second, "the target's text stops after 70 of 79 bytes", "cut the document"]),
        ("little truncated", f => Retell(f, new string('a', 195) + "bcdbc", new string('a', 195)), [Second, "the source's text stops after 195 of 200 bytes"]),
        ("no log-sum-exp", f => f.Source(1).LogSumExp = null, [Second, "the source has no log-sum-exp", "use --mass renormalised"]),
        ("log-sum-exp not finite", f => f.Source(1).LogSumExp![1] = double.NaN, [Second, "row 1: the source's log-sum-exp is not finite", Again]),
        ("offsets that fall", f => f.Target(1).Spans = [.. f.Target(1).Ids.Select(_ => (3, 1))], [Second, "row 0: taker byte offset [3, 1]", "offsets must ascend"]),
        ("other document", f => f.Source(1).Id = "x", ["s0.jsonl, line 2: document x", "t.jsonl has d1", "give the same documents in the same order"]),
        ("ragged rows", f => f.Source(1).Logits[1] = [1], ["s0.jsonl, line 2: per_step_logits row 1 has 1 values", "every row needs the same k"]),
        ("fewer rows than ids", f => f.Target(1).Candidates = f.Target(1).Candidates[1..], ["t.jsonl, line 2: per_step_indices has", "rows for"]),
    ];

    public static IEnumerable<string> Names => Documents.Select(d => d.Name);

    [TestCaseSource(nameof(Names))]
    public void ABadDocument(string name)
    {
        (_, Action<AlignFiles> spoil, string[] says) = Documents.Single(d => d.Name == name);
        using var files = new AlignFiles(seed: 3);
        spoil(files);
        AssertRefused(files, files.Arguments("--preset", "fusion"), says);

        // The same document with the same reason in quarantine, and the others aligned.
        PtaRun run = Pta.Run(files.Command("--preset", "fusion", "--on-error", "quarantine", "--json"));
        Assert.That(run.Exit, Is.Zero, run.Errors);
        Assert.That(run.Json.GetProperty("documents").GetInt32(), Is.EqualTo(2));
        Assert.That(run.Json.GetProperty("quarantined").GetInt32(), Is.EqualTo(1));
        Assert.That(run.Errors, Does.Contain("notice: 1 documents are in ").And.Contain(".quarantine.jsonl"));
        string reason = System.Text.Json.JsonDocument.Parse(File.ReadAllText(files.Output + ".quarantine.jsonl")).RootElement.GetProperty("reason").GetString()!;
        foreach (string part in says)
            Assert.That(reason, Does.Contain(part));
    }

    [Test]
    public void ACutOffGzip()
    {
        using var files = new AlignFiles(documents: 40);
        files.Arguments();
        string zipped = files.Folder.Write("s.jsonl.gz", File.ReadLines(files.Documents.SourcePath(0)));
        File.WriteAllBytes(zipped, File.ReadAllBytes(zipped)[..^20]);
        AssertRefused(files, Replace(files.Command("--preset", "fusion"), "--source", zipped), [zipped, "gzip", "line ", "make the file again"]);
    }

    [Test]
    public void ACorruptLine()
    {
        using var files = new AlignFiles();
        files.Arguments();
        string[] lines = File.ReadAllLines(files.Documents.TargetPath);
        lines[2] = lines[2][..50];
        File.WriteAllLines(files.Documents.TargetPath, lines);
        AssertRefused(files, files.Command("--preset", "fusion"), ["t.jsonl, line 3: not whole JSON", "make it again"]);
    }

    [Test]
    public void AFileThatIsShorter()
    {
        using var files = new AlignFiles();
        files.Arguments();
        File.WriteAllLines(files.Documents.SourcePath(0), File.ReadAllLines(files.Documents.SourcePath(0))[..2]);
        AssertRefused(files, files.Command("--preset", "fusion"), ["s0.jsonl: ends after 2 documents", "give the same documents in every file"]);
    }

    [TestCase("--target", "no such file")]
    [TestCase("--source", "no such file")]
    [TestCase("--target-vocab", "no such file", "expected a vocabulary: tokenizer.json")]
    [TestCase("--source-vocab", "no such file", "expected a vocabulary: tokenizer.json")]
    public void AMissingFile(string option, params string[] says)
    {
        using var files = new AlignFiles();
        string missing = files.Folder["missing.json"];
        AssertRefused(files, Replace(files.Arguments(), option, missing), [missing, .. says]);
    }

    [TestCase("[1]", "starts like none of the vocabulary formats; expected tokenizer.json")]
    [TestCase("{\"name\": \"x\"", "not valid JSON (line ")]
    [TestCase("{\"name\": \"x\", \"class\": \"LlamaTokenizer\", \"special\": \"▁\", \"tokens\": []}", "missing or empty")]
    [TestCase("{\"name\": \"x\", \"class\": \"Bert\", \"special\": \"▁\", \"tokens\": [\"a\"]}", "use LlamaTokenizer or GPTNeoXTokenizerFast")]
    [TestCase("{\"name\": \"x\", \"class\": \"LlamaTokenizer\", \"special\": \"▁\", \"tokens\": [\"a\", \"a\"]}", "has the ids 0 and 1")]
    public void ADamagedVocabulary(string json, string says)
    {
        using var files = new AlignFiles();
        string path = files.Folder.Write("bad.json", json);
        AssertRefused(files, Replace(files.Arguments(), "--source-vocab", path), [path, says]);
    }

    [Test]
    public void TheVocabularyOfAnotherModel()
    {
        using var files = new AlignFiles();
        string path = files.Folder.Write("other.json", """{"name": "other", "class": "LlamaTokenizer", "special": "▁", "tokens": ["a", "b", "c"]}""");
        AssertRefused(files, Replace(files.Arguments(), "--source-vocab", path), ["t.jsonl, line 1: document d0: row ", "source id ", "has no token in other (3 ids)", "use the tokenizer that made the ids"]);
    }

    [Test]
    public void ADamagedMap()
    {
        using var files = new AlignFiles();
        string path = files.Folder.Write("map.json", "[1]");
        AssertRefused(files, files.Arguments("--preset", "reference", "--window", "4", "--map", path), [path, "expected a vocabulary map"]);
    }

    [Test]
    public void CountsThatDoNotMatch()
    {
        using var files = new AlignFiles(sources: 2);
        string[] all = files.Arguments();
        AssertRefused(files, all[..^2], ["2 --source files but 1 --source-vocab files", "give one vocabulary per source, in the same order"]);
        AssertRefused(files, [.. all, "--map", files.Folder["t.vocab.json"]], ["2 --source files but 1 --map files", "give one map per source, in the same order, or none"]);
    }

    [TestCase("--pairing 'dtw' is unknown; use dtw-strings | dtw-texts | byte-offsets.", "--pairing", "dtw")]
    [TestCase("--fill 'yes' is unknown; use on | off.", "--fill", "yes")]
    [TestCase("--window '65' must be a whole number 0..64.", "--window", "65")]
    [TestCase("--epsilon 'small' must be a number, or 1/N.", "--epsilon", "small")]
    [TestCase("--epsilon is 0; it must be a number over 0.", "--epsilon", "0")]
    [TestCase("preset 'best' is unknown; use reference, paper, fusion.", "--preset", "best")]
    [TestCase("use --mass renormalised.", "--preset", "paper", "--mass", "tail")]
    [TestCase("use --columns target-topk.", "--preset", "paper", "--columns", "union")]
    [TestCase("use --sources independent --fusion-function min-ce.", "--preset", "paper", "--transport", "semi-relaxed")]
    [TestCase("use --output probabilities.", "--preset", "reference", "--fusion-function", "min-ce")]
    [TestCase("backend 'abacus' is unknown; use ilgpu-cuda, native, reference, ilgpu-cpu or auto", "--backend", "abacus")]
    [TestCase("--limit is -1; it must be a number of documents, or 0 for all.", "--limit", "-1")]
    public void AValueThatIsRefused(string says, params string[] options)
    {
        using var files = new AlignFiles();
        AssertRefused(files, files.Arguments(options), [says]);
    }

    [TestCase("1,1")]
    [TestCase("1")]
    [TestCase("1,2,2")]
    [TestCase("0,1")]
    [TestCase("2;1")]
    public void ASourceOrderThatIsNone(string order)
    {
        using var files = new AlignFiles(sources: 2);
        AssertRefused(files, files.Arguments("--source-order", order), [$"--source-order '{order}' must list each source once by its number 1..2, best first."]);
    }

    [Test]
    public void AnOutputThatExistsOrCannotBe()
    {
        using var files = new AlignFiles();
        string[] arguments = files.Arguments("--preset", "fusion");
        File.WriteAllText(files.Output, "old");
        PtaRun run = Pta.Run(arguments);
        Assert.That((run.Exit, run.Errors), Is.EqualTo((1, $"pta: {files.Output}: exists already; name another file or add --force.{Environment.NewLine}")));
        Assert.That(File.ReadAllText(files.Output), Is.EqualTo("old"));
        Assert.That(Pta.Run([.. arguments, "--force"]).Exit, Is.Zero);
        Assert.That(File.ReadAllText(files.Output), Is.Not.EqualTo("old"));
        File.Delete(files.Output);
        AssertRefused(files, Replace(arguments, "--out", files.Folder["none/out.jsonl"]), ["none/out.jsonl: its folder does not exist; make it first."]);
        AssertRefused(files, [.. arguments, "--report", files.Folder["none/report.json"]], ["none/report.json: its folder does not exist; make it first."]);
    }

    [Test]
    public void WithoutCrossEntropiesTheChoiceIsRefusedAfterOneNotice()
    {
        using var files = new AlignFiles(sources: 2);
        foreach (DraftDocument view in files.Documents.Sources.SelectMany(d => d))
            (view.LabelCrossEntropy, view.MeanCrossEntropy) = (null, null);
        PtaRun run = Pta.Run(files.Arguments("--preset", "fusion"));
        string[] lines = run.Errors.TrimEnd().Split(Environment.NewLine);
        Assert.That((run.Exit, lines.Length), Is.EqualTo((1, 2)));
        Assert.That(lines[0], Does.StartWith("notice: ").And.Contain("in the order given"));
        Assert.That(lines[1], Does.StartWith("pta: ").And.Contain("t.jsonl, line 1: document d0: giver-a has no label cross-entropy").And.Contain("store it"));
        Assert.That(files.Left, Is.Empty);
    }

    private static void AssertRefused(AlignFiles files, string[] arguments, string[] says)
    {
        PtaRun run = Pta.Run(arguments);
        Assert.That(run.Exit, Is.EqualTo(1), run.Errors);
        Assert.That(run.Errors.TrimEnd().Split(Environment.NewLine), Has.Length.EqualTo(1), run.Errors);
        Assert.That(run.Errors.TrimEnd(), Does.StartWith("pta: ").And.EndsWith("."));
        foreach (string part in says)
            Assert.That(run.Errors, Does.Contain(part));
        Assert.That(run.Output, Is.Empty);
        Assert.That(files.Left, Is.Empty, "nothing under the final name, nothing half done");
    }

    /// <summary>Gives the first use of an option another value.</summary>
    private static string[] Replace(string[] arguments, string option, string value)
    {
        string[] replaced = [.. arguments];
        replaced[Array.IndexOf(arguments, option) + 1] = value;
        return replaced;
    }

    private static void Empty(DraftDocument draft) =>
        (draft.Ids, draft.Candidates, draft.Logits, draft.LogSumExp, draft.LabelCrossEntropy) = ([], [], [], [], []);

    /// <summary>Gives the second document these texts.</summary>
    private static void Retell(AlignFiles files, string target, string source)
    {
        Random random = new(5);
        files.Documents.Target[1] = SmallModel.Target.Draw(random, "d1", target);
        files.Documents.Sources[1][0] = SmallModel.Sources[0].Draw(random, "d1", source);
    }
}
