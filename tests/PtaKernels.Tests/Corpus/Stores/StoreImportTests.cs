using PtaKernels.Corpus;
using PtaKernels.Corpus.Export;
using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Stores;
using PtaKernels.Tests.Corpus.Folders;

namespace PtaKernels.Tests.Corpus.Stores;

/// <summary>Official folders into stores and back, and what else a store takes in.</summary>
public sealed class StoreImportTests
{
    private static readonly TokenVocabulary Vocabulary = StoreDocuments.VocabularyOf(30_000);

    [Test]
    public void AnOfficialFolderComesBackBitForBit()
    {
        using var folder = new TemporaryFolder();
        // The official step 2 has no log-sum-exps.
        ModelRow[] train = [.. ModelRows.Make(1, 50).Select(static r => r with { LogSumExp = null })], test = [.. ModelRows.Make(2, 3).Select(static r => r with { LogSumExp = null })];
        OfficialFolder.WriteDict(folder["d"], new FolderLayout { PadTo = 12, RowsPerBatch = 4 }, ("train", train), ("test", test));
        OfficialFolder.WriteDict(folder["trimmed"], new FolderLayout { RowsPerBatch = 4 }, ("train", train), ("test", test));
        StoreTotals totals = Import(folder, "s", folder["d"]);
        Assert.That(totals.Documents, Is.EqualTo(53));
        new TeacherExport { Input = new StoreReader(folder["s"]), OutputPath = folder["out"] }.Run(CancellationToken.None);
        foreach (string split in new[] { "train", "test" })
        {
            StoredFolder expected = StoredFolder.Read(folder["trimmed"], split), actual = StoredFolder.Read(folder["out"], split);
            using (Assert.EnterMultipleScope())
            {
                Assert.That(Types(actual), Is.EquivalentTo(Types(expected)));
                Assert.That(actual.Rows.Select(Sorted), Is.EqualTo(expected.Rows.Select(Sorted)));
            }
        }

        // And once more: the store of what came out is the same but for what it says it was made from.
        Import(folder, "again", folder["out"]);
        Assert.That(new StoreReader(folder["again"]).Read("train").Select(static r => StoreDocuments.Show(r.Parse())), Is.EqualTo(new StoreReader(folder["s"]).Read("train").Select(static r => StoreDocuments.Show(r.Parse()))));
    }

    [Test]
    public void MaskAndLabelsThatDoNotFollowFromTheIdsAreKept()
    {
        using var folder = new TemporaryFolder();
        ModelRow[] rows = ModelRows.Make(1, 6);
        OfficialFolder.WriteDataset(folder["d"], new FolderLayout(), "train", rows);
        // The labels of the first file's last token, which is the last value of that column's buffer, become -100.
        string file = Directory.EnumerateFiles(folder["d"], "*.arrow").Single();
        byte[] bytes = File.ReadAllBytes(file), labels = [.. rows.SelectMany(static r => r.Ids.SelectMany(static i => BitConverter.GetBytes((long)i)))];
        int at = bytes.AsSpan().IndexOf(labels) + labels.Length - 8;
        BitConverter.GetBytes(-100L).CopyTo(bytes, at);
        File.WriteAllBytes(file, bytes);
        Import(folder, "s", folder["d"]);
        new TeacherExport { Input = new StoreReader(folder["s"]), OutputPath = folder["out"] }.Run(CancellationToken.None);
        Assert.That(StoredFolder.Read(folder["out"], "train").Rows.Select(static r => r["labels"]), Is.EqualTo(StoredFolder.Read(folder["d"]).Rows.Select(static r => r["labels"])));
        Assert.That(StoredFolder.Read(folder["out"], "train").Rows[^1]["labels"], Does.Contain("-100"));
    }

    [Test]
    public void OtherColumnsAreKeptOrDropped()
    {
        using var folder = new TemporaryFolder();
        OfficialFolder.WriteDataset(folder["d"], new FolderLayout(), "train", ModelRows.Make(1, 6));
        Import(folder, "s", folder["d"]);
        Import(folder, "less", folder["d"], dropped: ["text", "tags"]);
        Assert.That(new StoreReader(folder["s"]).Header.Others.Select(static o => o.Key), Is.EqualTo(new[] { "text", "language", "label", "tags" }));
        Assert.That(new StoreReader(folder["less"]).Header.Others.Select(static o => o.Key), Is.EqualTo(new[] { "language", "label" }));
        Assert.That(new StoreReader(folder["s"]).Read("train").First().ValueOf("language"), Is.EqualTo("de"));
    }

