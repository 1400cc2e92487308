using System.Text.Json;
using Apache.Arrow.Types;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>What is written is the official step 3: the input's columns bit for bit, trimmed, without text, and the aligned ones.</summary>
public sealed class FolderWritingTests
{
    private static readonly FolderLayout Official = new() { PadTo = 16, RowsPerBatch = 5, RowsPerShard = 12 };
    private static readonly string[] Kept = ["input_ids", "attention_mask", "labels", "per_step_logits", "per_step_indices", "metric_ce", "per_step_lse", "language", "label", "tags"];

    [Test]
    public void OfficialOutputHoldsTheInputTrimmedAndTheAlignedColumns()
    {
        using var scratch = new ScratchFolder();
        ModelRow[] train = ModelRows.Make(1, 30), validation = ModelRows.Make(2, 4);
        OfficialFolder.WriteDict(scratch["in"], Official, ("train", train), ("validation", validation), ("test", []));
        OfficialFolder.WriteDict(scratch["trimmed"], Official with { PadTo = 0 }, ("train", train), ("validation", validation), ("test", []));
        Write(scratch["in"], scratch["out"], OutputUnit.Official, sources: 2);

        StoredFolder expected = StoredFolder.Read(scratch["trimmed"], "train"), stored = StoredFolder.Read(scratch["out"], "train");
        string[] made = ["per_step_aligned_logits_0", "per_step_aligned_indices_0", "metric_ce_aligned_0", "per_step_aligned_logits_1", "per_step_aligned_indices_1", "metric_ce_aligned_1"];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stored.Schema.FieldsList.Select(static f => f.Name), Is.EqualTo(Kept.Concat(made)));
            Assert.That(stored.Rows, Has.Count.EqualTo(30));
            for (int row = 0; row < stored.Rows.Count; row++)
            {
                foreach (string column in Kept)
                    Assert.That(stored.Rows[row][column], Is.EqualTo(expected.Rows[row][column]), column);
                foreach (int s in new[] { 0, 1 })
                {
                    (string logits, string indices) = Shown(Fused(row, train[row].Ids.Length, OutputUnit.Official, s));
                    Assert.That(stored.Rows[row][$"per_step_aligned_logits_{s}"], Is.EqualTo(logits));
                    Assert.That(stored.Rows[row][$"per_step_aligned_indices_{s}"], Is.EqualTo(indices));
                    Assert.That(stored.Rows[row][$"metric_ce_aligned_{s}"], Is.EqualTo($"d{BitConverter.DoubleToUInt64Bits(train[row].MeanCrossEntropy!.Value):X16}"));
                }
            }

