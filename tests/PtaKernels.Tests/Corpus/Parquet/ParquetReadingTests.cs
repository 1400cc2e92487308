using Apache.Arrow;
using Apache.Arrow.Types;
using ParquetSharp;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Parquet;
using PtaKernels.Tests.Cli;
using PtaKernels.Tests.Corpus.Folders;

namespace PtaKernels.Tests.Corpus.Parquet;

/// <summary>Parquet gives the documents that a dataset folder of the same rows gives.</summary>
public sealed class ParquetReadingTests
{
    private ScratchFolder _scratch = null!;

    [SetUp]
    public void MakeScratch() => _scratch = new ScratchFolder();

    [TearDown]
    public void RemoveScratch() => _scratch.Dispose();

    [Test]
    public void GivesWhatTheFolderGives([Values] ListKind positions, [Values(Compression.Snappy, Compression.Zstd, Compression.Uncompressed)] Compression compression, [Values] bool storeSchema)
    {
        FolderLayout layout = new() { PadTo = 12, RowsPerBatch = 5, Positions = positions, Candidates = positions };
        ModelRow[] rows = ModelRows.Make(3, 23);
        OfficialFolder.WriteDataset(_scratch["d"], layout, "train", rows);
        MadeParquet.Write(_scratch["d.parquet"], layout, rows, compression, storeSchema);
        AssertSame(new DatasetFolder(_scratch["d"]), DocumentFiles.Open(_scratch["d.parquet"]));
    }

    [TestCase(typeof(HalfFloatType), typeof(Int32Type))]
    [TestCase(typeof(FloatType), typeof(Int64Type))]
    [TestCase(typeof(DoubleType), typeof(Int32Type))]
    public void ReadsEveryTypeOfNumber(Type values, Type tokens)
    {
        FolderLayout layout = new() { Values = (IArrowType)values.GetField("Default")!.GetValue(null)!, Tokens = (IArrowType)tokens.GetField("Default")!.GetValue(null)! };
        ModelRow[] rows = ModelRows.Make(5, 7);
        OfficialFolder.WriteDataset(_scratch["d"], layout, "train", rows);
        MadeParquet.Write(_scratch["x.parquet"], layout, rows);
        AssertSame(new DatasetFolder(_scratch["d"]), DocumentFiles.Open(_scratch["x.parquet"]));
    }

