using ILGPU;
using PtaKernels.Gpu;
using PtaKernels.Tests.Conformance;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Gpu;

/// <summary>What the pipeline queues, and the bit-sliced kernels at shapes that the conformance tests leave to the others, on the emulator.</summary>
public sealed class TokenKernelTests
{
    private static readonly Lazy<GpuDevice> Shared = new(GpuDevice.OpenEmulator);

    private static GpuDevice Device => Shared.Value;

    [TestCase(1, 15, 150, 3)]
    [TestCase(2, 9, 61, 10)]
    [TestCase(3, 1, 1, 2)]
    [TestCase(4, 6, 40, 1)]
    public void SlicedCostMatricesAreThoseOfTheDefinition(int seed, int n, int m, int alphabet)
    {
        var random = new Random(seed);
        PlainToken[] source = Tokens(random, n, alphabet), target = Tokens(random, m, alphabet);
        if (seed == 2)
            source[3] = new PlainToken(BackendCases.Word(random, SlicedWalk.LongestQuery + 1, alphabet));
        if (seed == 2)
            source[4] = new PlainToken(BackendCases.Word(random, SlicedWalk.LongestQuery, alphabet));
        int[] rows = [.. BackendCases.Range(n).Reverse()], columns = [.. BackendCases.Range(m).Select(j => j * 7 % m)];
        using GpuLane lane = Device.Rent();
        ArrayView<byte> cost = lane.TakeZeroed<byte>(n * m);
        ArrayView<int> range = lane.TakeZeroed<int>(1);
        new TokenKernels(Device) { AlwaysSlice = true }.QueueMatrix(lane, BackendCases.ToTape(source), rows, BackendCases.ToTape(target), columns, cost, range);
        byte[] costs = Read(lane, cost);
        for (int at = 0; at < costs.Length; at++)
        {
            PlainToken a = source[rows[at / m]], b = target[columns[at % m]];
            Assert.That(costs[at], Is.EqualTo(TextOracle.Distance(a, b)), $"row {at / m} of {a.Symbols.Length} symbols, column {at % m} of {b.Symbols.Length}");
        }

        Assert.That(Read(lane, range)[0], Is.Zero);
    }

    [Test]
    public void AMatrixOfSeveralTilesHasEveryColumnInItsPlace()
    {
        var random = new Random(5);
        int m = LengthSort.TileColumns + 700;
        PlainToken[] source = [new(BackendCases.Word(random, 5, 4)), new(BackendCases.Word(random, 2, 4))], target = Tokens(random, 500, 4);
        int[] columns = [.. Enumerable.Range(0, m).Select(_ => random.Next(target.Length))];
        using GpuLane lane = Device.Rent();
        ArrayView<byte> cost = lane.TakeZeroed<byte>(2 * m);
        new TokenKernels(Device) { AlwaysSlice = true }.QueueMatrix(
            lane, BackendCases.ToTape(source), [0, 1], BackendCases.ToTape(target), columns, cost, lane.TakeZeroed<int>(1));
        byte[] costs = Read(lane, cost);
        byte[][] expected = [.. source.Select(a => target.Select(b => (byte)TextOracle.Distance(a, b)).ToArray())];
        for (int at = 0; at < costs.Length; at++)
            Assert.That(costs[at], Is.EqualTo(expected[at / m][columns[at % m]]), $"row {at / m}, column {at % m}");
    }

    [TestCase(1, 25, 300, 2)]
    [TestCase(2, 12, 100, 10)]
    [TestCase(3, 20, 5, 3)]
    public void SlicedSearchesFindTheFirstNearestToken(int seed, int n, int m, int alphabet)
    {
        var random = new Random(100 + seed);
        PlainToken[] source = Tokens(random, n, alphabet), target = Tokens(random, m, alphabet);
        if (seed == 2)
            source[3] = new PlainToken(BackendCases.Word(random, SlicedWalk.LongestQuery + 1, alphabet));
        var kernels = new TokenKernels(Device) { AlwaysSlice = true };
        TokenTape sourceTape = BackendCases.ToTape(source), targetTape = BackendCases.ToTape(target);
        // The second search uses what the first one sorted.
        for (int round = 0; round < 2; round++)
        {
            (int[] nearest, int[] distance) = Find(kernels, kernels.Tapes.Of(sourceTape), BackendCases.Range(n), kernels.Tapes.Of(targetTape));
            for (int id = 0; id < n; id++)
                Assert.That((nearest[id], distance[id]), Is.EqualTo(TextOracle.Nearest(source[id], target)), $"token {id} of {source[id].Symbols.Length} symbols");
        }
    }