            Assert.That(StoredFolder.Read(scratch["out"], "validation").Rows, Has.Count.EqualTo(4));
            Assert.That(StoredFolder.Read(scratch["out"], "test").Rows, Is.Empty);
            Assert.That(File.ReadAllText(scratch["out/dataset_dict.json"]), Is.EqualTo("{\n  \"splits\": [\n    \"train\",\n    \"validation\",\n    \"test\"\n  ]\n}"));
            Assert.That(Directory.EnumerateFileSystemEntries(scratch.Path).Select(Path.GetFileName).Order(), Is.EqualTo(["in", "out", "trimmed"]));
        }
    }

    [Test]
    public void TypesAndJsonAreTheOfficialOnes()
    {
        using var scratch = new ScratchFolder();
        OfficialFolder.WriteDict(scratch["in"], Official, ("train", ModelRows.Make(1, 3)));
        Write(scratch["in"], scratch["out"], OutputUnit.Official, sources: 1);
        StoredFolder stored = StoredFolder.Read(scratch["out"], "train");
        Assert.That(stored.Schema.FieldsList.Select(static f => $"{f.Name}: {ArrowLists.Describe(f.DataType)}"), Is.EqualTo([
            "input_ids: list<int32>", "attention_mask: list<int8>", "labels: list<int64>", "per_step_logits: list<list<float16>>", "per_step_indices: list<list<int64>>",
            "metric_ce: float16", "per_step_lse: list<float16>", "language: utf8", "label: int64", "tags: large_list<utf8>",
            "per_step_aligned_logits_0: list<list<float64>>", "per_step_aligned_indices_0: list<list<int64>>", "metric_ce_aligned_0: float64"]));
        string features = JsonSerializer.Serialize(stored.Info.GetProperty("features"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(features, Does.StartWith("""{"input_ids":{"feature":{"dtype":"int32","_type":"Value"},"_type":"Sequence"},"attention_mask":"""));
            Assert.That(features, Does.Contain("""per_step_logits":{"feature":{"feature":{"dtype":"float16","_type":"Value"},"_type":"Sequence"},"_type":"Sequence"}"""));
            Assert.That(features, Does.Contain("""per_step_aligned_logits_0":{"feature":{"feature":{"dtype":"float64","_type":"Value"},"_type":"Sequence"},"_type":"Sequence"}"""));
            Assert.That(features, Does.Contain("""label":{"names":["a","b"],"_type":"ClassLabel"}"""), "what the input says of a copied column stays");
            Assert.That(features, Does.EndWith("""metric_ce_aligned_0":{"dtype":"float64","_type":"Value"}}"""));
            Assert.That(stored.Schema.Metadata["huggingface"], Is.EqualTo($$$"""{"info": {"features": {{{features}}}}}"""));
            Assert.That(stored.State.GetProperty("_split").GetString(), Is.EqualTo("train"));
            Assert.That(stored.State.GetProperty("_fingerprint").GetString(), Does.Match("^[0-9a-f]{16}$"));
            Assert.That(stored.Files, Is.EqualTo(["data-00000-of-00001.arrow"]));
        }
    }

    [Test]
    public void ProbabilitiesHaveTheFieldsOfTheJsonLines()
    {
        using var scratch = new ScratchFolder();
        ModelRow[] rows = ModelRows.Make(1, 6);
        OfficialFolder.WriteDataset(scratch["in"], Official, "train", rows);
        Write(scratch["in"], scratch["out"], OutputUnit.Probabilities, sources: 1);
        StoredFolder stored = StoredFolder.Read(scratch["out"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stored.Schema.FieldsList.TakeLast(6).Select(static f => $"{f.Name}: {ArrowLists.Describe(f.DataType)}"), Is.EqualTo([
                "fused_indices: list<list<int64>>", "fused_probs: list<list<float64>>", "fused_missing: list<float64>", "kappa: list<float64>", "rules: utf8", "source: list<int64>"]));
            Assert.That(File.Exists(scratch["out/dataset_dict.json"]), Is.False, "a Dataset stays a Dataset");
            for (int row = 0; row < rows.Length; row++)
            {
                AlignedDocument fused = Fused(row, rows[row].Ids.Length, OutputUnit.Probabilities, 0);
                Assert.That((stored.Rows[row]["fused_probs"], stored.Rows[row]["fused_indices"]), Is.EqualTo(Shown(fused)));
                Assert.That(stored.Rows[row]["rules"], Is.EqualTo($"\"{string.Concat(Enumerable.Range(0, fused.Rows).Select(i => fused[i].Letter))}\""));
                Assert.That(stored.Rows[row]["source"], Is.EqualTo($"[{string.Join(",", Enumerable.Range(0, fused.Rows).Select(i => fused[i].Source))}]"));
                Assert.That(stored.Rows[row]["fused_missing"], Does.StartWith($"[d{BitConverter.DoubleToUInt64Bits(fused[0].Missing):X16}"));
            }
        }
    }

    [Test]
    public void ListsOfEveryKindAndTypeBecomeOfficialLists([Values] ListKind positions, [Values] ListKind candidates, [Values("f16", "f32", "f64")] string type)
    {
        using var scratch = new ScratchFolder();
        ModelRow[] rows = ModelRows.Make(7, 5);
        IArrowType values = type switch { "f16" => HalfFloatType.Default, "f32" => FloatType.Default, _ => DoubleType.Default };
        var layout = new FolderLayout { Positions = positions, Candidates = candidates, PadTo = 16, Values = values, Tokens = Int32Type.Default };
        OfficialFolder.WriteDataset(scratch["in"], layout, "train", rows);
        OfficialFolder.WriteDataset(scratch["expected"], new FolderLayout { Values = values, Tokens = Int32Type.Default }, "train", rows);
        Write(scratch["in"], scratch["out"], OutputUnit.Official, sources: 1);
        StoredFolder stored = StoredFolder.Read(scratch["out"]), expected = StoredFolder.Read(scratch["expected"]);
        using (Assert.EnterMultipleScope())
        {
            foreach (string column in Kept)
            {
                Assert.That(stored.Rows.Select(r => r[column]), Is.EqualTo(expected.Rows.Select(r => r[column])), column);
                Assert.That(ArrowLists.Describe(stored.Schema.GetFieldByName(column).DataType), Is.EqualTo(ArrowLists.Describe(expected.Schema.GetFieldByName(column).DataType)), column);
            }
        }
    }

    [Test]
    public void BatchesAndShardsStayBelowTheirLimits()
    {
        using var scratch = new ScratchFolder();
        OfficialFolder.WriteDataset(scratch["in"], new FolderLayout(), "train", ModelRows.Make(3, 2500));
        Write(scratch["in"], scratch["out"], OutputUnit.Official, sources: 1, maxShard: 1_200_000);
        StoredFolder stored = StoredFolder.Read(scratch["out"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stored.BatchRows, Is.EqualTo([1000, 1000, 500]));
            Assert.That(stored.Files, Has.Length.EqualTo(2).And.All.Match(@"^data-0000\d-of-00002\.arrow$"));
            Assert.That(stored.Files.Select(f => new FileInfo(scratch["out/" + f]).Length), Has.All.LessThan(1_200_000));
            Assert.That(stored.Rows.Select(static r => r["input_ids"]), Is.EqualTo(StoredFolder.Read(scratch["in"]).Rows.Select(static r => r["input_ids"])));
        }
    }

    [Test]
    public void BytesDoNotDependOnTheShardsOfTheInput()
    {
        using var scratch = new ScratchFolder();
        ModelRow[] rows = ModelRows.Make(4, 50);
        OfficialFolder.WriteDataset(scratch["a"], new FolderLayout { RowsPerBatch = 7, RowsPerShard = 20, PadTo = 12 }, "train", rows);
        OfficialFolder.WriteDataset(scratch["b"], new FolderLayout(), "train", rows);
        Write(scratch["a"], scratch["out.a"], OutputUnit.Official, sources: 1);
        Write(scratch["b"], scratch["out.b"], OutputUnit.Official, sources: 1);
        string[] names = [.. Directory.EnumerateFiles(scratch["out.a"]).Select(static f => Path.GetFileName(f))];
        Assert.That(names, Has.Length.EqualTo(3));
        foreach (string name in names)
            Assert.That(File.ReadAllBytes(scratch["out.b/" + name]), Is.EqualTo(File.ReadAllBytes(scratch["out.a/" + name])), name);
    }

    [Test]
    public void OutputIsAnInputAgain()
    {
        using var scratch = new ScratchFolder();
        ModelRow[] rows = ModelRows.Make(5, 5);
        OfficialFolder.WriteDataset(scratch["in"], Official, "train", rows);
        Write(scratch["in"], scratch["out"], OutputUnit.Probabilities, sources: 1);
        Assert.That(DocumentFiles.Read(scratch["out"]).Select(static d => d.Candidates.Values), Is.EqualTo(DocumentFiles.Read(scratch["in"]).Select(static d => d.Candidates.Values)));
    }

    [Test]
    public void NothingAppearsBeforeTheEnd()
    {
        using var scratch = new ScratchFolder();
        OfficialFolder.WriteDataset(scratch["in"], Official, "train", ModelRows.Make(6, 3));
        var input = new DatasetFolder(scratch["in"]);
        Directory.CreateDirectory(scratch["out.partial"]); // of a run that was killed
        using (IDocumentWriter writer = input.OpenOutput(scratch["out"], false, [input], OutputUnit.Official))
        {
            WriteAll(writer, input, OutputUnit.Official, 1);
            Assert.That(Directory.Exists(scratch["out"]), Is.False);
        }

        Assert.That(Directory.EnumerateFileSystemEntries(scratch.Path), Has.Exactly(1).Items);
    }

    [Test]
    public void AnExistingOutputIsReplacedOnlyWhenAskedAndOnlyADataset()
    {
        using var scratch = new ScratchFolder();
        OfficialFolder.WriteDataset(scratch["in"], Official, "train", ModelRows.Make(6, 3));
        OfficialFolder.WriteDataset(scratch["old"], Official, "train", ModelRows.Make(7, 30));
        Directory.CreateDirectory(scratch["other"]);
        scratch.Write("file", "");
        var input = new DatasetFolder(scratch["in"]);
        using (Assert.EnterMultipleScope())
        {
            AssertRefused("old", false, $"{scratch["old"]}: exists already; name another folder or add --force.");
            AssertRefused("other", true, $"{scratch["other"]}: is a folder but no dataset, so it is not replaced; name another one.");
            AssertRefused("file", true, $"{scratch["file"]}: is a file, but the output is a folder; name another one.");
            AssertRefused("in", true, $"{scratch["in"]}: holds the input {scratch["in"]}; name another folder.");
            AssertRefused("no/out", false, $"{scratch["no/out"]}: its folder does not exist; make it first.");
        }

        Write(scratch["in"], scratch["old"], OutputUnit.Official, sources: 1, replace: true);
        Assert.That(StoredFolder.Read(scratch["old"]).Rows, Has.Count.EqualTo(3));
        Assert.That(Directory.Exists(scratch["old.former"]) || Directory.Exists(scratch["old.partial"]), Is.False);

        void AssertRefused(string name, bool replace, string message) => Assert.That(
            () => input.OpenOutput(scratch[name], replace, [input], OutputUnit.Official), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo(message));
    }

    [Test]
    public void AnInputThatIsAlignedAlreadyIsRefused()
    {
        using var scratch = new ScratchFolder();
        OfficialFolder.WriteDataset(scratch["in"], Official, "train", ModelRows.Make(6, 3));
        Write(scratch["in"], scratch["out"], OutputUnit.Official, sources: 1);
        var aligned = new DatasetFolder(scratch["out"]);
        Assert.That(() => aligned.OpenOutput(scratch["again"], false, [aligned], OutputUnit.Official), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo(
            $"{scratch["out/data-00000-of-00001.arrow"]}: already has a column per_step_aligned_logits_0, which the alignment writes; name the dataset before its alignment, or rename the column."));
    }

    private static void Write(string input, string output, OutputUnit unit, int sources, long maxShard = ShardFiles.MaxShard, bool replace = false)
    {
        var folder = new DatasetFolder(input);
        using var writer = new DatasetFolderWriter(output, replace, folder, [.. Enumerable.Repeat(folder, sources)], unit, maxShard);
        WriteAll(writer, folder, unit, sources);
        writer.Commit();
    }

    private static void WriteAll(IDocumentWriter writer, DatasetFolder folder, OutputUnit unit, int sources)
    {
        foreach (string split in folder.Splits)
        {
            foreach ((int row, IDocumentRecord record) in folder.Read(split).Index())
            {
                TokenizedDocument document = record.Parse();
                AlignedDocument[] perSource = [.. Enumerable.Range(0, sources).Select(s => Fused(row, document.Length, unit, s))];
                writer.Write(record, document, [.. Enumerable.Repeat(document, sources)], new FusedDocument(perSource, unit == OutputUnit.Official ? null : perSource[0]));
            }
        }
    }

    /// <summary>Ragged rows that any reader of the test can make again.</summary>
    private static AlignedDocument Fused(int seed, int length, OutputUnit unit, int source)
    {
        var random = new Random((seed * 31) + source);
        var fused = new AlignedDocument("x", unit);
        for (int i = 0; i < length; i++)
        {
            int width = random.Next(0, 5);
            fused.AddRow(
                [.. Enumerable.Range(0, width).Select(_ => random.Next(32_000))], [.. Enumerable.Range(0, width).Select(_ => random.NextDouble())],
                new RowProvenance((RowRule)random.Next(12), Source: random.Next(-1, 3), Missing: random.NextDouble()));
        }

        return fused;
    }

    private static (string Values, string Tokens) Shown(AlignedDocument document) => (
        $"[{string.Join(",", Enumerable.Range(0, document.Rows).Select(i => $"[{string.Join(",", document.ValuesOf(i).ToArray().Select(static v => $"d{BitConverter.DoubleToUInt64Bits(v):X16}"))}]"))}]",
        $"[{string.Join(",", Enumerable.Range(0, document.Rows).Select(i => $"[{string.Join(",", document.IndicesOf(i).ToArray())}]"))}]");
}
