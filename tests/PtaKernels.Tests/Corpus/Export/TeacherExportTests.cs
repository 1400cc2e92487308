using System.Data.Common;
using Apache.Arrow.Types;
using DuckDB.NET.Data;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Export;
using PtaKernels.Corpus.Folders;
using PtaKernels.Tests.Cli;
using PtaKernels.Tests.Corpus.Folders;
using PtaKernels.Tests.Corpus.Parquet;

namespace PtaKernels.Tests.Corpus.Export;

/// <summary>What goes out comes back: every form to every other one, values and types.</summary>
public sealed class TeacherExportTests
{
    private ScratchFolder _scratch = null!;

    [SetUp]
    public void MakeScratch() => _scratch = new ScratchFolder();

    [TearDown]
    public void RemoveScratch() => _scratch.Dispose();

    [Test]
    public void AnUnpaddedFolderComesBackBitForBit([Values(typeof(HalfFloatType), typeof(FloatType), typeof(DoubleType))] Type values)
    {
        FolderLayout layout = new() { RowsPerBatch = 4, Values = (IArrowType)values.GetField("Default")!.GetValue(null)! };
        OfficialFolder.WriteDict(_scratch["d"], layout, ("train", ModelRows.Make(1, 11)), ("test", ModelRows.Make(2, 3)), ("none", []));
        ExportReport report = Export(DocumentFiles.Open(_scratch["d"]), "out");
        Assert.That(report, Is.EqualTo(new ExportReport(14, ModelRows.Make(1, 11).Concat(ModelRows.Make(2, 3)).Sum(static r => r.Ids.Length))));
        foreach (string split in new[] { "train", "test", "none" })
        {
            StoredFolder expected = StoredFolder.Read(_scratch["d"], split), actual = StoredFolder.Read(_scratch["out"], split);
            using (Assert.EnterMultipleScope())
            {
                Assert.That(actual.Schema.FieldsList.Select(static f => $"{f.Name} {ArrowLists.Describe(f.DataType)}"), Is.EqualTo(expected.Schema.FieldsList.Select(static f => $"{f.Name} {ArrowLists.Describe(f.DataType)}")));
                Assert.That(actual.Rows, Is.EqualTo(expected.Rows));
                Assert.That(actual.State.GetProperty("_split").GetString(), Is.EqualTo(split));
                Assert.That(actual.Info.GetProperty("features").GetProperty("label").GetProperty("_type").GetString(), Is.EqualTo("ClassLabel"), "what the input says of a copied column stays");
            }
        }
    }

    [Test]
    public void PaddingIsTrimmed()
    {
        ModelRow[] rows = ModelRows.Make(1, 11);
        OfficialFolder.WriteDataset(_scratch["padded"], new FolderLayout { PadTo = 12, Positions = ListKind.Fixed }, "train", rows);
        OfficialFolder.WriteDataset(_scratch["d"], new FolderLayout(), "train", rows);
        Export(DocumentFiles.Open(_scratch["padded"]), "out");
        Assert.That(StoredFolder.Read(_scratch["out"]).Rows, Is.EqualTo(StoredFolder.Read(_scratch["d"]).Rows));
    }

