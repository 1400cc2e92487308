using NUnit.Framework.Constraints;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class EditDistanceTests(string backend)
{
    private readonly IKernelBackend _backend = BackendCases.Open(backend);

    // The emulator takes a tenth of a second for a pair of long tokens.
    private readonly bool _small = BackendCases.IsEmulator(backend);

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(4)]
    [TestCase(10)]
    public void EveryPairOfLengthsUpTo40(int alphabet)
    {
        var random = new Random(alphabet);
        int[] lengths = _small ? [0, 1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 40] : BackendCases.Range(41);
        PlainToken[] source = [.. lengths.Select(n => new PlainToken(BackendCases.Word(random, n, alphabet)))];
        PlainToken[] target = [.. lengths.Select(n => new PlainToken(BackendCases.Word(random, n, alphabet)))];
        AssertAllForms(source, target);
    }

    [TestCase(2)]
    [TestCase(10)]
    public void LengthsUpTo128(int alphabet)
    {
        var random = new Random(100 + alphabet);
        PlainToken[] source = [.. Lengths().Select(n => new PlainToken(BackendCases.Word(random, n, alphabet)))];
        PlainToken[] target = [.. Lengths().Select(n => new PlainToken(BackendCases.Word(random, n, alphabet)))];
        AssertAllForms(source, target);

        IEnumerable<int> Lengths() => _small ? [63, 64, 65, 128] : [63, 64, 65, 127, 128, .. Enumerable.Range(0, 7).Select(_ => random.Next(41, 129))];
    }

    [Test]
    public void NearCopiesOfOneWord()
    {
        var random = new Random(3);
        int[] word = BackendCases.Word(random, 70, 10);
        PlainToken[] tokens = [.. Enumerable.Range(0, _small ? 3 : 30).Select(n => new PlainToken(Edited(n)))];
        AssertAllForms([new PlainToken(word), .. tokens], tokens);

        int[] Edited(int edits)
        {
            var copy = word.ToList();
            for (int e = 0; e < edits; e++)
            {
                int at = random.Next(copy.Count);
                if (e % 3 == 0)
                    copy.RemoveAt(at);
                else if (e % 3 == 1)
                    copy.Insert(at, 'x');
                else
                    copy[at] = 'y';
            }

            return [.. copy];
        }
    }

    [Test]
    public void SpecialTokensCompareByRoleOrSpelling()
    {
        string[] roles = ["", "b", "e", "p", "u", "be", "epu"];
        PlainToken[] tokens =
        [
            .. roles.Select((r, i) => new PlainToken([.. "<s" + i], Special: true, r)),
            new PlainToken([.. "<same>"], Special: true),
            new PlainToken([.. "<s>"]),
            new PlainToken([]),
            new PlainToken([.. new string('a', 90)]),
        ];
        PlainToken[] others =
        [
            .. roles.Reverse().Select((r, i) => new PlainToken([.. "<t" + i], Special: true, r)),
            new PlainToken([.. "<same>"], Special: true),
            new PlainToken([.. "<same>"]),
            new PlainToken([]),
        ];
        AssertAllForms(tokens, others);
    }

    [TestCase(254, false)]
    [TestCase(255, true)]
    [TestCase(300, true)]
    public void DistancesOver254AreOutOfTheByteRangeAndTheOthersStayExact(int distance, bool outside)
    {
        int[] a = [.. Enumerable.Repeat((int)'a', distance)], b = [.. Enumerable.Repeat((int)'b', distance)];
        PlainToken[] source = [new([]), new(a), new([.. a, 'c']), new(['a'])];
        PlainToken[] target = [new(a), new(['a', 'a']), new(b), new([])];
        byte[,] cost = new byte[4, 4];
        KernelStatus status = _backend.ComputeCostMatrix(
            BackendCases.ToTape(source), BackendCases.Range(4), BackendCases.ToTape(target), BackendCases.Range(4), cost);
        bool longer = distance + 1 > 254; // the third source token against a's replacement or the empty token
        Assert.That(status, Is.EqualTo(outside || longer ? KernelStatus.Range : KernelStatus.Ok));
        for (int i = 0; i < 4; i++)
        {
            for (int j = 0; j < 4; j++)
                Assert.That(cost[i, j], Is.EqualTo(Math.Min(255, TextOracle.Distance(source[i], target[j]))), $"{i}, {j}");
        }

        TokenTape one = BackendCases.ToTape([new PlainToken(a), new PlainToken([])]);
        byte[,] single = new byte[1, 1];
        Assert.That(_backend.ComputeCostMatrix(one, [0], one, [1], single), Is.EqualTo(outside ? KernelStatus.Range : KernelStatus.Ok));
        Assert.That(single[0, 0], Is.EqualTo(Math.Min(255, distance)));
        byte[] batched = new byte[2];
        Assert.That(_backend.ComputeCostMatrices(one, [1, 0], one, [1, 1], 1, 1, batched), Is.EqualTo(outside ? KernelStatus.Range : KernelStatus.Ok));
        Assert.That(batched, Is.EqualTo(new byte[] { 0, (byte)Math.Min(255, distance) }));
        ushort[,] wide = new ushort[1, 1];
        Assert.That(_backend.ComputeCostMatrix(one, [0], one, [1], wide), Is.EqualTo(KernelStatus.Ok));
        Assert.That(wide[0, 0], Is.EqualTo(distance));
    }

    [TestCase(65_534, 65_534, KernelStatus.Ok)]
    [TestCase(65_535, 65_535, KernelStatus.Range)]
    [TestCase(65_600, 65_535, KernelStatus.Range)]
    public void DistancesOver65534AreOutOfTheWordRange(int length, int expected, KernelStatus status)
    {
        TokenTape tape = BackendCases.ToTape([new PlainToken([.. Enumerable.Repeat((int)'a', length)]), new PlainToken([]), new PlainToken(['b'])]);
        ushort[,] cost = new ushort[1, 2];
        Assert.That(_backend.ComputeCostMatrix(tape, [1], tape, [2, 0], cost), Is.EqualTo(status));
        Assert.That(cost[0, 0], Is.EqualTo(1));
        Assert.That(cost[0, 1], Is.EqualTo(expected));
    }

    [Test]
    public void WrongShapesAreRefusedWithTheirNumbers()
    {
        TokenTape tape = BackendCases.ToTape([new PlainToken(['a']), new PlainToken(['b'])]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _backend.ComputeCostMatrix(tape, [0, 1], tape, [0], new byte[1, 2]), Refuses("1 x 2", "2 x 1"));
            Assert.That(() => _backend.ComputeCostMatrix(tape, [0, 1], tape, [0], new ushort[2, 2]), Refuses("2 x 2", "2 x 1"));
            Assert.That(() => _backend.ComputeCostMatrices(tape, [0, 1, 0], tape, [0, 1], 2, 1, new byte[2]), Refuses("sourceTokens", "3"));
            Assert.That(() => _backend.ComputeCostMatrices(tape, [0, 1], tape, [0, 1, 1], 1, 1, new byte[2]), Refuses("targetTokens", "3"));
            Assert.That(() => _backend.ComputeCostMatrices(tape, [0, 1], tape, [0, 1], 1, 1, new byte[3]), Refuses("cost", "3"));
            Assert.That(() => _backend.ComputeCostMatrices(tape, [0, 1], tape, [0, 1], 0, 1, new byte[2]), Refuses("positive"));
            Assert.That(() => _backend.ComputeCostMatrices(tape, [0, 1], tape, [], 1, 0, []), Refuses("positive"));
            Assert.That(() => _backend.FindNearestTokens(tape, [0, 1], tape, new int[1], new int[2]), Refuses("2 tokens", "1"));
            Assert.That(() => _backend.FindNearestTokens(tape, [0, 1], tape, new int[2], new int[3]), Refuses("2 tokens", "3"));
        }
    }

    [TestCase(-1)]
    [TestCase(2)]
    public void IdsOffTheTapeAreRefusedByNumber(int id)
    {
        TokenTape tape = BackendCases.ToTape([new PlainToken(['a']), new PlainToken(['b'])]);
        string named = id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => _backend.ComputeCostMatrix(tape, [0, id], tape, [0], new byte[2, 1]), Refuses("source", named));
            Assert.That(() => _backend.ComputeCostMatrix(tape, [0], tape, [id], new ushort[1, 1]), Refuses("target", named));
            Assert.That(() => _backend.ComputeCostMatrices(tape, [0, 1], tape, [id, 0], 1, 1, new byte[2]), Refuses("target", named));
        }
    }

    private static ContainsConstraint Refuses(string word, string other = "") =>
        Throws.ArgumentException.With.Message.Contains(word).And.Message.Contains(other);

    private void AssertAllForms(PlainToken[] source, PlainToken[] target)
    {
        int n = source.Length, m = target.Length;
        TokenTape sourceTape = BackendCases.ToTape(source), targetTape = BackendCases.ToTape(target);
        int[] rows = [.. Enumerable.Range(0, n).Reverse()], columns = BackendCases.Range(m);
        byte[,] narrow = new byte[n, m];
        ushort[,] wide = new ushort[n, m];
        Assert.That(_backend.ComputeCostMatrix(sourceTape, rows, targetTape, columns, narrow), Is.EqualTo(KernelStatus.Ok));
        Assert.That(_backend.ComputeCostMatrix(sourceTape, rows, targetTape, columns, wide), Is.EqualTo(KernelStatus.Ok));

        // Blocks of 3 x 2: the rows three at a time beside the columns two at a time, both cyclic.
        int batch = (_small ? n * m / 6 : n * m) + 1;
        int[] blockRows = [.. Enumerable.Range(0, batch * 3).Select(i => rows[i % n])], blockColumns = [.. Enumerable.Range(0, batch * 2).Select(j => columns[j * 7 % m])];
        byte[] blocks = new byte[batch * 6];
        Assert.That(_backend.ComputeCostMatrices(sourceTape, blockRows, targetTape, blockColumns, 3, 2, blocks), Is.EqualTo(KernelStatus.Ok));

        int[,] expected = new int[n, m];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
            {
                expected[rows[i], j] = TextOracle.Distance(source[rows[i]], target[j]);
                if (narrow[i, j] != expected[rows[i], j] || wide[i, j] != expected[rows[i], j])
                    Assert.Fail($"source {rows[i]}, target {j}: {narrow[i, j]} and {wide[i, j]} instead of {expected[rows[i], j]}");
            }
        }

        for (int at = 0; at < blocks.Length; at++)
        {
            int p = at / 6, i = blockRows[(p * 3) + (at % 6 / 2)], j = blockColumns[(p * 2) + (at % 2)];
            if (blocks[at] != expected[i, j])
                Assert.Fail($"block {p}: source {i}, target {j}: {blocks[at]} instead of {expected[i, j]}");
        }
    }
}
