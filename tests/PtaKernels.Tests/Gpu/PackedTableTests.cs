using ILGPU;
using PtaKernels.Gpu;
using PtaKernels.Tests.Conformance;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Gpu;

/// <summary>Tables of documents, u8, at the ends of what fits the bits of a word, on the emulator.</summary>
public sealed class PackedTableTests
{
    private static readonly Lazy<GpuDevice> Shared = new(GpuDevice.OpenEmulator);

    private static GpuDevice Device => Shared.Value;

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(10)]
    public void EveryLengthOfARowMeetsEveryLengthOfAColumn(int alphabet)
    {
        var random = new Random(alphabet);
        PlainToken[] columns = [.. Enumerable.Range(0, 36).Select(length => new PlainToken(BackendCases.Word(random, length, alphabet)))];
        PlainToken[] rows = [.. Enumerable.Range(0, 36).Append(63).Append(65).Select(length => new PlainToken(BackendCases.Word(random, length, alphabet)))];
        AssertTable(rows, columns, 0);
    }

    [Test]
    public void EditsOfOneAnotherInEachClassAndSeveralTilesOfIt()
    {
        var random = new Random(4);
        foreach ((int least, int most, int count) in (ReadOnlySpan<(int, int, int)>)[(1, 7, 270), (8, 15, 129), (16, 32, 65)])
        {
            int[] word = BackendCases.Word(random, most, 4);
            PlainToken[] columns = [.. Enumerable.Range(0, count).Select(_ => Edited(random, word, least, most))];
            AssertTable([.. Enumerable.Range(0, 5).Select(_ => Edited(random, word, 1, most))], columns, 0);
        }
    }

    [Test]
    public void MoreRowsThanABlockTakes()
    {
        var random = new Random(5);
        PlainToken[] rows = [.. Enumerable.Range(0, EditDistancePacked.PieceRows + 3).Select(id => id == 7 ? new PlainToken([.. "<s>"], Special: true, "b") : new PlainToken(BackendCases.Word(random, id % 9, 3)))];
        AssertTable(rows, [.. Enumerable.Range(0, 40).Select(id => new PlainToken(BackendCases.Word(random, id % 17, 3)))], 0);
    }

    [TestCase(250)]
    [TestCase(256)]
    [TestCase(300)]
    public void AsManySymbolsAsTheMasksHoldAndMore(int symbols)
    {
        var random = new Random(6);
        int[] all = [.. Enumerable.Range(0, symbols).Select(s => 1 + (s * 7919))];
        PlainToken[] columns = [.. all.Chunk(7).Select(static word => new PlainToken(word))];
        PlainToken[] rows = [.. Enumerable.Range(0, 40).Select(_ => new PlainToken([.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => all[random.Next(symbols)] + (random.Next(4) == 0 ? 1 : 0))]))];
        AssertTable([.. rows, .. columns.Take(30)], columns, 0);
    }

    [Test]
    public void DistancesThatDoNotFitAndLongTokensOnBothSides()
    {
        var random = new Random(7);
        PlainToken[] rows = [.. new[] { 253, 254, 255, 256, 0, 70, 300 }.Select(length => new PlainToken(BackendCases.Word(random, length, 3)))];
        PlainToken[] columns = [new([]), new([.. "xyz"]), new(BackendCases.Word(random, 9, 3)), new(BackendCases.Word(random, 33, 3)), new(BackendCases.Word(random, 290, 3)), new([.. "</s>"], Special: true, "e")];
        AssertTable(rows, columns, 1);
    }

    private static PlainToken Edited(Random random, int[] word, int least, int most)
    {
        List<int> symbols = [.. word];
        for (int edit = random.Next(6); edit > 0; edit--)
        {
            int at = random.Next(symbols.Count);
            if (random.Next(3) == 0 && symbols.Count > least)
                symbols.RemoveAt(at);
            else if (random.Next(2) == 0 && symbols.Count < most)
                symbols.Insert(at, 'a' + random.Next(4));
            else
                symbols[at] = 'a' + random.Next(4);
        }

        return new PlainToken([.. symbols.Take(random.Next(least, most + 1))]);
    }

    /// <summary>The table of all pairs, behind one of another document.</summary>
    private static void AssertTable(PlainToken[] rows, PlainToken[] columns, int outside)
    {
        using GpuLane lane = Device.Rent();
        var kernels = new TokenKernels(Device);
        int n = rows.Length, m = columns.Length;
        DocumentTable[] documents =
        [
            new() { SourceStart = 0, SourceCount = 1, TargetStart = 0, TargetCount = 1, CostStart = 0 },
            new() { SourceStart = 1, SourceCount = n, TargetStart = 1, TargetCount = m, CostStart = 5 },
        ];
        ArrayView<byte> cost = lane.TakeZeroed<byte>(5 + (n * m));
        ArrayView<int> range = lane.TakeZeroed<int>(2);
        TokenTape source = BackendCases.ToTape(rows), target = BackendCases.ToTape(columns);
        int[] columnIds = [.. BackendCases.Range(m).OrderBy(static id => (id * 7919) % 101)];
        kernels.QueueTables(
            lane, kernels.Tapes.Of(source), kernels.Tapes.Of(target), lane.Upload<int>([0, .. BackendCases.Range(n)]), lane.Upload<int>([0, .. columnIds]), documents, cost, range);
        byte[] costs = new byte[5 + (n * m)];
        int[] ranges = new int[2];
        lane.Download(cost, costs);
        lane.Download(range, ranges);
        Assert.That(costs.AsSpan(1, 4).ToArray(), Is.All.Zero, "between the tables");
        for (int at = 0; at < n * m; at++)
        {
            PlainToken a = rows[at / m], b = columns[columnIds[at % m]];
            int expected = Math.Min(TextOracle.Distance(a, b), 255);
            if (costs[5 + at] != expected)
                Assert.Fail($"row {at / m} of {a.Symbols.Length} symbols, column {at % m} of {b.Symbols.Length}: {costs[5 + at]} instead of {expected}");
        }

        Assert.That(ranges[1], Is.EqualTo(outside));
    }
}
