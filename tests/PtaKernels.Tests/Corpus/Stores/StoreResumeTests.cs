using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Stores;
using PtaKernels.Reference;
using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Corpus.Stores;

/// <summary>Alignments of stores that are stopped anywhere go on to the same bytes; damage is found and undone.</summary>
public sealed class StoreResumeTests
{
    private static readonly AlignmentOptions Fusion = AlignmentPreset.Fusion with { Mass = MassRule.Renormalised };

    private readonly ReferenceBackend _backend = new();

    [Test]
    public void StoppedAnywhereItGoesOnToTheSameBytes([Values(1, 2)] int sources, [Range(0, 3)] int stopAfter)
    {
        using Corpus corpus = new(sources, bad: [3, 40, 41, 77]);
        corpus.Run("whole").Run(_backend, Fusion, CancellationToken.None);
        int batches = 0;
        AlignmentRun stopped = corpus.Run("out", _ =>
        {
            if (batches++ == stopAfter)
                throw new InvalidOperationException("stopped");
        });
        Assert.That(() => stopped.Run(_backend, Fusion, CancellationToken.None), Throws.TypeOf<InvalidOperationException>());
        Assert.That(Directory.Exists(corpus.Folder["out"]), Is.False);
        AlignmentRun again = corpus.Run("out");
        AlignmentRunReport report = again.Run(_backend, Fusion, CancellationToken.None);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(StoreDocuments.BytesOf(corpus.Folder["out"]), Is.EqualTo(StoreDocuments.BytesOf(corpus.Folder["whole"])));
            Assert.That(report.Documents, Is.EqualTo(96));
            Assert.That(report.Quarantined, Is.EqualTo(4));
            Assert.That(corpus.Folder.Names.Where(static n => n.Contains("partial", StringComparison.Ordinal)), Is.Empty);
            if (stopAfter > 1)
                Assert.That(corpus.Notices, Has.Some.Contain("going on after"));
        }
    }

    [Test]
    public void WhateverIsLeftOfAStoppedRunIsUsedOrMadeAgain()
    {
        using Corpus corpus = new(1, bad: []);
        corpus.Run("whole").Run(_backend, Fusion, CancellationToken.None);
        SortedDictionary<string, string> expected = StoreDocuments.BytesOf(corpus.Folder["whole"]);
        byte[] manifest = File.ReadAllBytes(Path.Combine(corpus.Folder["whole"], "manifest.jsonl"));
        var random = new Random(5);
        for (int trial = 0; trial < 12; trial++)
        {
            // As a power failure could leave it: a manifest cut anywhere, and shards beyond it that may be cut as well.
            string partial = corpus.Folder["out.partial"];
            Directory.CreateDirectory(partial);
            File.WriteAllBytes(Path.Combine(partial, "manifest.jsonl"), manifest[..random.Next(manifest.Length)]);
            foreach (string file in Directory.EnumerateFiles(corpus.Folder["whole"], "*.arrow"))
                File.Copy(file, Path.Combine(partial, Path.GetFileName(file)));
            string last = Directory.EnumerateFiles(partial, "*.arrow").Order(StringComparer.Ordinal).Last();
            byte[] bytes = File.ReadAllBytes(last);
            File.WriteAllBytes(last, bytes[..random.Next(bytes.Length)]);
            File.WriteAllText(Path.Combine(partial, "shard-000099.arrow.partial"), "left");
            corpus.Run("out").Run(_backend, Fusion, CancellationToken.None);
            Assert.That(StoreDocuments.BytesOf(corpus.Folder["out"]), Is.EqualTo(expected), $"trial {trial}");
            Directory.Delete(corpus.Folder["out"], recursive: true);
        }
    }

    [Test]
    public void PartsThatWereAlignedOneByOneBecomeTheWhole()
    {
        using Corpus corpus = new(1, bad: [3, 50]);
        corpus.Run("whole").Run(_backend, Fusion, CancellationToken.None);
        for (int p = 0; p < 3; p++)
            corpus.Run($"part{p}", selection: new DocumentSelection { Part = (p, 3) }).Run(_backend, Fusion, CancellationToken.None);
        new StoreCopy { Inputs = [.. Enumerable.Range(0, 3).Select(p => new StoreReader(corpus.Folder[$"part{p}"]))], OutputPath = corpus.Folder["merged"] }.Run(CancellationToken.None);
        StoreReader whole = new(corpus.Folder["whole"]), merged = new(corpus.Folder["merged"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(merged.Totals with { Shards = 0 }, Is.EqualTo(whole.Totals with { Shards = 0 }), "documents set aside go along");
            Assert.That(Rows(merged), Is.EqualTo(Rows(whole)));
            Assert.That(() => new StoreCopy { Inputs = [whole, new StoreReader(corpus.Folder["t"])], OutputPath = corpus.Folder["x"] }.Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("another kind"));
        }

        static IEnumerable<string> Rows(StoreReader store) => store.Rows("", 0).Select(static r => AlignedRows.Document(r.Rows, r.BatchRow, "")).Select(static d =>
            $"{d.Id} {d.Number} {string.Join(' ', d.Ids)}: {string.Join(' ', Enumerable.Range(0, d.Ids.Length).Select(t => d.Groups[0][t]))}; {string.Join(' ', Enumerable.Range(0, d.Ids.Length).Select(t => string.Join(',', d.Groups[0].ValuesOf(t).ToArray())))}");
    }

    [Test]
    public void AShardThatWentMissingAmongOthersIsMadeAgain([Range(0, 3)] int missing)
    {
        using Corpus corpus = new(1, bad: [3]);
        corpus.Run("whole").Run(_backend, Fusion, CancellationToken.None);
        string partial = corpus.Folder["out.partial"];
        Directory.CreateDirectory(partial);
        foreach (string file in Directory.EnumerateFiles(corpus.Folder["whole"]))
            File.Copy(file, Path.Combine(partial, Path.GetFileName(file)));
        string[] lines = File.ReadAllLines(Path.Combine(partial, "manifest.jsonl"));
        File.WriteAllText(Path.Combine(partial, "manifest.jsonl"), string.Join('\n', lines[..^1]) + "\n"); // without the last line
        File.Delete(Path.Combine(partial, $"shard-{missing:D6}.arrow"));
        corpus.Run("out").Run(_backend, Fusion, CancellationToken.None);
        Assert.That(StoreDocuments.BytesOf(corpus.Folder["out"]), Is.EqualTo(StoreDocuments.BytesOf(corpus.Folder["whole"])));
    }

    [Test]
    public void MissingAndDamagedShardsAreMadeAgainInPlace()
    {
        using Corpus corpus = new(1, bad: [3, 50]);
        corpus.Run("out").Run(_backend, Fusion, CancellationToken.None);
        SortedDictionary<string, string> expected = StoreDocuments.BytesOf(corpus.Folder["out"]);
        string[] files = [.. expected.Keys];
        var random = new Random(6);
        for (int trial = 0; trial < 16; trial++)
        {
            string path = Path.Combine(corpus.Folder["out"], files[random.Next(files.Length)]);
            byte[] bytes = File.ReadAllBytes(path);
            if (random.Next(4) == 0)
                File.Delete(path);
            else
                File.WriteAllBytes(path, [.. bytes.Select((b, i) => i == bytes.Length / 2 ? (byte)(b ^ (1 << random.Next(8))) : b)]);
            corpus.Run("out", repair: true).Run(_backend, Fusion, CancellationToken.None);
            Assert.That(StoreDocuments.BytesOf(corpus.Folder["out"]), Is.EqualTo(expected), $"trial {trial}: {Path.GetFileName(path)}");
        }
    }

    [Test]
    public void EveryFlippedBitIsFound()
    {
        using Corpus corpus = new(1, bad: [3]);
        corpus.Run("out").Run(_backend, Fusion, CancellationToken.None);
        string[] files = [.. Directory.EnumerateFiles(corpus.Folder["out"])];
        var random = new Random(7);
        for (int flip = 0; flip < 200; flip++)
        {
            string file = files[random.Next(files.Length)];
            byte[] bytes = File.ReadAllBytes(file);
            int at = random.Next(8 * bytes.Length);
            bytes[at / 8] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(file, bytes);
            Assert.That(Damage(corpus.Folder["out"]), Is.Not.Empty, $"bit {at} of {Path.GetFileName(file)}");
            bytes[at / 8] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(file, bytes);
        }

        Assert.That(Damage(corpus.Folder["out"]), Is.Empty);
    }

    [Test]
    public void AFlippedBitStopsAnAlignment()
    {
        using Corpus corpus = new(1, bad: []);
        string shard = Directory.EnumerateFiles(corpus.Folder["s0"], "*.arrow").First();
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^200] ^= 1;
        File.WriteAllBytes(shard, bytes);
        Assert.That(() => corpus.Run("out").Run(_backend, Fusion, CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo(
            $"{shard}: is damaged: its SHA-256 is not the manifest's; run `pta store repair {corpus.Folder["s0"]}`, or copy the file again."));
    }

    [Test]
    public void AnotherCommandDoesNotGoOn()
    {
        using Corpus corpus = new(1, bad: []);
        Assert.That(() => corpus.Run("out", progress => { if (progress.Tokens > 250) throw new InvalidOperationException(); }).Run(_backend, Fusion, CancellationToken.None), Throws.TypeOf<InvalidOperationException>());
        Assert.That(() => corpus.Run("out").Run(_backend, Fusion with { ByteTail = 3 }, CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("byte-tail 2 instead of 3"));
        corpus.Run("out", replace: true).Run(_backend, Fusion with { ByteTail = 3 }, CancellationToken.None);
        Assert.That(new StoreReader(corpus.Folder["out"]).Header.Producer.Options["byte-tail"], Is.EqualTo("3"));
    }

    [Test]
    public void TwoRunsDoNotWriteOneStore()
    {
        using Corpus corpus = new(1, bad: []);
        Exception? second = null;
        corpus.Run("out", _ => second ??= Assert.Catch(() => corpus.Run("out").Run(_backend, Fusion, CancellationToken.None))).Run(_backend, Fusion, CancellationToken.None);
        Assert.That(second, Is.TypeOf<AlignmentDataException>().With.Message.Contains("another run is writing there"));
        Assert.That(Damage(corpus.Folder["out"]), Is.Empty);
    }

    [Test]
    public void AnotherTokenizerIsRefused()
    {
        using Corpus corpus = new(1, bad: []);
        AlignmentSource wrong = new("wrong", new VocabularyPair(SmallModel.Sources[1].Vocabulary, SmallModel.Target.Vocabulary));
        Assert.That(() => corpus.Run("out", sources: [wrong]).Run(_backend, Fusion, CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("its ids are of giver-a"));
    }

    [Test]
    public void TheStoreHoldsWhatTheLinesHold([Values("reference", "paper", "fusion")] string preset, [Values(1, 2)] int sources)
    {
        using Corpus corpus = new(sources, bad: []);
        AlignmentOptions options = AlignmentPreset.Named(preset);
        if (preset == "fusion")
            options = Fusion;
        if (preset == "reference")
            options = options with { Window = 4 };
        corpus.Run("out", values: NumberType.Float64).Run(_backend, options, CancellationToken.None);
        corpus.Lines("out.jsonl").Run(_backend, options, CancellationToken.None);
        new PtaKernels.Corpus.Export.AlignedExport { Input = new StoreReader(corpus.Folder["out"]), Target = new StoreReader(corpus.Folder["t"]), OutputPath = corpus.Folder["exported.jsonl"] }.Run(CancellationToken.None);
        string[] direct = File.ReadAllLines(corpus.Folder["out.jsonl"]), exported = File.ReadAllLines(corpus.Folder["exported.jsonl"]);
        Assert.That(exported, Has.Length.EqualTo(direct.Length));
        if (preset == "reference")
            Assert.That(exported, Is.EqualTo(direct)); // float64, and official values are not scaled
        for (int d = 0; d < direct.Length; d++)
        {
            using var one = System.Text.Json.JsonDocument.Parse(direct[d]);
            using var two = System.Text.Json.JsonDocument.Parse(exported[d]);
            foreach (System.Text.Json.JsonProperty field in one.RootElement.EnumerateObject().Where(static f => f.Name is not ("fused_probs" or "fused_missing")))
                Assert.That(two.RootElement.GetProperty(field.Name).GetRawText(), Is.EqualTo(field.Value.GetRawText()), $"{field.Name} of document {d}");
        }
    }

    private static IReadOnlyList<string> Damage(string path)
    {
        try
        {
            return new StoreCheck { Path = path }.Run(CancellationToken.None);
        }
        catch (AlignmentDataException e)
        {
            return [e.Message];
        }
    }

    /// <summary>A hundred small documents as stores: t, s0, s1.</summary>
    private sealed class Corpus : IDisposable
    {
        private readonly RunFiles _files;

        public Corpus(int sources, int[] bad)
        {
            _files = new RunFiles(seed: 21, documents: 100, sources);
            foreach (int d in bad)
                _files.Target[d].Logits[0][0] = double.PositiveInfinity;
            Import("t", SmallModel.Target, _files.Target);
            for (int s = 0; s < sources; s++)
                Import($"s{s}", SmallModel.Sources[s], _files.Sources.Select(d => d[s]));
        }

        public TemporaryFolder Folder => _files.Folder;

        public List<string> Notices => _files.Notices;

        public AlignmentRun Run(
            string output, Action<RunProgress>? progress = null, bool repair = false, bool replace = false, IReadOnlyList<AlignmentSource>? sources = null, NumberType values = NumberType.Float16, DocumentSelection? selection = null) => new()
            {
                TargetDocuments = DocumentFiles.Open(Folder["t"]),
                Target = SmallModel.Target.Vocabulary,
                SourceDocuments = [.. _files.Models.Select((_, s) => DocumentFiles.Open(Folder[$"s{s}"]))],
                Sources = sources ?? _files.Models,
                OutputPath = Folder[output],
                Repair = repair,
                Replace = replace,
                OnError = OnError.Quarantine,
                Store = new StoreOptions { ShardTokens = 200, Values = values },
                Selection = selection ?? new DocumentSelection(),
                Progress = progress,
                Notice = Notices.Add,
            };

        public AlignmentRun Lines(string output)
        {
            for (int s = -1; s < _files.Models.Length; s++)
            {
                string name = s < 0 ? "t" : $"s{s}";
                new PtaKernels.Corpus.Export.TeacherExport { Input = DocumentFiles.Open(Folder[name]), OutputPath = Folder[name + ".jsonl"] }.Run(CancellationToken.None);
            }

            return new AlignmentRun
            {
                TargetDocuments = DocumentFiles.Open(Folder["t.jsonl"]),
                Target = SmallModel.Target.Vocabulary,
                SourceDocuments = [.. _files.Models.Select((_, s) => DocumentFiles.Open(Folder[$"s{s}.jsonl"]))],
                Sources = _files.Models,
                OutputPath = Folder[output],
            };
        }

        public void Dispose() => _files.Dispose();

        private void Import(string name, SmallModel model, IEnumerable<DraftDocument> documents)
        {
            Folder.Write(name + ".in.jsonl", documents.Select(static d => d.ToJson()));
            new StoreImport
            {
                Inputs = [DocumentFiles.Open(Folder[name + ".in.jsonl"])],
                Vocabulary = model.Vocabulary,
                OutputPath = Folder[name],
                ValueKind = ValueKind.RawLogit,
                Store = new StoreOptions { ShardTokens = 150, Values = NumberType.Float64 },
            }.Run(CancellationToken.None);
        }
    }
}
