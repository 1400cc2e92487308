using System.Buffers.Binary;
using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus;
using PtaKernels.Tests.Cli;
using PtaKernels.Tests.Corpus.Folders;

namespace PtaKernels.Tests.Corpus.Parquet;

/// <summary>Each way a Parquet file can be bad gives one sentence.</summary>
public sealed class ParquetErrorTests
{
    private ScratchFolder _scratch = null!;

    private string File => _scratch["x.parquet"];

    [SetUp]
    public void WriteFile()
    {
        _scratch = new ScratchFolder();
        MadeParquet.Write(File, new FolderLayout { RowsPerBatch = 4 }, ModelRows.Make(1, 9));
    }

    [TearDown]
    public void RemoveFile() => _scratch.Dispose();

    [Test]
    public void AFolderWithoutFiles()
    {
        Directory.CreateDirectory(_scratch["p"]);
        AssertRefused($"{_scratch["p"]}: is no dataset folder: it has neither dataset_dict.json nor state.json; name a folder made by save_to_disk, or one of Parquet files.", _scratch["p"]);
    }

    [TestCase(0)]
    [TestCase(11)]
    public void ATinyFile(int length)
    {
        Change(b => b[..length]);
        AssertRefused($"{File}: has {length} bytes, fewer than any Parquet file; copy or write the file again.");
    }

    [Test]
    public void AnotherFile()
    {
        System.IO.File.WriteAllText(File, "{\"input_ids\": []}\n");
        AssertRefused($"{File}: is no Parquet file, it does not begin with PAR1; name another file.");
    }

    [Test]
    public void AnEncryptedFile()
    {
        Change(static b => [.. "PARE"u8, .. b[4..]]);
        AssertRefused($"{File}: is encrypted; write it without encryption.");
    }