    [Test]
    public void ReadsAFolderOfFilesInOrder()
    {
        ModelRow[] rows = ModelRows.Make(1, 30);
        Directory.CreateDirectory(_scratch["p"]);
        MadeParquet.Write(_scratch["p/b.parquet"], new FolderLayout { RowsPerBatch = 3 }, rows[10..]);
        MadeParquet.Write(_scratch["p/B.parquet"], new FolderLayout(), rows[..10]);
        _scratch.Write("p/README.md", "not read");
        var reader = (ParquetDocuments)DocumentFiles.Open(_scratch["p"]);
        IDocumentRecord[] records = [.. reader.Read("")];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(reader.CountOf(""), Is.EqualTo(30));
            Assert.That(records.Select(static r => r.Parse().Ids), Is.EqualTo(rows.Select(static r => r.Ids)));
            Assert.That(records.Select(static r => r.DefaultId), Is.EqualTo(Enumerable.Range(0, 30).Select(static i => $"row {i}")));
            Assert.That(records[^1].Where, Is.EqualTo($"{_scratch["p/b.parquet"]}, row 29"));
            Assert.That(records[^1].Share, Is.EqualTo(1));
            Assert.That(records[3].ValueOf("language"), Is.EqualTo("de"));
        }
    }

    [Test]
    public void ReadsAFileByItsFirstBytes()
    {
        MadeParquet.Write(_scratch["model.bin"], new FolderLayout(), ModelRows.Make(1, 2));
        Assert.That(DocumentFiles.Open(_scratch["model.bin"]).Kind, Is.EqualTo("Parquet file"));
    }

    [Test]
    public void ReadsAnEmptyFile()
    {
        MadeParquet.Write(_scratch["e.parquet"], new FolderLayout(), []);
        Assert.That(DocumentFiles.Read(_scratch["e.parquet"]), Is.Empty);
    }

    [Test]
    public void RecordsStayValidAndAreReadByManyThreads()
    {
        ModelRow[] rows = ModelRows.Make(9, 200);
        MadeParquet.Write(_scratch["m.parquet"], new FolderLayout { RowsPerBatch = 7 }, rows);
        IDocumentRecord[] records = [.. DocumentFiles.Open(_scratch["m.parquet"]).Read("")];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        int[][] ids = new int[rows.Length][];
        System.Threading.Tasks.Parallel.For(0, rows.Length, i => ids[i] = records[i].Parse().Ids);
        Assert.That(ids, Is.EqualTo(rows.Select(static r => r.Ids)));
    }

    [Test]
    public void LeavesOutWhatCannotBeCopied()
    {
        var dictionary = new DictionaryType(Int32Type.Default, StringType.Default, false);
        ArrayData words = new StringArray.Builder().Append("de").Append("en").Build().Data;
        var languages = new ArrayData(dictionary, 1, 0, 0, [ArrowBuffer.Empty, new ArrowBuffer(BitConverter.GetBytes(1))], null, words);
        MadeParquet.Write(_scratch["l.parquet"], 1, ("language", languages), ("input_ids", Ids([4])), ("per_step_logits", Rows(HalfFloatType.Default, [[1, 0]])), ("per_step_indices", Rows(Int64Type.Default, [[7, 8]])));
        IDocumentRecord record = DocumentFiles.Open(_scratch["l.parquet"]).Read("").Single();
        Assert.That(record.Parse().Candidates.Indices, Is.EqualTo(new[] { 7, 8 }));
        Assert.That(() => record.ValueOf("language"), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("has no column language; the columns are input_ids"));
    }

    internal static ArrayData Ids(int[] ids) => OfficialFolder.Lists(ListKind.List, OfficialFolder.Leaf(Int32Type.Default, [.. ids.Select(static i => (double)i)]), [ids.Length]);

    internal static ArrayData Rows(IArrowType type, double[][] rows) => OfficialFolder.Lists(
        ListKind.List, OfficialFolder.Lists(ListKind.List, OfficialFolder.Leaf(type, [.. rows.SelectMany(static r => r)]), [.. rows.Select(static r => r.Length)]), [rows.Length]);

    internal static void AssertSame(IDocumentReader expected, IDocumentReader actual)
    {
        TokenizedDocument[] wanted = [.. expected.Splits.SelectMany(s => expected.Read(s)).Select(static r => r.Parse())];
        TokenizedDocument[] found = [.. actual.Splits.SelectMany(s => actual.Read(s)).Select(static r => r.Parse())];
        Assert.That(found, Has.Length.EqualTo(wanted.Length));
        for (int d = 0; d < wanted.Length; d++)
        {
            using (Assert.EnterMultipleScope())
            {
                Assert.That(found[d].Ids, Is.EqualTo(wanted[d].Ids));
                Assert.That(found[d].Candidates.K, Is.EqualTo(wanted[d].Candidates.K));
                Assert.That(found[d].Candidates.Indices, Is.EqualTo(wanted[d].Candidates.Indices));
                Assert.That(found[d].Candidates.Values, Is.EqualTo(wanted[d].Candidates.Values));
                Assert.That(found[d].LogSumExp, Is.EqualTo(wanted[d].LogSumExp));
                Assert.That(found[d].LabelCrossEntropy, Is.EqualTo(wanted[d].LabelCrossEntropy));
                Assert.That(found[d].MeanCrossEntropy, Is.EqualTo(wanted[d].MeanCrossEntropy));
                Assert.That(found[d].Spans, Is.EqualTo(wanted[d].Spans));
            }
        }
    }
}
