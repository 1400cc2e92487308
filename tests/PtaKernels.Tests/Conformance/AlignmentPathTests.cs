using CommunityToolkit.HighPerformance;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class AlignmentPathTests(string backend)
{
    private readonly IKernelBackend _backend = BackendCases.Open(backend);
    private readonly AlignmentPath _path = new();
    private readonly bool _small = BackendCases.IsEmulator(backend);

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(40)]
    public void EveryShapeUpTo40(int distinctCosts)
    {
        var random = new Random(distinctCosts);
        int[] sides = _small ? [1, 2, 9, 17] : [.. Enumerable.Range(1, 40)];
        foreach (int n in sides)
        {
            foreach (int m in sides)
                AssertPath(Sequence(random, n, 6), Sequence(random, m, 5), Table(6, 5, () => random.Next(distinctCosts)));
        }
    }

    [Test]
    public void LargerShapesWithPlantedTies([Range(1, 12)] int seed)
    {
        var random = new Random(50 + seed);
        if (_small && seed > 2)
            return;
        int longest = _small ? 81 : 301, n = random.Next(41, longest), m = random.Next(41, longest);
        // Three entries in ten are one of two values.
        AssertPath(BackendCases.Range(n), BackendCases.Range(m), Table(n, m, () => random.Next(10) < 3 ? random.Next(2) : random.Next(255)));
    }

    [TestCase(300, 1)]
    [TestCase(1, 300)]
    [TestCase(300, 299)]
    [TestCase(128, 129)]
    public void AllEntriesEqual(int n, int m)
    {
        if (_small)
            (n, m) = ((n + 19) / 20, (m + 19) / 20);
        foreach (int value in (int[])[0, 1, 254])
            AssertPath(BackendCases.Range(n), BackendCases.Range(m), Table(n, m, () => value));
    }

    [Test]
    public void WideCostsAddUpBeyond32Bits()
    {
        // Minutes on the emulator; its 64-bit cells have tests of their own.
        if (_small)
            return;
        int[] positions = new int[70_000];
        _backend.FindAlignmentPath(positions, [0], new ReadOnlySpan2D<ushort>([65_535], 1, 1), _path);
        Assert.That(_path.Cost, Is.EqualTo(70_000L * 65_535));
        Assert.That(_path.Steps.Length, Is.EqualTo(70_000));
    }

    [Test]
    public void WideTablesAreReadWide([Range(1, 6)] int seed)
    {
        var random = new Random(90 + seed);
        int longest = _small ? 20 : 60, n = random.Next(1, longest), m = random.Next(1, longest);
        ushort[,] wide = new ushort[n, m];
        double[,] plain = new double[n, m];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
                plain[i, j] = wide[i, j] = (ushort)(random.Next(3) * 256 * random.Next(256));
        }

        _backend.FindAlignmentPath(BackendCases.Range(n), BackendCases.Range(m), wide, _path);
        AssertEqual(PathOracle.Find(plain), $"{n} x {m}");
    }

    [Test]
    public void AnEmptySideIsRefused()
    {
        byte[,] cost = new byte[1, 1];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _backend.FindAlignmentPath([], [0], cost, _path), Throws.ArgumentException.With.Message.Contains("at least one"));
            Assert.That(() => _backend.FindAlignmentPath([0], [], new ushort[1, 1], _path), Throws.ArgumentException.With.Message.Contains("at least one"));
        }
    }

    private static int[] Sequence(Random random, int length, int tokens) => [.. Enumerable.Range(0, length).Select(_ => random.Next(tokens))];

    private static byte[,] Table(int rows, int columns, Func<int> next)
    {
        byte[,] table = new byte[rows, columns];
        foreach (ref byte value in table.AsSpan())
            value = (byte)next();
        return table;
    }

    private void AssertPath(int[] source, int[] target, byte[,] cost)
    {
        double[,] plain = new double[source.Length, target.Length];
        for (int i = 0; i < source.Length; i++)
        {
            for (int j = 0; j < target.Length; j++)
                plain[i, j] = cost[source[i], target[j]];
        }

        (double, List<(int, int)>) expected = PathOracle.Find(plain);
        _backend.FindAlignmentPath(source, target, cost, _path);
        AssertEqual(expected, $"u8, {source.Length} x {target.Length}");
        _backend.FindAlignmentPath(source, target, Widened(cost), _path);
        AssertEqual(expected, $"u16, {source.Length} x {target.Length}");
    }

    private void AssertEqual((double Cost, List<(int Source, int Target)> Steps) expected, string shape)
    {
        Assert.That(_path.Cost, Is.EqualTo((long)expected.Cost), shape);
        if (!_path.Steps.SequenceEqual(expected.Steps.ToArray()))
            Assert.Fail($"{shape}: {string.Join(' ', _path.Steps.ToArray())} instead of {string.Join(' ', expected.Steps)}");
    }

    private static ushort[,] Widened(byte[,] cost)
    {
        ushort[,] wide = new ushort[cost.GetLength(0), cost.GetLength(1)];
        for (int i = 0; i < wide.GetLength(0); i++)
        {
            for (int j = 0; j < wide.GetLength(1); j++)
                wide[i, j] = cost[i, j];
        }

        return wide;
    }
}