    [Test]
    public void LogSumExpsMakeLogProbabilities()
    {
        using var folder = new TemporaryFolder();
        OfficialFolder.WriteDataset(folder["d"], new FolderLayout(), "train", ModelRows.Make(1, 6));
        Import(folder, "s", folder["d"], kind: null, values: NumberType.Float64);
        TokenizedDocument[] before = [.. DocumentFiles.Read(folder["d"])], after = [.. DocumentFiles.Read(folder["s"])];
        for (int d = 0; d < before.Length; d++)
        {
            double[] expected = [.. before[d].Candidates.Values.Select((v, i) => v - before[d].LogSumExp![i / before[d].Candidates.K])];
            Assert.That(after[d].Candidates.Values, Is.EqualTo(expected));
            Assert.That(after[d].LogSumExp, Is.All.Zero);
        }
    }

    [Test]
    public void SeveralInputsBecomeOneStore()
    {
        using var folder = new TemporaryFolder();
        ModelRow[] rows = ModelRows.Make(1, 80);
        OfficialFolder.WriteDataset(folder["a"], new FolderLayout(), "train", rows[..33]);
        OfficialFolder.WriteDataset(folder["b"], new FolderLayout(), "train", rows[33..]);
        OfficialFolder.WriteDataset(folder["all"], new FolderLayout(), "train", rows);
        Import(folder, "joined", folder["a"], folder["b"]);
        Import(folder, "whole", folder["all"]);
        Assert.That(Documents(folder["joined"]), Is.EqualTo(Documents(folder["whole"])));
        Assert.That(new StoreReader(folder["joined"]).Shards[0].Sha256, Is.Not.Empty);
    }

    [Test]
    public void BadDocumentsAreSetAsideInTheStore()
    {
        using var folder = new TemporaryFolder();
        folder.Write(
            "x.jsonl",
            """{"id": "good", "input_ids": [3], "per_step_logits": [[1, 0.5]], "per_step_indices": [[3, 9]]}""",
            """{"id": "other k", "input_ids": [3], "per_step_logits": [[1]], "per_step_indices": [[3]]}""",
            """{"id": "no token", "input_ids": [30000], "per_step_logits": [[1, 0.5]], "per_step_indices": [[3, 9]]}""",
            """{"id": "good too", "input_ids": [4], "per_step_logits": [[1, 0.5]], "per_step_indices": [[3, 9]]}""");
        Assert.That(() => Run(OnError.Stop), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo($"{folder["x.jsonl"]}, line 2: has 1 candidates per position, and the store has 2; give documents with as many."));
        StoreTotals totals = Run(OnError.Quarantine);
        string[] aside = File.ReadAllLines(Path.Combine(folder["s"], "quarantine-000000.jsonl"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((totals.Documents, totals.Quarantined), Is.EqualTo((2L, 2L)));
            Assert.That(DocumentFiles.Read(folder["s"]).Select(static d => d.Id), Is.EqualTo(new[] { "good", "good too" }));
            Assert.That(aside, Has.Length.EqualTo(2));
            Assert.That(aside[0], Does.Contain("line 2: has 1 candidates"));
            Assert.That(aside[1], Does.Contain("30000 is no token"));
            Assert.That(new StoreCheck { Path = folder["s"], Documents = true }.Run(CancellationToken.None), Is.Empty);
        }

        StoreTotals Run(OnError onError) => new StoreImport { Inputs = [DocumentFiles.Open(folder["x.jsonl"])], Vocabulary = Vocabulary, OutputPath = folder["s"], OnError = onError }.Run(CancellationToken.None);
    }

    [Test]
    public void InputsOfOtherColumnsAreRefused()
    {
        using var folder = new TemporaryFolder();
        OfficialFolder.WriteDataset(folder["a"], new FolderLayout(), "train", ModelRows.Make(1, 3));
        OfficialFolder.WriteDataset(folder["b"], new FolderLayout { Extras = false }, "train", ModelRows.Make(2, 3));
        Assert.That(() => Import(folder, "x", folder["a"], folder["b"]), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith($"{folder["b"]}: its columns differ from those of {folder["a"]};"));
        Assert.That(folder.Names, Is.EqualTo(new[] { "a", "b" }));
        Import(folder, "x", [folder["a"], folder["b"]], ValueKind.RawLogit, ["language", "label", "tags"]);
        Assert.That(new StoreReader(folder["x"]).Totals.Documents, Is.EqualTo(6));
    }

    [Test]
    public void StoresMergeSplitAndReshardValueByValue([Values] bool zstd)
    {
        using var folder = new TemporaryFolder();
        OfficialFolder.WriteDict(folder["d"], new FolderLayout(), ("train", ModelRows.Make(1, 70)), ("test", ModelRows.Make(2, 9)));
        Import(folder, "s", folder["d"]);
        string[] expected = Documents(folder["s"]);
        Copy("cut", [folder["s"]], shardTokens: 50, zstd);
        for (int p = 0; p < 3; p++)
            Copy($"part{p}", [folder["cut"]], shardTokens: 70, zstd: false, (p, 3));
        Copy("merged", [folder["part0"], folder["part1"], folder["part2"]], shardTokens: 1_000_000, zstd: false);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(new StoreReader(folder["cut"]).Shards, Has.Count.GreaterThan(2));
            Assert.That(Documents(folder["cut"]), Is.EqualTo(expected));
            Assert.That(new StoreReader(folder["part1"]).CountOf("train"), Is.EqualTo(23));
            Assert.That(new StoreReader(folder["part1"]).CountOf("test"), Is.EqualTo(3));
            Assert.That(Documents(folder["merged"]), Is.EqualTo(expected));
            Assert.That(new StoreReader(folder["merged"]).Totals with { Shards = 0 }, Is.EqualTo(new StoreReader(folder["s"]).Totals with { Shards = 0 }));
        }

        void Copy(string name, string[] inputs, long shardTokens, bool zstd, (int, int)? part = null) => new StoreCopy
        {
            Inputs = [.. inputs.Select(static i => new StoreReader(i))], OutputPath = folder[name], ShardTokens = shardTokens, Zstd = zstd, Selection = new DocumentSelection { Part = part ?? (0, 1) },
        }.Run(CancellationToken.None);
    }

