using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>Every bad folder is refused with one sentence that says where, what, and what to do.</summary>
public sealed class FolderErrorTests
{
    private const string Shard = "d/data-00000-of-00001.arrow";

    private ScratchFolder _scratch = null!;

    [SetUp]
    public void WriteFolder()
    {
        _scratch = new ScratchFolder();
        OfficialFolder.WriteDataset(_scratch["d"], new FolderLayout { PadTo = 12, RowsPerBatch = 4 }, "train", ModelRows.Make(1, 9));
    }

    [TearDown]
    public void RemoveFolder() => _scratch.Dispose();

    [Test]
    public void AFolderThatIsNoDataset()
    {
        Directory.CreateDirectory(_scratch["empty"]);
        AssertRefused($"{_scratch["empty"]}: is no dataset folder: it has neither dataset_dict.json nor state.json; name a folder made by save_to_disk, or one of Parquet files.", "empty");
        AssertRefused($"{_scratch["none"]}: no such file or folder.", "none");
    }

    [TestCase("""{"_data_files": [""", "not whole JSON; copy or save the dataset again.")]
    [TestCase("""[]""", "is no JSON object; copy or save the dataset again.")]
    [TestCase("""{}""", "lists no _data_files; copy or save the dataset again.")]
    [TestCase("""{"_data_files": [{"name": "a"}]}""", "an entry of _data_files has no filename; copy or save the dataset again.")]
    [TestCase("""{"_data_files": [{"filename": "../a.arrow"}]}""", "\"../a.arrow\" is no name inside the folder; copy or save the dataset again.")]
    public void ABadState(string state, string message)
    {
        string path = _scratch.Write("d/state.json", state);
        AssertRefused($"{path}: {message}");
    }

    [Test]
    public void ASelectionOfRows()
    {
        _scratch.Write("d/state.json", """{"_data_files": [{"filename": "a.arrow"}], "_indices_data_files": [{"filename": "b.arrow"}]}""");
        AssertRefused($"{_scratch["d"]}: holds a selection of rows by index files; load it, call flatten_indices() and save it again.");
    }

    [TestCase("""{"splits": "train"}""", "has no list splits; copy or save the dataset again.")]
    [TestCase("""{"splits": []}""", "lists no split; save the dataset again.")]
    public void ABadDict(string dict, string message)
    {
        string path = _scratch.Write("d/dataset_dict.json", dict);
        AssertRefused($"{path}: {message}");
    }

    [Test]
    public void AMissingSplit()
    {
        _scratch.Write("d/dataset_dict.json", """{"splits": ["train"]}""");
        AssertRefused($"{_scratch["d/train"]}: has no state.json; copy the whole folder again.");
    }

    [Test]
    public void AMissingShard()
    {
        File.Delete(_scratch[Shard]);
        AssertRefused($"{_scratch[Shard]}: missing, though the folder lists it; copy the whole folder again.");
    }

    [Test]
    public void ATruncatedShardAnywhere()
    {
        byte[] whole = File.ReadAllBytes(_scratch[Shard]);
        for (int length = 0; length < whole.Length; length += length < 64 ? 1 : 97)
        {
            File.WriteAllBytes(_scratch[Shard], whole[..length]);
            string message = Message()!;
            Assert.That(message, Does.StartWith($"{_scratch[Shard]}: cut off: it ends at byte {length} inside the message").And.EndsWith("copy or save the dataset again."), $"{length} bytes");
        }

        File.WriteAllBytes(_scratch[Shard], whole[..^8]); // only the mark of the end is missing
        Assert.That(Message(), Does.Contain("cut off"));
    }

    [Test]
    public void AFileThatIsNoArrowStream()
    {
        File.WriteAllBytes(_scratch[Shard], "ARROW1\0\0 and more"u8.ToArray());
        AssertRefused($"{_scratch[Shard]}: is no Arrow stream; save the dataset with save_to_disk.");
    }

