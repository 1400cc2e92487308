using System.Diagnostics;
using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>A folder is streamed: reading all of it and writing it trimmed needs little memory, however large it is.</summary>
[NonParallelizable]
public sealed class FolderMemoryTests
{
    private const int Positions = 2048, K = 10;

    /// <summary>100 MB in a batch of its own must not stay: pages are given back every 64 rows.</summary>
    [Test]
    public void PagesAreGivenBack()
    {
        using var scratch = new ScratchFolder();
        WriteFullRows(scratch["d"], shards: 1, rowsPerShard: 500);
        long before = Resident("RssFile"), peak = 0;
        foreach (IDocumentRecord record in new DatasetFolder(scratch["d"]).Read("train"))
        {
            Assert.That(record.Parse().Length, Is.EqualTo(Positions));
            peak = Math.Max(peak, Resident("RssFile") - before);
        }

        Assert.That(peak, Is.GreaterThan(1 << 20).And.LessThan(30 << 20), "bytes of the mapped file in memory; the file has 105 MB");
    }

    /// <summary>2 GB of rows at full length, in record batches of 1000 rows (210 MB each) as <c>save_to_disk</c> makes them, read and written again.</summary>
    [Test]
    [Category("Nightly")]
    public void TwoGigabytesNeedLessThanHalfOfOne()
    {
        using var scratch = new ScratchFolder();
        WriteFullRows(scratch["d"], shards: 5, rowsPerShard: 2000);
        long size = Directory.EnumerateFiles(scratch["d"]).Sum(static f => new FileInfo(f).Length);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true); // what made the folder is not measured
        long before = Resident("VmRSS"), peak = before;
        var folder = new DatasetFolder(scratch["d"]);
        var clock = Stopwatch.StartNew();
        using (IDocumentWriter writer = folder.OpenOutput(scratch["out"], false, [folder], OutputUnit.Official))
        {
            foreach ((int row, IDocumentRecord record) in folder.Read("train").Index())
            {
                TokenizedDocument document = record.Parse();
                var fused = new AlignedDocument(document.Id, OutputUnit.Official);
                for (int i = 0; i < document.Length; i++)
                    fused.AddRow(document.Candidates.IndicesOf(i), document.Candidates.ValuesOf(i), new RowProvenance(RowRule.StringTransport));
                writer.Write(record, document, [document], new FusedDocument([fused], null));
                if (row % 16 == 0)
                    peak = Math.Max(peak, Resident("VmRSS"));
            }

            writer.Commit();
        }

        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{size / 1e9:F2} GB read and written in {clock.Elapsed.TotalSeconds:F1} s; resident memory {before / 1e6:F0} MB before, {peak / 1e6:F0} MB at most"));
        Assert.That(size, Is.GreaterThan(2_000_000_000));
        Assert.That(peak - before, Is.LessThan(250_000_000), "beyond what other tests of this process hold");
    }

    private static void WriteFullRows(string folder, int shards, int rowsPerShard)
    {
        const int RowsPerBatch = 1000;
        Directory.CreateDirectory(folder);
        int rows = Math.Min(RowsPerBatch, rowsPerShard), positions = rows * Positions;
        ArrayData[] columns =
        [
            OfficialFolder.Lists(ListKind.List, Numbers(Int32Type.Default, positions, 4), [.. Enumerable.Repeat(Positions, rows)]),
            Rows(Numbers(HalfFloatType.Default, positions * K, 2)),
            Rows(Numbers(Int64Type.Default, positions * K, 8)),
        ];
        string[] names = [DocumentColumns.Ids, DocumentColumns.Logits, DocumentColumns.Indices];
        var schema = new Schema(names.Select((n, i) => new Field(n, columns[i].DataType, true)), null);
        string[] files = [.. Enumerable.Range(0, shards).Select(s => $"data-{s:D5}-of-{shards:D5}.arrow")];
        foreach (string file in files)
        {
            using var writer = new ArrowStreamWriter(File.Create(Path.Combine(folder, file)), schema);
            for (int row = 0; row < rowsPerShard; row += rows)
                writer.WriteRecordBatch(new RecordBatch(schema, columns.Select(ArrowArrayFactory.BuildArray), rows));
            writer.WriteEnd();
        }

        GC.KeepAlive(columns); // their memory is freed by finalizers
        File.WriteAllText(Path.Combine(folder, "state.json"), $$"""{"_data_files": [{{string.Join(", ", files.Select(static f => $$"""{"filename": "{{f}}"}"""))}}], "_split": "train"}""");

        ArrayData Rows(ArrayData values) => OfficialFolder.Lists(
            ListKind.List, OfficialFolder.Lists(ListKind.List, values, [.. Enumerable.Repeat(K, positions)]), [.. Enumerable.Repeat(Positions, rows)]);
    }

    /// <summary>Small positive numbers of any width: every eighth byte is 1 on little-endian machines, so 16-bit ones repeat 1, 0, 0, 0.</summary>
    private static ArrayData Numbers(IArrowType type, int count, int width)
    {
        byte[] bytes = new byte[count * width];
        for (int i = 0; i < bytes.Length; i += 8)
            bytes[i] = 1;
        return new ArrayData(type, count, 0, 0, [ArrowBuffer.Empty, new ArrowBuffer(bytes)]);
    }

    /// <summary>A line of the kernel's account of this process, in bytes.</summary>
    private static long Resident(string field)
    {
        if (!File.Exists("/proc/self/status"))
            Assert.Ignore("resident memory is read from /proc, which this system does not have.");
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }
}