    [Test]
    public void ATruncatedFileAnywhere()
    {
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int length = 12; length < whole.Length; length += 131)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            AssertRefused($"{File}: cut off or damaged: it does not end with PAR1; copy or write the file again.");
        }
    }

    [TestCase(0u)]
    [TestCase(100_000u)]
    [TestCase(uint.MaxValue)]
    public void AForgedFooterLength(uint footer)
    {
        long length = new FileInfo(File).Length;
        Change(b =>
        {
            BinaryPrimitives.WriteUInt32LittleEndian(b.AsSpan(b.Length - 8), footer);
            return b;
        });
        AssertRefused($"{File}: damaged: its footer says that it has {footer} bytes, in a file of {length}; copy or write the file again.");
    }

    [Test]
    public void GarbageBetweenTheMarks()
    {
        var random = new Random(1);
        for (int i = 0; i < 50; i++)
        {
            byte[] bytes = new byte[400];
            random.NextBytes(bytes);
            "PAR1"u8.CopyTo(bytes);
            "PAR1"u8.CopyTo(bytes.AsSpan(396));
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(392), (uint)random.Next(1, 380));
            System.IO.File.WriteAllBytes(File, bytes);
            Assert.That(Message(File), Does.StartWith($"{File}: damaged").And.EndsWith("; copy or write the file again."));
        }
    }

    [Test]
    public void APageThatClaimsMoreThanItCanHold()
    {
        // The dictionary page of the first column, a text of 1.5 million letters; its header's second field is the size before compression, in four bytes.
        MadeParquet.Write(File, new FolderLayout(), [ModelRows.Make(1, 1)[0] with { Text = new string('a', 1_500_000) }]);
        Change(static b =>
        {
            Assert.That(b[4..7], Is.EqualTo(new byte[] { 0x15, 0x04, 0x15 }));
            new byte[] { 0xFE, 0xFF, 0xFF, 0x7F }.CopyTo(b, 7);
            return b;
        });
        Assert.That(Message(File), Does.Match("^.*x\\.parquet: damaged, or a kind of Parquet that is not read \\(the page at byte 4 has [0-9]+ bytes that should become 134217727\\); copy or write the file again\\.$"));
    }

    [TestCase(17, "its schema is nested more than 16 deep")]
    [TestCase(100_000, "its schema is nested more than 16 deep")]
    [TestCase(3, "its schema has an element of 1 children")]
    public void ASchemaThatIsNestedTooDeeply(int elements, string what)
    {
        List<byte> footer = [0x15, 0x02, 0x19, 0xFC];
        for (int count = elements; ; count >>= 7)
        {
            footer.Add((byte)((count & 127) | (count > 127 ? 128 : 0)));
            if (count < 128)
                break;
        }

        for (int i = 0; i < elements; i++)
            footer.AddRange([0x48, 0x01, (byte)'a', 0x15, (byte)(i < elements - 1 || elements < 10 ? 2 : 0), 0x00]);
        footer.AddRange([0x16, 0x00, 0x19, 0x0C, 0x00]);
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, footer.Count);
        System.IO.File.WriteAllBytes(File, [.. "PAR1"u8, .. footer, .. length, .. "PAR1"u8]);
        AssertRefused($"{File}: damaged, or a kind of Parquet that is not read ({what}); copy or write the file again.");
    }

    [Test]
    public void AMissingColumn()
    {
        MadeParquet.Write(File, 1, ("input_ids", ParquetReadingTests.Ids([1])), ("per_step_logits", ParquetReadingTests.Rows(HalfFloatType.Default, [[1]])));
        AssertRefused($"{File}: has no column per_step_indices of list<list<int32 or int64>>; each model's dataset needs input_ids, per_step_logits and per_step_indices.");
    }

    [Test]
    public void AColumnOfAnotherType()
    {
        MadeParquet.Write(File, 1, ("input_ids", ParquetReadingTests.Ids([1])), ("per_step_logits", ParquetReadingTests.Ids([1])), ("per_step_indices", ParquetReadingTests.Rows(Int64Type.Default, [[1]])));
        AssertRefused($"{File}: column per_step_logits is list<int32>, not list<list<float16, float32 or float64>>; save the dataset again with that type.");
    }

    [Test]
    public void FilesOfDifferentColumns()
    {
        Directory.CreateDirectory(_scratch["p"]);
        MadeParquet.Write(_scratch["p/a.parquet"], new FolderLayout(), ModelRows.Make(1, 2));
        MadeParquet.Write(_scratch["p/b.parquet"], new FolderLayout { Values = DoubleType.Default }, ModelRows.Make(1, 2));
        AssertRefused($"{_scratch["p/b.parquet"]}: its columns differ from those of {_scratch["p/a.parquet"]}; write the files again, or name one of them.", _scratch["p"]);
    }

    [Test]
    public void ANullPosition()
    {
        ArrayData rows = ParquetReadingTests.Rows(HalfFloatType.Default, [[1], [1]]);
        var none = new ArrayData(rows.DataType, 1, 1, 0, [new ArrowBuffer(new byte[] { 0 }), rows.Buffers[1]], rows.Children);
        MadeParquet.Write(File, 1, ("input_ids", ParquetReadingTests.Ids([1, 2])), ("per_step_logits", none), ("per_step_indices", ParquetReadingTests.Rows(Int64Type.Default, [[1], [1]])));
        AssertRefused($"{File}, row 0, column per_step_logits: null; remove the row or run the model again for it.");
    }

    [Test]
    public void RaggedRows()
    {
        MadeParquet.Write(File, 1, ("input_ids", ParquetReadingTests.Ids([1, 2])), ("per_step_logits", ParquetReadingTests.Rows(HalfFloatType.Default, [[1], [1]])), ("per_step_indices", ParquetReadingTests.Rows(Int64Type.Default, [[1, 2], [1]])));
        AssertRefused($"{File}, row 0, column per_step_indices: 1 values at position 1, 2 at position 0; every position needs the same k.");
    }

    private void Change(Func<byte[], byte[]> change) => System.IO.File.WriteAllBytes(File, change(System.IO.File.ReadAllBytes(File)));

    private void AssertRefused(string message, string? path = null) => Assert.That(Message(path ?? File), Is.EqualTo(message));

    private static string? Message(string path)
    {
        try
        {
            foreach (TokenizedDocument document in DocumentFiles.Read(path))
                Assert.That(document, Is.Not.Null);
            return null;
        }
        catch (AlignmentDataException e)
        {
            return e.Message;
        }
    }
}