    [Test]
    public void AMessageOfMoreThanTwoGiB()
    {
        // The length of the first record batch's body, raised above the limit in its frame.
        byte[] bytes = File.ReadAllBytes(_scratch[Shard]);
        long body = FirstBody(bytes);
        int at = bytes.AsSpan().IndexOf(BitConverter.GetBytes(body));
        BitConverter.TryWriteBytes(bytes.AsSpan(at), 3L << 30);
        File.WriteAllBytes(_scratch[Shard], bytes);
        AssertRefused($"{_scratch[Shard]}: its message 1 has {3L << 30} bytes, and at most 2 GiB can be read; save the dataset with fewer rows per batch.");
    }

    [Test]
    public void AMissingColumn()
    {
        WriteColumns(("input_ids", Ids([1])), ("per_step_logits", Rows(HalfFloatType.Default, [[1]])));
        AssertRefused($"{_scratch[Shard]}: has no column per_step_indices of list<list<int32 or int64>>; each model's dataset needs input_ids, per_step_logits and per_step_indices.");
    }

    [Test]
    public void AColumnOfAnotherType()
    {
        WriteColumns(("input_ids", Ids([1])), ("per_step_logits", Ids([1])), ("per_step_indices", Rows(Int64Type.Default, [[1]])));
        AssertRefused($"{_scratch[Shard]}: column per_step_logits is list<int32>, not list<list<float16, float32 or float64>>; save the dataset again with that type.");
        WriteColumns(("input_ids", Ids([1])), ("per_step_logits", Rows(HalfFloatType.Default, [[1]])), ("per_step_indices", Rows(DoubleType.Default, [[1]])));
        AssertRefused($"{_scratch[Shard]}: column per_step_indices is list<list<float64>>, not list<list<int32 or int64>>; save the dataset again with that type.");
    }

    [Test]
    public void TheSameColumnTwice()
    {
        WriteColumns(("input_ids", Ids([1])), ("input_ids", Ids([1])));
        AssertRefused($"{_scratch[Shard]}: has several columns named input_ids; save the dataset again with different names.");
    }

    [Test]
    public void ShardsOfDifferentColumns()
    {
        OfficialFolder.WriteDataset(_scratch["d"], new FolderLayout { RowsPerShard = 3 }, "train", ModelRows.Make(1, 6));
        OfficialFolder.WriteShard(_scratch["d/data-00001-of-00002.arrow"], new FolderLayout { Values = DoubleType.Default }, ModelRows.Make(1, 3));
        AssertRefused($"{_scratch["d/data-00001-of-00002.arrow"]}: its columns differ from those of {_scratch["d/data-00000-of-00002.arrow"]}; save the dataset again.");
    }

    [Test]
    public void RaggedRows()
    {
        WriteRows([[1, 2], [1]], [[1, 2], [1]]);
        AssertRefused(At(0, "per_step_indices: 1 values at position 1, 2 at position 0; every position needs the same k"));
    }

    [Test]
    public void TooFewPositions()
    {
        WriteRows([[1, 2]], [[1, 2]]);
        AssertRefused(At(0, "per_step_indices: 1 positions for 2 input_ids; run the model again for this row"));
    }

    [Test]
    public void CandidatesThatDoNotMatch()
    {
        WriteRows([[1, 2], [1, 2]], [[1], [1]]);
        AssertRefused(At(0, "per_step_logits: 2 values per position, but per_step_indices has 1; both need the same k"));
    }

    [Test]
    public void TooManyCandidates()
    {
        double[] wide = new double[65];
        WriteRows([wide, wide], [wide, wide]);
        AssertRefused(At(0, "per_step_logits: 65 candidates per position; 1..64 are possible"));
    }

    [Test]
    public void ANumberThatIsNoTokenId()
    {
        WriteRows([[1], [2]], [[1], [5e9]]);
        AssertRefused(At(0, "per_step_indices: value 1 is 5000000000, which is no token id; use the tokenizer that made the ids"));
    }

    [Test]
    public void NullLists()
    {
        ArrayData rows = Rows(HalfFloatType.Default, [[1], [1]]);
        var none = new ArrayData(rows.DataType, 1, 1, 0, [new ArrowBuffer(new byte[] { 0 }), rows.Buffers[1]], rows.Children);
        WriteColumns(("input_ids", Ids([1, 2])), ("per_step_logits", none), ("per_step_indices", Rows(Int64Type.Default, [[1], [1]])));
        AssertRefused(At(0, "per_step_logits: null; remove the row or run the model again for it"));
    }