    [Test]
    public void StoresOfOtherFormsDoNotMerge()
    {
        using var folder = new TemporaryFolder();
        TokenizedDocument document = StoreDocuments.Draw(new Random(1), "d", 300, 4);
        StoreDocuments.Write(folder["a"], StoreDocuments.VocabularyOf(300), [document], 4);
        StoreDocuments.Write(folder["b"], StoreDocuments.VocabularyOf(301), [document], 4);
        StoreDocuments.Write(folder["c"], StoreDocuments.VocabularyOf(300), [StoreDocuments.Draw(new Random(1), "d", 300, 5)], 5);
        Assert.That(() => Merge("b"), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo($"{folder["b"]}: has another tokenizer than {folder["a"]}; only stores of one form become one store."));
        Assert.That(() => Merge("c"), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("another number of candidates"));
        Assert.That(folder.Names, Is.EqualTo(new[] { "a", "b", "c" }));

        void Merge(string other) => new StoreCopy { Inputs = [new StoreReader(folder["a"]), new StoreReader(folder[other])], OutputPath = folder["out"] }.Run(CancellationToken.None);
    }

    private static StoreTotals Import(TemporaryFolder folder, string name, params string[] inputs) => Import(folder, name, inputs, ValueKind.RawLogit);

    private static StoreTotals Import(TemporaryFolder folder, string name, string input, string[] dropped) => Import(folder, name, [input], ValueKind.RawLogit, dropped);

    private static StoreTotals Import(TemporaryFolder folder, string name, string input, ValueKind? kind, NumberType values) => Import(folder, name, [input], kind, values: values);

    private static StoreTotals Import(TemporaryFolder folder, string name, string[] inputs, ValueKind? kind, string[]? dropped = null, NumberType values = NumberType.Float16) => new StoreImport
    {
        Inputs = [.. inputs.Select(DocumentFiles.Open)],
        Vocabulary = Vocabulary,
        OutputPath = folder[name],
        ValueKind = kind,
        Dropped = dropped ?? [],
        Store = new StoreOptions { Values = values },
    }.Run(CancellationToken.None);

    private static string[] Documents(string store) => [.. DocumentFiles.Read(store).Select(static d => StoreDocuments.Show(d)).Select(static d => d[(d.IndexOf('\n', StringComparison.Ordinal) + 1)..])];

    private static IEnumerable<string> Types(StoredFolder folder) => folder.Schema.FieldsList.Select(static f => $"{f.Name} {ArrowLists.Describe(f.DataType)}");

    private static IEnumerable<KeyValuePair<string, string>> Sorted(Dictionary<string, string> row) => row.OrderBy(static c => c.Key, StringComparer.Ordinal);
}
