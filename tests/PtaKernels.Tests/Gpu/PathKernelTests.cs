using PtaKernels.Gpu;

namespace PtaKernels.Tests.Gpu;

/// <summary>The queue of alignment paths that the pipeline uses, on the emulator: many documents in one batch, every width of cell.</summary>
public sealed class PathKernelTests
{
    private static readonly Lazy<GpuDevice> Device = new(GpuDevice.OpenEmulator);

    [Test]
    public void SmallDocumentsInOneBatch([Values] bool wideCosts, [Values] bool longCells)
    {
        var random = new Random(3);
        var documents = new List<PathDocument>();
        foreach (int n in (int[])[1, 2, 5, 8])
        {
            // Every column of a lane, and the first ones of the next lanes.
            foreach (int m in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 24, 25, 33])
            {
                int distinct = random.Next(1, 4);
                documents.Add(new PathDocument(random, n, m, 1 + random.Next(n), 1 + random.Next(m), () => random.Next(distinct)));
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
        AssertPaths([new PathDocument(random, 2, m, 2, 40, () => random.Next(3)), new PathDocument(random, 5, m, 5, 300, () => random.Next(256))], PathKernels.Width.Packed);
    }

    [Test]
    public void ThreeStripsInEveryWidth([Values("Packed", "Int", "Long")] string width, [Values] bool wideCosts)
    {
        var random = new Random(7);
        AssertPaths([new PathDocument(random, 3, 1030, 3, 200, () => random.Next(2) * 255)], Enum.Parse<PathKernels.Width>(width), wideCosts);
    }

    [Test]
    public void TotalsAroundTheLimitOf16Bits()
    {
        // 14,335 still fits a packed cell; 14,336 and all above it are done again. The last one would wrap 16 bits.
        var random = new Random(9);
        List<PathDocument> documents = [];
        foreach (int total in (int[])[14_334, 14_335, 14_336, 14_337, 16_383, 16_384])
        {
            int rest = total;
            documents.Add(new PathDocument(random, 1, 80, 1, 80, () => Taken(ref rest), identity: true));
        }

        documents.Add(new PathDocument(random, 1, 290, 1, 290, static () => 255, identity: true));
        documents.Add(new PathDocument(random, 70, 70, 1, 1, static () => 255));
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

    private static void AssertPaths(IReadOnlyList<PathDocument> documents, PathKernels.Width width, bool wideCosts = false) =>
        PathDocument.AssertPaths(Device.Value, new PathKernels(Device.Value, width), documents, wideCosts);
}