    [Test]
    public void EveryFormGivesTheSameDocuments()
    {
        OfficialFolder.WriteDataset(_scratch["d"], new FolderLayout { PadTo = 12, RowsPerBatch = 4 }, "train", ModelRows.Make(1, 70));
        var folder = (DatasetFolder)DocumentFiles.Open(_scratch["d"]);
        string last = _scratch["d"];
        foreach (string form in new[] { "a.parquet", "b.jsonl", "c", "d.jsonl.gz", "e.parquet", "f" })
        {
            Export(DocumentFiles.Open(last), form);
            ParquetReadingTests.AssertSame(folder, DocumentFiles.Open(last = _scratch[form]));
        }

        // Through JSON lines the types of the input are lost; those of the official step 2 remain.
        StoredFolder stored = StoredFolder.Read(last);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(stored.Schema.FieldsList.Select(static f => $"{f.Name} {ArrowLists.Describe(f.DataType)}"), Is.EqualTo(new[]
            {
                "input_ids list<int32>", "attention_mask list<int8>", "labels list<int64>", "per_step_logits list<list<float16>>", "per_step_indices list<list<int64>>",
                "metric_ce float64", "per_step_metric_ce list<float64>", "per_step_lse list<float64>",
            }));
            Assert.That(stored.Rows.Select(static r => r["per_step_logits"]), Is.EqualTo(StoredOf(_scratch["d"], "out-of-d").Rows.Select(static r => r["per_step_logits"])));
            Assert.That(stored.Rows.Select(static r => r["labels"]), Is.EqualTo(stored.Rows.Select(static r => r["input_ids"])));
            Assert.That(stored.Rows.Select(static r => r["attention_mask"]), Is.EqualTo(folder.Read("train").Select(static r => $"[{string.Join(",", Enumerable.Repeat(1, r.Parse().Length))}]")));
        }
    }

    [Test]
    public void LinesKeepNamesSpansAndWhatSomeDocumentsLack()
    {
        string lines = _scratch.Write("x.jsonl", """
            {"id": "a", "input_ids": [3, 4], "per_step_logits": [[1, 0.5], [2, -Infinity]], "per_step_indices": [[3, 9], [1, 2]], "byte_offsets": [[0, 1], [1, 4]], "metric_ce": 0.1}
            {"input_ids": [5], "per_step_logits": [[1, 0.5]], "per_step_indices": [[3, 9]], "per_step_lse": [7.1]}
            {"id": "é", "input_ids": [], "per_step_logits": [], "per_step_indices": [], "per_step_metric_ce": []}
            """);
        foreach (string form in new[] { "a.parquet", "b", "c.jsonl" })
        {
            Export(DocumentFiles.Open(lines), form);
            TokenizedDocument[] documents = [.. DocumentFiles.Read(_scratch[form])];
            using (Assert.EnterMultipleScope())
            {
                Assert.That(documents.Select(static d => d.Id), Is.EqualTo(new[] { "a", form switch { "a.parquet" => "row 1", "b" => "train/1", _ => "line 2" }, "é" }));
                Assert.That(documents[0].Spans, Is.EqualTo(new[] { (0, 1), (1, 4) }));
                Assert.That(documents[1].Spans, Is.Null);
                Assert.That(documents[0].Candidates.Values, Is.EqualTo(new[] { 1, 0.5, 2, double.NegativeInfinity }));
                Assert.That(documents.Select(static d => d.MeanCrossEntropy), Is.EqualTo(new double?[] { 0.1, null, null }));
                Assert.That(documents[0].LogSumExp, Is.Null);
                Assert.That(documents[1].LogSumExp, Is.EqualTo(new[] { 7.1 }));
                Assert.That(documents[1].LabelCrossEntropy, Is.Null);
                Assert.That(documents[2].LabelCrossEntropy, Is.Empty);
            }
        }
    }

    [Test]
    public void SeveralSplitsBecomeSeveralFiles()
    {
        OfficialFolder.WriteDict(_scratch["d"], new FolderLayout(), ("train", ModelRows.Make(1, 5)), ("test", ModelRows.Make(2, 3)));
        Export(DocumentFiles.Open(_scratch["d"]), "out.parquet");
        Export(DocumentFiles.Open(_scratch["d"]), "out.jsonl.gz");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(DocumentFiles.Read(_scratch["out-train.parquet"]).Count(), Is.EqualTo(5));
            Assert.That(DocumentFiles.Read(_scratch["out-test.parquet"]).Count(), Is.EqualTo(3));
            Assert.That(DocumentFiles.Read(_scratch["out-test.jsonl.gz"]).Count(), Is.EqualTo(3));
            Assert.That(Directory.GetFileSystemEntries(_scratch.Path), Has.Length.EqualTo(5));
        }
    }

    [Test]
    public void LinesKeepSingleValuesOfOtherColumns()
    {
        OfficialFolder.WriteDataset(_scratch["d"], new FolderLayout(), "train", ModelRows.Make(1, 2));
        Export(DocumentFiles.Open(_scratch["d"]), "out.jsonl");
        IDocumentRecord record = DocumentFiles.Open(_scratch["out.jsonl"]).Read("").First();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(record.ValueOf("language"), Is.EqualTo("de"));
            Assert.That(record.ValueOf("text"), Is.EqualTo("text of row 0, ▁é"));
            Assert.That(record.ValueOf("label"), Is.EqualTo(DocumentFiles.Open(_scratch["d"]).Read("train").First().ValueOf("label")));
        }
    }

    [Test]
    public void AValueThatIsNoFloat16IsRefused()
    {
        string lines = _scratch.Write("x.jsonl", """{"input_ids": [3], "per_step_logits": [[0.1]], "per_step_indices": [[3]]}""");
        AssertRefused($"{lines}, line 1, column per_step_logits: 0.1 is no float16; export with --values float32, which takes twice the room.", lines, "out");
        Export(DocumentFiles.Open(lines), "out", ExportValues.Float32);
        Assert.That(DocumentFiles.Read(_scratch["out"]).Single().Candidates.Values, Is.EqualTo(new[] { (double)0.1f }));
        Export(DocumentFiles.Open(lines), "out64", ExportValues.Float64);
        Assert.That(DocumentFiles.Read(_scratch["out64"]).Single().Candidates.Values, Is.EqualTo(new[] { 0.1 }));
        Export(DocumentFiles.Open(lines), "out16", ExportValues.Float16);
        Assert.That(DocumentFiles.Read(_scratch["out16"]).Single().Candidates.Values, Is.EqualTo(new[] { (double)(Half)0.1 }));
        lines = _scratch.Write("y.jsonl", """{"input_ids": [3], "per_step_logits": [[1e6]], "per_step_indices": [[3]]}""");
        Assert.That(() => Export(DocumentFiles.Open(lines), "big", ExportValues.Float16), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("1000000 is no float16"));
    }

    [TestCase("out")]
    [TestCase("out.parquet")]
    [TestCase("out.jsonl")]
    public void NothingIsLeftOfAFailedOrCancelledExport(string form)
    {
        string lines = _scratch.Write("x.jsonl", """
            {"input_ids": [3], "per_step_logits": [[1]], "per_step_indices": [[3]]}
            {"input_ids": [3], "per_step_logits": [[1]]}
            """);
        Assert.That(() => Export(DocumentFiles.Open(lines), form), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith($"{lines}, line 2: "));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.That(() => new TeacherExport { Input = DocumentFiles.Open(lines), OutputPath = _scratch[form] }.Run(cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.GetFileSystemEntries(_scratch.Path), Is.EqualTo(new[] { lines }));
    }

    [TestCase("out")]
    [TestCase("out.parquet")]
    [TestCase("out.jsonl")]
    public void AnOutputThatExistsIsReplacedOnlyOnRequest(string form)
    {
        string lines = _scratch.Write("x.jsonl", """{"input_ids": [3], "per_step_logits": [[1]], "per_step_indices": [[3]]}""");
        Export(DocumentFiles.Open(lines), form);
        Assert.That(() => Export(DocumentFiles.Open(lines), form), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("exists already"));
        new TeacherExport { Input = DocumentFiles.Open(lines), OutputPath = _scratch[form], Replace = true }.Run(default);
        AssertRefused($"{lines}: is the input; name another output.", lines, "x.jsonl");
    }

    [Test]
    public void TheSameInputGivesTheSameBytes()
    {
        OfficialFolder.WriteDataset(_scratch["d"], new FolderLayout(), "train", ModelRows.Make(1, 40));
        foreach (string form in new[] { "parquet", "jsonl", "jsonl.gz" })
        {
            Export(DocumentFiles.Open(_scratch["d"]), $"a.{form}");
            Export(DocumentFiles.Open(_scratch["d"]), $"b.{form}");
            Assert.That(File.ReadAllBytes(_scratch[$"b.{form}"]), Is.EqualTo(File.ReadAllBytes(_scratch[$"a.{form}"])));
        }
    }

    [Test]
    public void ProgressIsTold()
    {
        OfficialFolder.WriteDataset(_scratch["d"], new FolderLayout(), "train", ModelRows.Make(1, 130));
        List<(long, double)> told = [];
        new TeacherExport { Input = DocumentFiles.Open(_scratch["d"]), OutputPath = _scratch["out"], Progress = (n, share) => told.Add((n, share)) }.Run(default);
        Assert.That(told, Is.EqualTo(new[] { (64L, 64.0 / 130), (128L, 128.0 / 130) }));
    }

    /// <summary>DuckDB has its own Parquet reader.</summary>
    [Test]
    [Category("Long")]
    public void DuckDbReadsTheParquetFile()
    {
        // Values in float32: DuckDB knows float16 of Parquet as a number too, but shows it as float.
        OfficialFolder.WriteDataset(_scratch["d"], new FolderLayout { PadTo = 12, RowsPerBatch = 4 }, "train", ModelRows.Make(1, 23));
        Export(DocumentFiles.Open(_scratch["d"]), "out.parquet");
        TokenizedDocument[] documents = [.. DocumentFiles.Read(_scratch["d"])];
        using var connection = new DuckDBConnection("Data Source=:memory:");
        connection.Open();
        using DbCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT input_ids, attention_mask, labels, per_step_logits, per_step_indices, metric_ce, per_step_lse, language FROM read_parquet('{_scratch["out.parquet"]}')";
        using DbDataReader reader = command.ExecuteReader();
        int row = 0;
        for (; reader.Read(); row++)
        {
            TokenizedDocument document = documents[row];
            using (Assert.EnterMultipleScope())
            {
                Assert.That(reader.GetValue(0), Is.EqualTo(document.Ids));
                Assert.That(reader.GetValue(1), Is.EqualTo(document.Ids.Select(static _ => (sbyte)1)));
                Assert.That(reader.GetValue(2), Is.EqualTo(document.Ids.Select(static i => (long)i)));
                Assert.That(Flat(reader.GetValue(3)), Is.EqualTo(document.Candidates.Values));
                Assert.That(Flat(reader.GetValue(4)), Is.EqualTo(document.Candidates.Indices.Select(static i => (double)i)));
                Assert.That(Convert.ToDouble(reader.GetValue(5), null), Is.EqualTo(document.MeanCrossEntropy));
                Assert.That(Flat(reader.GetValue(6)), Is.EqualTo(document.LogSumExp));
                Assert.That(reader.GetValue(7), Is.EqualTo(row % 3 == 0 ? "de" : "en"));
            }
        }

        Assert.That(row, Is.EqualTo(23));
    }

    private static double[] Flat(object value) => value is System.Collections.IEnumerable list and not string
        ? [.. list.Cast<object>().SelectMany(Flat)]
        : [Convert.ToDouble(value, null)];

    private StoredFolder StoredOf(string input, string name)
    {
        Export(DocumentFiles.Open(input), name);
        return StoredFolder.Read(_scratch[name]);
    }

    private void AssertRefused(string message, string input, string form) =>
        Assert.That(() => Export(DocumentFiles.Open(input), form), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo(message));

    private ExportReport Export(IDocumentReader input, string form, ExportValues values = ExportValues.Auto) =>
        new TeacherExport { Input = input, OutputPath = _scratch[form], Values = values }.Run(default);
}