    [Test]
    public void NullValues()
    {
        var builder = new DoubleArray.Builder();
        ArrayData leaf = builder.Append(1).AppendNull().Build().Data;
        ArrayData rows = OfficialFolder.Lists(ListKind.List, OfficialFolder.Lists(ListKind.List, leaf, [1, 1]), [2]);
        WriteColumns(("input_ids", Ids([1, 2])), ("per_step_logits", rows), ("per_step_indices", Rows(Int64Type.Default, [[1], [1]])));
        AssertRefused(At(0, "per_step_logits: value 1 is null; run the model again for this row"));
    }

    [Test]
    public void TooFewLogSumExps()
    {
        WriteColumns(("input_ids", Ids([1, 2])), ("per_step_logits", Rows(HalfFloatType.Default, [[1], [1]])), ("per_step_indices", Rows(Int64Type.Default, [[1], [1]])),
            ("per_step_lse", OfficialFolder.Lists(ListKind.List, OfficialFolder.Leaf(DoubleType.Default, [1]), [1])));
        AssertRefused(At(0, "per_step_lse: 1 values where the document needs 2"));
    }

    [Test]
    public void DamagedListOffsets()
    {
        ArrayData rows = Rows(HalfFloatType.Default, [[1], [1]]);
        var wild = new ArrayData(rows.DataType, 1, 0, 0, [ArrowBuffer.Empty, new ArrowBuffer(BitConverter.GetBytes(0x7000000000000000))], rows.Children);
        WriteColumns(("input_ids", Ids([1, 2])), ("per_step_logits", wild), ("per_step_indices", Rows(Int64Type.Default, [[1], [1]])));
        AssertRefused(At(0, "per_step_logits: its list offsets 0 and 1879048192 are damaged, there are 2 items; copy or save the dataset again"));
    }

    private string At(int row, string what) => $"{_scratch[Shard]}, row {row}, column {what}.";

    private void AssertRefused(string message, string folder = "d") => Assert.That(Message(folder), Is.EqualTo(message));

    private string? Message(string folder = "d")
    {
        try
        {
            foreach (TokenizedDocument document in DocumentFiles.Read(_scratch[folder]))
                Assert.That(document, Is.Not.Null);
            return null;
        }
        catch (AlignmentDataException e)
        {
            return e.Message;
        }
    }

    private void WriteRows(double[][] logits, double[][] indices) =>
        WriteColumns(("input_ids", Ids([1, 2])), ("per_step_logits", Rows(HalfFloatType.Default, logits)), ("per_step_indices", Rows(Int64Type.Default, indices)));

    private void WriteColumns(params (string Name, ArrayData Data)[] columns)
    {
        var schema = new Schema(columns.Select(static c => new Field(c.Name, c.Data.DataType, true)), null);
        using var writer = new ArrowStreamWriter(File.Create(_scratch[Shard]), schema);
        writer.WriteStart();
        using var batch = new RecordBatch(schema, columns.Select(static c => ArrowArrayFactory.BuildArray(c.Data)), 1); // held until it is written
        writer.WriteRecordBatch(batch);
        writer.WriteEnd();
    }

    private static ArrayData Ids(int[] ids) => OfficialFolder.Lists(ListKind.List, OfficialFolder.Leaf(Int32Type.Default, [.. ids.Select(static i => (double)i)]), [ids.Length]);

    private static ArrayData Rows(IArrowType type, double[][] rows) => OfficialFolder.Lists(
        ListKind.List, OfficialFolder.Lists(ListKind.List, OfficialFolder.Leaf(type, [.. rows.SelectMany(static r => r)]), [.. rows.Select(static r => r.Length)]), [rows.Length]);

    private static long FirstBody(byte[] bytes)
    {
        int at = 8 + BitConverter.ToInt32(bytes, 4);
        return ArrowMessage.Parse(bytes.AsSpan(at + 8, BitConverter.ToInt32(bytes, at + 4)))!.Value.BodyLength;
    }
}