    [Test]
    public void ATapeWithoutSlotsIsSearchedByPairs()
    {
        var random = new Random(8);
        PlainToken[] source = Tokens(random, 12, 3), target = [new([]), new([], Hole: true), new([.. "<s>"], Special: true, "b"), new(BackendCases.Word(random, 17, 3))];
        var kernels = new TokenKernels(Device) { AlwaysSlice = true };
        (int[] nearest, int[] distance) = Find(kernels, kernels.Tapes.Of(BackendCases.ToTape(source)), BackendCases.Range(12), kernels.Tapes.Of(BackendCases.ToTape(target)));
        for (int id = 0; id < 12; id++)
            Assert.That((nearest[id], distance[id]), Is.EqualTo(TextOracle.Nearest(source[id], target)), $"token {id}");
    }

    [Test]
    public void TablesOfManyDocumentsAreEachThatOfTheirIds()
    {
        var random = new Random(6);
        PlainToken[] source = Tokens(random, 40, 4), target = Tokens(random, 50, 4);
        (int Rows, int Columns)[] shapes = [(3, 5), (0, 4), (2, 0), (1, 1), (7, EditDistanceTables.PieceColumns + 3), (4, 33)];
        int[] sourceIds = [.. Enumerable.Range(0, shapes.Sum(s => s.Rows)).Select(_ => random.Next(40))], targetIds = [.. Enumerable.Range(0, shapes.Sum(s => s.Columns)).Select(_ => random.Next(50))];
        var documents = new DocumentTable[shapes.Length];
        int sourceStart = 0, targetStart = 0, costStart = 3;
        for (int d = 0; d < shapes.Length; d++)
        {
            documents[d] = new DocumentTable { SourceStart = sourceStart, SourceCount = shapes[d].Rows, TargetStart = targetStart, TargetCount = shapes[d].Columns, CostStart = costStart };
            sourceStart += shapes[d].Rows;
            targetStart += shapes[d].Columns;
            costStart += (shapes[d].Rows * shapes[d].Columns) + 1;
        }

        using GpuLane lane = Device.Rent();
        var kernels = new TokenKernels(Device);
        ArrayView<byte> cost = lane.TakeZeroed<byte>(costStart);
        ArrayView<int> range = lane.TakeZeroed<int>(shapes.Length);
        kernels.QueueTables(
            lane, kernels.Tapes.Of(BackendCases.ToTape(source)), kernels.Tapes.Of(BackendCases.ToTape(target)), lane.Upload<int>(sourceIds), lane.Upload<int>(targetIds), documents, cost, range);
        byte[] costs = Read(lane, cost);
        byte[] expected = new byte[costStart];
        foreach (DocumentTable d in documents)
        {
            for (int at = 0; at < d.SourceCount * d.TargetCount; at++)
                expected[d.CostStart + at] = (byte)TextOracle.Distance(source[sourceIds[d.SourceStart + (at / d.TargetCount)]], target[targetIds[d.TargetStart + (at % d.TargetCount)]]);
        }

        Assert.That(costs, Is.EqualTo(expected), "and nothing between the tables is touched");
        Assert.That(Read(lane, range), Is.All.Zero);
    }

