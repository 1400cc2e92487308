using Apache.Arrow.Types;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>Dataset folders of every layout give the documents that were put into them.</summary>
public sealed class FolderReadingTests
{
    private static readonly IArrowType[] ValueTypes = [HalfFloatType.Default, FloatType.Default, DoubleType.Default];
    private static readonly IArrowType[] TokenTypes = [Int32Type.Default, Int64Type.Default];

    private static IEnumerable<TestCaseData> Layouts()
    {
        foreach (IArrowType values in ValueTypes)
        {
            foreach (IArrowType tokens in TokenTypes)
            {
                foreach (ListKind positions in Enum.GetValues<ListKind>())
                {
                    foreach (ListKind candidates in Enum.GetValues<ListKind>())
                    {
                        foreach (int pad in positions == ListKind.Fixed ? new[] { 12 } : [0, 12])
                            yield return new TestCaseData(new FolderLayout { Values = values, Tokens = tokens, Positions = positions, Candidates = candidates, PadTo = pad, RowsPerBatch = 2 })
                                .SetArgDisplayNames(values.Name, tokens.Name, $"{positions} of {candidates}", $"padded to {pad}");
                    }
                }
            }
        }
    }

    [TestCaseSource(nameof(Layouts))]
    public void EveryLayoutGivesTheSameDocuments(object layout)
    {
        using var scratch = new ScratchFolder();
        ModelRow[] rows = ModelRows.Make(1, 5);
        OfficialFolder.WriteDataset(scratch["d"], (FolderLayout)layout, "train", rows);
        AssertDocuments([.. DocumentFiles.Read(scratch["d"])], rows, "train");
    }

    [Test]
    public void SplitsAndShardsFollowOneAnother()
    {
        using var scratch = new ScratchFolder();
        var layout = new FolderLayout { RowsPerBatch = 3, RowsPerShard = 7, PadTo = 10 };
        ModelRow[] train = ModelRows.Make(2, 23), validation = ModelRows.Make(3, 8);
        OfficialFolder.WriteDict(scratch["d"], layout, ("train", train), ("validation", validation), ("test", []));
        var folder = new DatasetFolder(scratch["d"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(folder.Splits, Is.EqualTo(["train", "validation", "test"]));
            Assert.That(folder.Splits.Select(folder.CountOf), Is.EqualTo([23L, 8L, 0L]));
            AssertDocuments([.. folder.Read("train").Select(static r => r.Parse())], train, "train");
            AssertDocuments([.. folder.Read("validation").Select(static r => r.Parse())], validation, "validation");
            Assert.That(folder.Read("test"), Is.Empty);
            Assert.That(folder.Read("train").Last().Where, Is.EqualTo($"{scratch["d"]}/train/data-00003-of-00004.arrow, row 22"));
            Assert.That(folder.Read("validation").Last().Share, Is.EqualTo(1));
        }
    }

    [Test]
    public void RecordsStayValidAfterTheNextShard()
    {
        using var scratch = new ScratchFolder();
        ModelRow[] rows = ModelRows.Make(4, 40);
        OfficialFolder.WriteDataset(scratch["d"], new FolderLayout { RowsPerBatch = 2, RowsPerShard = 4 }, null, rows);
        IDocumentRecord[] records = [.. new DatasetFolder(scratch["d"]).Read("data")];
        GC.Collect();
        GC.WaitForPendingFinalizers();
        AssertDocuments([.. records.Select(static r => r.Parse())], rows, "data");
    }

    [Test]
    public void LargerFilesAreReadWithoutAMapping()
    {
        using var scratch = new ScratchFolder();
        ModelRow[] rows = ModelRows.Make(5, 11);
        string path = scratch["shard.arrow"];
        OfficialFolder.WriteShard(path, new FolderLayout { RowsPerBatch = 4 }, rows);
        var shard = new ArrowShard(path, mapLimit: 0);
        TokenizedDocument[] documents = [.. shard.ReadBatches().SelectMany(batch =>
        {
            Assert.That(batch.Mapping, Is.Null);
            var columns = new DocumentColumns(shard, batch);
            return Enumerable.Range(0, batch.Batch.Length).Select(r => columns.Document(r, $"x/{batch.FirstRow + r}", ""));
        })];
        AssertDocuments(documents, rows, "x");
    }

    [Test]
    public void OptionalColumnsMayBeMissing()
    {
        using var scratch = new ScratchFolder();
        ModelRow[] rows = [new([1, 2], [[1], [2]], [[3], [4]])];
        OfficialFolder.WriteDataset(scratch["d"], new FolderLayout { Extras = false }, "train", rows);
        TokenizedDocument document = DocumentFiles.Read(scratch["d"]).Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(document.LogSumExp, Is.Null);
            Assert.That(document.LabelCrossEntropy, Is.Null);
            Assert.That(document.MeanCrossEntropy, Is.Null);
            Assert.That(document.Spans, Is.Null);
        }
    }

    [Test]
    public void EveryHalfIsWidenedExactly()
    {
        using var scratch = new ScratchFolder();
        double[] halves = [.. Enumerable.Range(0, 1 << 16).Select(static b => (double)BitConverter.UInt16BitsToHalf((ushort)b))];
        double[][] rows = [.. halves.Chunk(64)];
        OfficialFolder.WriteDataset(scratch["d"], new FolderLayout { Extras = false }, "train", [new([.. Enumerable.Range(0, rows.Length)], rows, [.. rows.Select(static r => new int[r.Length])])]);
        Assert.That(DocumentFiles.Read(scratch["d"]).Single().Candidates.Values, Is.EqualTo(halves));
    }

    private static void AssertDocuments(TokenizedDocument[] documents, ModelRow[] rows, string split)
    {
        Assert.That(documents, Has.Length.EqualTo(rows.Length));
        using (Assert.EnterMultipleScope())
        {
            for (int i = 0; i < rows.Length; i++)
            {
                Assert.That(documents[i].Id, Is.EqualTo($"{split}/{i}"));
                Assert.That(documents[i].Ids, Is.EqualTo(rows[i].Ids));
                Assert.That(documents[i].Candidates.K, Is.EqualTo(3));
                Assert.That(documents[i].Candidates.Values, Is.EqualTo(rows[i].Logits.SelectMany(static r => r)));
                Assert.That(documents[i].Candidates.Indices, Is.EqualTo(rows[i].Indices.SelectMany(static r => r)));
                Assert.That(documents[i].LogSumExp, Is.EqualTo(rows[i].LogSumExp));
                Assert.That(documents[i].LabelCrossEntropy, Is.EqualTo(rows[i].CrossEntropy));
                Assert.That(documents[i].MeanCrossEntropy, Is.EqualTo(rows[i].MeanCrossEntropy));
            }
        }
    }
}
