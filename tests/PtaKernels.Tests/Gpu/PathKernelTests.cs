using ILGPU;
using PtaKernels.Gpu;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Gpu;

/// <summary>The queue of alignment paths that the pipeline uses, on the emulator: many documents in one batch, every width of cell.</summary>
public sealed class PathKernelTests
{
    private static readonly Lazy<GpuDevice> Device = new(GpuDevice.OpenEmulator);

    [Test]
    public void SmallDocumentsInOneBatch([Values] bool wideCosts, [Values] bool longCells)
    {
        var random = new Random(3);
        var documents = new List<Document>();
        foreach (int n in (int[])[1, 2, 5, 8])
        {
            // Every column of a lane, and the first ones of the next lanes.
            foreach (int m in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 24, 25, 33])
            {
                int distinct = random.Next(1, 4);
                documents.Add(new Document(random, n, m, 1 + random.Next(n), 1 + random.Next(m), () => random.Next(distinct)));
            }
        }

        AssertPaths(documents, longCells ? PathKernels.Width.Long : PathKernels.Width.Packed, wideCosts);
    }

    [TestCase(511)]
    [TestCase(512)]
    [TestCase(513)]
    [TestCase(1025)]
    public void StripEdges(int m)
    {
        var random = new Random(m);
        AssertPaths([new Document(random, 2, m, 2, 40, () => random.Next(3)), new Document(random, 5, m, 5, 300, () => random.Next(256))], PathKernels.Width.Packed);
    }

    [Test]
    public void ThreeStripsInEveryWidth([Values("Packed", "Int", "Long")] string width, [Values] bool wideCosts)
    {
        var random = new Random(7);
        AssertPaths([new Document(random, 3, 1030, 3, 200, () => random.Next(2) * 255)], Enum.Parse<PathKernels.Width>(width), wideCosts);
    }

    [Test]
    public void TotalsAroundTheLimitOf16Bits()
    {
        // 14,335 still fits a packed cell; 14,336 and all above it are done again. The last one would wrap 16 bits.
        var random = new Random(9);
        List<Document> documents = [];
        foreach (int total in (int[])[14_334, 14_335, 14_336, 14_337, 16_383, 16_384])
        {
            int rest = total;
            documents.Add(new Document(random, 1, 80, 1, 80, () => Taken(ref rest), identity: true));
        }

        documents.Add(new Document(random, 1, 290, 1, 290, static () => 255, identity: true));
        documents.Add(new Document(random, 70, 70, 1, 1, static () => 255));
        AssertPaths(documents, PathKernels.Width.Packed);

        static int Taken(ref int rest)
        {
            int cost = Math.Min(rest, 255);
            rest -= cost;
            return cost;
        }
    }

    [Test]
    public void MemoryIsWhatWasSaid()
    {
        var document = new DocumentPath { SourceLength = 2048, TargetLength = 2048, TableRows = 450, TableColumns = 430 };
        // Directions are two bits a cell, expanded costs a byte per row of the table and target position, and the table is there once more.
        Assert.That(PathKernels.BytesFor(document), Is.InRange((2048L * 2048 / 4) + (450 * 2048), (2120L * 2048 / 4) + (452 * 2048) + (452 * 430) + 40_000));
    }

    private static void AssertPaths(IReadOnlyList<Document> documents, PathKernels.Width width, bool wideCosts = false)
    {
        var shapes = new DocumentPath[documents.Count];
        int[] rows = [.. documents.SelectMany(static d => d.Rows)], columns = [.. documents.SelectMany(static d => d.Columns)];
        int source = 0, target = 0, cost = 0;
        for (int d = 0; d < shapes.Length; d++)
        {
            Document document = documents[d];
            shapes[d] = new DocumentPath
            {
                SourceStart = source,
                SourceLength = document.Rows.Length,
                TargetStart = target,
                TargetLength = document.Columns.Length,
                TableRows = document.Table.GetLength(0),
                TableColumns = document.Table.GetLength(1),
                CostStart = cost,
            };
            source += document.Rows.Length;
            target += document.Columns.Length;
            cost += document.Table.Length;
        }

        int[] firstFound = new int[target], lastFound = new int[target];
        long[] totals = new long[shapes.Length];
        var kernels = new PathKernels(Device.Value, width);
        using (GpuLane lane = Device.Value.Rent())
        {
            ArrayView<int> rowView = lane.Upload<int>(rows), columnView = lane.Upload<int>(columns), first = lane.Take<int>(target), last = lane.Take<int>(target);
            ArrayView<long> total = lane.Take<long>(shapes.Length);
            ushort[] costs = [.. documents.SelectMany(static d => d.Table.Cast<ushort>())];
            if (wideCosts)
                kernels.QueuePaths(lane, shapes, rowView, columnView, lane.Upload<ushort>(costs), first, last, total);
            else
                kernels.QueuePaths(lane, shapes, rowView, columnView, lane.Upload<byte>([.. costs.Select(static c => (byte)c)]), first, last, total);
            lane.Download(first, firstFound);
            lane.Download(last, lastFound);
            lane.Download(total, totals);
        }

        for (int d = 0; d < shapes.Length; d++)
        {
            (double expected, List<(int Source, int Target)> steps) = PathOracle.Find(documents[d].Costs());
            string shape = $"document {d}, {shapes[d].SourceLength} x {shapes[d].TargetLength}";
            Assert.That(totals[d], Is.EqualTo((long)expected), shape);
            int start = shapes[d].TargetStart;
            foreach (IGrouping<int, int> paired in steps.GroupBy(static s => s.Target, static s => s.Source))
                Assert.That((firstFound[start + paired.Key], lastFound[start + paired.Key]), Is.EqualTo((paired.Min(), paired.Max())), $"{shape}, target {paired.Key}");
        }
    }

    private sealed class Document
    {
        public Document(Random random, int n, int m, int rows, int columns, Func<int> next, bool identity = false)
        {
            Rows = [.. Enumerable.Range(0, n).Select(i => identity ? i : random.Next(rows))];
            Columns = [.. Enumerable.Range(0, m).Select(j => identity ? j : random.Next(columns))];
            Table = new ushort[rows, columns];
            for (int i = 0; i < rows; i++)
            {
                for (int j = 0; j < columns; j++)
                    Table[i, j] = (ushort)next();
            }
        }

        public int[] Rows { get; }

        public int[] Columns { get; }

        public ushort[,] Table { get; }

        public double[,] Costs()
        {
            double[,] costs = new double[Rows.Length, Columns.Length];
            for (int i = 0; i < Rows.Length; i++)
            {
                for (int j = 0; j < Columns.Length; j++)
                    costs[i, j] = Table[Rows[i], Columns[j]];
            }

            return costs;
        }
    }
}
