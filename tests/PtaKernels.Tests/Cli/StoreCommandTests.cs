using PtaKernels.Corpus.Stores;
using PtaKernels.Tests.Corpus.Stores;

namespace PtaKernels.Tests.Cli;

/// <summary><c>pta store</c> and <c>pta align</c> over stores, as typed.</summary>
public sealed class StoreCommandTests
{
    private AlignFiles _files = null!;

    [SetUp]
    public void MakeFiles()
    {
        _files = new AlignFiles(seed: 8, documents: 80);
        _files.Arguments(); // writes the documents
        Succeed("store", "import", _files.Documents.TargetPath, "--vocab", _files.Folder["t.vocab.json"], "--out", At("t"), "--value-kind", "raw-logit", "--shard-tokens", "200");
        Succeed("store", "import", _files.Documents.SourcePath(0), "--vocab", _files.Folder["s0.vocab.json"], "--out", At("s"), "--value-kind", "raw-logit", "--shard-tokens", "200");
    }

    [TearDown]
    public void RemoveFiles() => _files.Dispose();

    [Test]
    public void ADamagedStoreIsFoundAndRepaired([Values("shard-000001.arrow", "manifest.jsonl")] string file, [Values] bool missing)
    {
        Align("out");
        SortedDictionary<string, string> whole = StoreDocuments.BytesOf(At("out"));
        Assert.That(Succeed("store", "check", At("out"), "--documents").Output, Does.Contain("whole"));
        string path = Path.Combine(At("out"), file);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[20] ^= 4; // of a manifest: in its first line, which names the command
        File.WriteAllBytes(path, bytes);
        if (missing)
            File.Delete(path);
        PtaRun check = Pta.Run("store", "check", At("out"));
        Assert.That(check.Exit, Is.EqualTo(1));
        Assert.That(check.Errors, Does.Contain(file));
        PtaRun repair = Succeed("store", "repair", At("out"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(StoreDocuments.BytesOf(At("out")), Is.EqualTo(whole));
            Assert.That(repair.Errors, Does.Contain("pta align"));
            Assert.That(Succeed("store", "repair", At("out")).Output, Does.Contain("nothing to repair"));
        }
    }

    [Test]
    public void ImportedMergedSplitAndReshardedStoresAreRepairedToo()
    {
        Succeed("store", "reshard", At("t"), "--out", At("small"), "--shard-tokens", "100", "--zstd");
        Succeed("store", "split", At("small"), "--parts", "3", "--out", At("part"));
        string[] parts = [.. Enumerable.Range(1, 3).Select(p => At($"part-{p:D5}-of-00003"))];
        Succeed(["store", "merge", .. parts, "--out", At("merged"), "--shard-tokens", "150"]);
        foreach (string store in new[] { At("t"), At("small"), parts[1], At("merged") })
        {
            SortedDictionary<string, string> whole = StoreDocuments.BytesOf(store);
            File.Delete(Path.Combine(store, "shard-000000.arrow"));
            Succeed("store", "repair", store);
            Assert.That(StoreDocuments.BytesOf(store), Is.EqualTo(whole), store);
        }

        Assert.That(new StoreReader(At("merged")).Totals.Documents, Is.EqualTo(80));
        Assert.That(Pta.Run("store", "split", At("small"), "--parts", "3", "--out", At("part")).Exit, Is.Zero, "finished parts are left alone");
    }

    [Test]
    public void AStoreTellsWhatItIs()
    {
        Align("out");
        Assert.That(Succeed("store", "info", At("t")).Output, Does.Contain("candidates of a teacher, k 4, raw logits").And.Contain("80 documents"));
        Assert.That(Succeed("store", "info", At("out")).Output, Does.Contain("fused rows of giver-a").And.Contain("align --preset paper"));
        Assert.That(Succeed("store", "info", At("out"), "--json").Json.GetProperty("header").GetProperty("kind").GetString(), Is.EqualTo("aligned"));
        Assert.That(Succeed("store", "check", At("out"), "--json").Json.GetProperty("whole").GetBoolean(), Is.True);
    }

    [Test]
    public void WhatGoesOutComesBack()
    {
        foreach (string form in new[] { "x.parquet", "x.jsonl", "x.jsonl.gz", "folder" })
        {
            Succeed("store", "export", At("t"), "--out", At(form), "--values", "float64");
            Succeed("store", "import", At(form), "--vocab", _files.Folder["t.vocab.json"], "--out", At("again"), "--value-kind", "raw-logit", "--force");
            Assert.That(new StoreReader(At("again")).Read(new StoreReader(At("again")).Splits[0]).Select(static r => StoreDocuments.Show(r.Parse())), Is.EqualTo(new StoreReader(At("t")).Read("").Select(static r => StoreDocuments.Show(r.Parse()))), form);
        }

        Align("out");
        Succeed("store", "export", At("out"), "--target", At("t"), "--out", At("aligned.jsonl"));
        Succeed("store", "export", At("out"), "--out", At("aligned"));
        Assert.That(File.ReadAllLines(At("aligned.jsonl")), Has.Length.EqualTo(80));
    }

    [Test]
    public void PackingAStoreIsPackingWhatItExports()
    {
        Align("out");
        Succeed("store", "export", At("out"), "--target", At("t"), "--out", At("out.parquet"));
        Succeed("pack", "--in", At("out"), "--out", At("a"), "--length", "16");
        Succeed("pack", "--in", At("out.parquet"), "--out", At("b"), "--length", "16");
        Assert.That(StoreDocuments.BytesOf(At("a"))["data-00000-of-00001.arrow"], Is.EqualTo(StoreDocuments.BytesOf(At("b"))["data-00000-of-00001.arrow"]));
    }

    [Test]
    public void BadInputGetsOneSentenceAndLeavesNothing()
    {
        string vocabulary = _files.Folder["t.vocab.json"];
        string[] before = [.. _files.Folder.Names];
        using (Assert.EnterMultipleScope())
        {
            Refuses($"{At("no")}: no such file or folder.", "store", "import", At("no"), "--vocab", vocabulary, "--out", At("x"));
            Refuses($"{At("t")}: is a store already; `pta store merge` joins stores.", "store", "import", At("t"), "--vocab", vocabulary, "--out", At("x"));
            Refuses($"{At("t")}: exists already; name another folder or add --force.", "store", "import", _files.Documents.TargetPath, "--vocab", vocabulary, "--out", At("t"));
            Refuses("--shard-tokens is 0; it must be at least 1.", "store", "import", _files.Documents.TargetPath, "--vocab", vocabulary, "--out", At("x"), "--shard-tokens", "0");
            Refuses("--workers is -1; it must be a number of documents, or 0 for one on each core.", "store", "import", _files.Documents.TargetPath, "--vocab", vocabulary, "--out", At("x"), "--workers", "-1");
            Refuses($"{At("no/x")}: its folder does not exist; make it first.", "store", "import", _files.Documents.TargetPath, "--vocab", vocabulary, "--out", At("no/x"));
            Refuses($"{vocabulary}: is no store; make one with `pta store import`.", "store", "info", vocabulary);
            Refuses($"{_files.Folder["no"]}: is no store: it has no manifest.jsonl.", "store", "check", At("no"));
            Refuses("--parts is 0;", "store", "split", At("t"), "--parts", "0", "--out", At("x"));
            Refuses("--only is 4; there are parts 1..3.", "store", "split", At("t"), "--parts", "3", "--only", "4", "--out", At("x"));
            Refuses($"{At("s")}: has another tokenizer than {At("t")}; only stores of one form become one store.", "store", "merge", At("t"), At("s"), "--out", At("x"));
            Refuses("its ids are of giver-a", "align", "--preset", "paper", "--target", At("t"), "--target-vocab", vocabulary, "--source", At("s"), "--source-vocab", vocabulary, "--out", At("x"));
            Refuses($"{At("s")}: is a store, but the target {_files.Documents.TargetPath} is a JSON-lines file; give all models' documents in one form.",
                "align", "--preset", "paper", "--target", _files.Documents.TargetPath, "--target-vocab", vocabulary, "--source", At("s"), "--source-vocab", _files.Folder["s0.vocab.json"], "--out", At("x"));
            Refuses($"--target names the target's store of aligned documents, and {At("t")} is a teacher's.", "store", "export", At("t"), "--target", At("s"), "--out", At("x"));
        }

        Assert.That(_files.Folder.Names, Is.EqualTo(before));
    }

    [Test]
    public void OfficialRowsNeedTheTargetsStoreToGoOut()
    {
        Succeed("align", "--preset", "reference", "--window", "4", "--target", At("t"), "--target-vocab", _files.Folder["t.vocab.json"], "--source", At("s"), "--source-vocab", _files.Folder["s0.vocab.json"], "--out", At("official"));
        Refuses($"{At("official")}: output official has the target's own candidates beside the sources'; name the target's store with --target.", "store", "export", At("official"), "--out", At("x"));
        Refuses("name the store that the target's documents were read from.", "store", "export", At("official"), "--target", At("s"), "--out", At("x"));
        Succeed("store", "export", At("official"), "--target", At("t"), "--out", At("x"));
        Assert.That(Pta.Run("pack", "--in", At("official"), "--out", At("packed")).Errors, Does.Contain("pta store export"));
    }

    private string At(string name) => _files.Folder[name];

    private void Align(string name) => Succeed(
        "align", "--preset", "paper", "--target", At("t"), "--target-vocab", _files.Folder["t.vocab.json"], "--source", At("s"), "--source-vocab", _files.Folder["s0.vocab.json"], "--out", At(name), "--shard-tokens", "150");

    private static PtaRun Succeed(params string[] arguments)
    {
        PtaRun run = Pta.Run(arguments);
        Assert.That(run.Exit, Is.Zero, run.Errors);
        return run;
    }

    private static void Refuses(string sentence, params string[] arguments)
    {
        PtaRun run = Pta.Run(arguments);
        Assert.That(run.Exit, Is.EqualTo(1), sentence);
        Assert.That(run.Errors, Does.Contain(sentence));
        Assert.That(run.Errors.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1));
    }
}