    [Test]
    public void EmptySlotsOfBlocksCostNothingAndAppendedTokensCount()
    {
        var random = new Random(7);
        PlainToken[] source = Tokens(random, 20, 3), target = Tokens(random, 20, 3);
        var kernels = new TokenKernels(Device);
        using GpuLane lane = Device.Rent();
        using var extended = new ExtendedTape(kernels.Tapes, kernels.Tapes.Of(BackendCases.ToTape(source)));
        List<PlainToken> known = [.. source];
        // Past the room that an extended tape starts with.
        for (int added = 0; added < 1500; added++)
        {
            known.Add(new PlainToken(BackendCases.Word(random, random.Next(9), 3)));
            Assert.That(extended.Append(known[^1].Symbols), Is.EqualTo(known.Count - 1));
            if (added is 0 or 700)
                extended.Flush(lane);
        }

        extended.Flush(lane);
        extended.Flush(lane);
        Assert.That(extended.Count, Is.EqualTo(known.Count));
        const int batch = 30, n = 3, m = 2;
        int[] rows = [.. Enumerable.Range(0, batch * n).Select(i => random.Next(5) == 0 ? -1 : i % 3 == 0 ? random.Next(20) : random.Next(known.Count))];
        int[] columns = [.. Enumerable.Range(0, batch * m).Select(_ => random.Next(5) == 0 ? -1 : random.Next(20))];
        ArrayView<byte> cost = lane.Take<byte>(batch * n * m);
        kernels.QueueBlocks(
            lane, extended, lane.Upload<int>(rows), kernels.Tapes.Of(BackendCases.ToTape(target)), lane.Upload<int>(columns), batch, n, m, cost, lane.TakeZeroed<int>(batch));
        byte[] costs = Read(lane, cost);
        for (int at = 0; at < costs.Length; at++)
        {
            int row = rows[at / m], column = columns[(at / (n * m) * m) + (at % m)];
            Assert.That(costs[at], Is.EqualTo(row < 0 || column < 0 ? 0 : TextOracle.Distance(known[row], target[column])), $"entry {at}");
        }

        int[] queries = [0, 5, known.Count - 1, 900];
        (int[] nearest, int[] distance) = Find(kernels, extended, queries, extended);
        for (int q = 0; q < queries.Length; q++)
            Assert.That((nearest[q], distance[q]), Is.EqualTo(TextOracle.Nearest(known[queries[q]], [.. known])), $"query {q}");
    }

    [Test]
    public void LongTokensPassFromStripToStrip()
    {
        var random = new Random(9);
        int strip = EditDistanceLong.StripRows;
        int[] word = BackendCases.Word(random, strip + 40, 4);
        int[] edited = [.. word.Skip(3), 'x', .. word.Take(20)];
        PlainToken[] tokens = [new(word), new(edited)];
        TokenTape tape = BackendCases.ToTape(tokens);
        using GpuBackend backend = GpuBackend.OpenEmulator();
        ushort[,] cost = new ushort[1, 1];
        Assert.That(backend.ComputeCostMatrix(tape, [0], tape, [1], cost), Is.EqualTo(KernelStatus.Ok));
        Assert.That(cost[0, 0], Is.EqualTo(TextOracle.Distance(tokens[0], tokens[1])));
    }

    private static (int[] Nearest, int[] Distance) Find(TokenKernels kernels, DeviceTape source, int[] queries, DeviceTape target)
    {
        using GpuLane lane = Device.Rent();
        ArrayView<int> nearest = lane.Take<int>(queries.Length), distance = lane.Take<int>(queries.Length);
        kernels.QueueNearest(lane, source, lane.Upload<int>(queries), target, nearest, distance);
        return (Read(lane, nearest), Read(lane, distance));
    }

    private static T[] Read<T>(GpuLane lane, ArrayView<T> view)
        where T : unmanaged
    {
        var values = new T[view.Length];
        lane.Download(view, values);
        return values;
    }

    /// <summary>Words of up to 18 symbols, so some have no slot; one token in ten is a hole, a special, empty or long.</summary>
    private static PlainToken[] Tokens(Random random, int count, int alphabet) =>
        [.. Enumerable.Range(0, count).Select(id => random.Next(30) switch
        {
            0 => new PlainToken([], Hole: true),
            1 => new PlainToken([.. "<" + (id % 7)], Special: true, random.Next(5) switch { 0 => "b", 1 => "eu", _ => "" }),
            2 => new PlainToken([]),
            3 => new PlainToken(BackendCases.Word(random, random.Next(10, 19), alphabet)),
            4 => new PlainToken(BackendCases.Word(random, random.Next(1, 4), alphabet), Hole: true),
            _ => new PlainToken(BackendCases.Word(random, random.Next(1, 9), alphabet)),
        })];
}
