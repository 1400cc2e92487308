using System.Text.Json;
using PtaKernels.Cli.Verify;
using PtaKernels.Gpu;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Gpu;

/// <summary>Paths from a part of the table, on the emulator with documents of any size let in: the same paths as from whole tables, and where no part is enough the whole one.</summary>
public sealed class PathBandTests
{
    private static readonly Lazy<GpuDevice> Device = new(GpuDevice.OpenEmulator);

    [Test]
    public void SmallDocumentsFullOfTies()
    {
        var random = new Random(11);
        List<PathDocument> documents = [];
        foreach ((int n, int m) in ((int, int)[])[(1, 1), (1, 40), (40, 1), (2, 3), (17, 16), (33, 47), (47, 33), (31, 9), (9, 31), (64, 8)])
        {
            int distinct = random.Next(1, 4);
            documents.Add(new PathDocument(random, n, m, 1 + random.Next(6), 1 + random.Next(6), () => random.Next(distinct)));
            documents.Add(Aligned(random, n, m, 5, 3));
        }

        BandOutcome[] outcomes = AssertPaths(documents);
        Assert.That(outcomes, Has.Length.EqualTo(documents.Count));
        Assert.That(outcomes.Count(static o => o.Done == 1), Is.GreaterThan(documents.Count / 2));
        AssertWhole(outcomes);
    }

    [TestCase(100, 513, 0.75)]
    [TestCase(190, 1100, 0.8)]
    public void StripsAreLeftEarlyAndEnteredLate(int n, int m, double share)
    {
        BandOutcome outcome = AssertPaths([Aligned(new Random(n), n, m, 40, 8)]).Single();
        Assert.That((outcome.Done, outcome.Limit), Is.GreaterThan((0, 0)));
        Assert.That(outcome.Steps, Is.LessThan(share * WholeSteps(n, m)));
    }

    [Test]
    public void ThePathMayLieAnywhere()
    {
        // Insertions on one side only, all of them at an end or in the middle, and 0 wherever tokens are the same.
        var random = new Random(13);
        int[] text = [.. Enumerable.Range(0, 30)], noise = [.. Enumerable.Range(0, 120).Select(_ => 30 + random.Next(3))];
        int[][] longer = [[.. noise, .. text], [.. text, .. noise], [.. text[..15], .. noise, .. text[15..]]];
        List<PathDocument> documents = [.. longer.Select(l => new PathDocument(l, text, Levels(33, 30))), .. longer.Select(l => new PathDocument(text, l, Levels(30, 33)))];
        AssertWhole(AssertPaths(documents));

        static ushort[,] Levels(int rows, int columns)
        {
            ushort[,] table = new ushort[rows, columns];
            for (int a = 0; a < rows; a++)
            {
                for (int b = 0; b < columns; b++)
                    table[a, b] = (ushort)(a == b ? 0 : 1 + ((a + b) % 3));
            }

            return table;
        }
    }

    [Test]
    public void WithoutUsefulBoundsTheWholeTableIsComputed()
    {
        // Each token has a partner at cost 0, but the order of the partners is reversed: nothing is known to be still to come.
        int[] order = [.. Enumerable.Range(0, 24)];
        ushort[,] table = new ushort[24, 24];
        for (int a = 0; a < 24; a++)
        {
            for (int b = 0; b < 24; b++)
                table[a, b] = (ushort)(a + b == 23 ? 0 : 7);
        }

        BandOutcome outcome = AssertPaths([new PathDocument(order, order, table)]).Single();
        Assert.That((outcome.Limit, outcome.Done, outcome.Steps), Is.EqualTo((-1, 0, 0L)));
    }

    [Test]
    public void ConstantCostsAreTheirOwnBounds([Values(0, 1, 255)] int cost)
    {
        BandOutcome outcome = AssertPaths([new PathDocument(new Random(cost), 40, 21, 3, 4, () => cost)]).Single();
        Assert.That((outcome.Limit, outcome.Done), Is.EqualTo((40 * cost, 1)));
    }

    [Test]
    public void TotalsAroundTheLimitOf16Bits()
    {
        // One row: the bounds are the costs, so limit and total agree. From 14,336 on a packed cell does not hold them.
        var random = new Random(9);
        foreach (int total in (int[])[14_335, 14_336, 20_000])
        {
            int rest = total;
            var document = new PathDocument(random, 1, 80, 1, 80, () => Taken(ref rest), identity: true);
            BandOutcome outcome = AssertPaths([document]).Single();
            Assert.That((outcome.Limit, outcome.Done), Is.EqualTo((total, 1)));
        }

        static int Taken(ref int rest)
        {
            int cost = Math.Min(rest, 255);
            rest -= cost;
            return cost;
        }
    }

    [Test]
    public void GoldenDocuments()
    {
        List<PathDocument> documents = [];
        List<double> costs = [];
        foreach (string line in GoldenJson.Lines(Path.Combine(Pta.Golden, "dtw.jsonl.gz")))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            string[] source = Tokens(json, "source"), target = Tokens(json, "target");
            if (source.Length is < 70 or > 130 || target.Length is < 60 or > 150)
                continue;
            string[] rows = [.. source.Distinct()], columns = [.. target.Distinct()];
            ushort[,] table = new ushort[rows.Length, columns.Length];
            for (int a = 0; a < rows.Length; a++)
            {
                for (int b = 0; b < columns.Length; b++)
                    table[a, b] = Distance([.. rows[a].EnumerateRunes()], [.. columns[b].EnumerateRunes()]);
            }

            documents.Add(new PathDocument([.. source.Select(t => Array.IndexOf(rows, t))], [.. target.Select(t => Array.IndexOf(columns, t))], table));
            costs.Add(json.RootElement.GetProperty("cost").GetDouble());
        }

        Assert.That(documents, Has.Count.GreaterThan(3));
        Assert.That(documents.Select(static d => PtaKernels.Tests.Oracles.PathOracle.Find(d.Costs()).Cost), Is.EqualTo(costs));
        Assert.That(AssertPaths(documents).Count(static o => o.Done == 1), Is.EqualTo(documents.Count));

        static string[] Tokens(JsonDocument row, string side) => [.. row.RootElement.GetProperty(side + "_tokens").EnumerateArray()
            .Select(t => t.GetString()!.Replace(row.RootElement.GetProperty(side + "_special").GetString()!, "", StringComparison.Ordinal))];
    }

    [Test]
    public void OnlyLargeDocumentsAreTried()
    {
        var bands = new BandKernels(Device.Value);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bands.Takes(Shape(BandKernels.LeastRows, BandKernels.LeastColumns)), Is.True);
            Assert.That(bands.Takes(Shape(BandKernels.LeastRows - 1, 8192)), Is.False);
            Assert.That(bands.Takes(Shape(8192, BandKernels.LeastColumns - 1)), Is.False);
        }

        var random = new Random(5);
        List<PathDocument> documents = [Aligned(random, 40, 33, 6, 4), Aligned(random, 20, 33, 6, 4), Aligned(random, 41, 20, 6, 4)];
        BandOutcome[] outcomes = PathDocument.AssertPaths(Device.Value, new PathKernels(Device.Value, bands: new BandKernels(Device.Value, 40, 30)), documents);
        Assert.That(outcomes, Has.Length.EqualTo(1));

        static DocumentPath Shape(int n, int m) => new() { SourceLength = n, TargetLength = m };
    }

    private static BandOutcome[] AssertPaths(IReadOnlyList<PathDocument> documents) =>
        PathDocument.AssertPaths(Device.Value, new PathKernels(Device.Value, bands: new BandKernels(Device.Value, 1, 1)), documents);

    /// <summary>A limit is the sum of a path, so the part of the table within it holds the cheapest one: without a limit alone the whole table is needed.</summary>
    private static void AssertWhole(BandOutcome[] outcomes) => Assert.That(outcomes, Has.All.Matches<BandOutcome>(static o => o.Limit >= 0 == (o.Done == 1)));

    private static long WholeSteps(int n, int m) => (m + WavefrontKernel.StripColumns - 1) / WavefrontKernel.StripColumns * (long)(n + WavefrontKernel.ExtraSteps);

    /// <summary>Target tokens stand for the source token at the same place four times in five, and cost little then.</summary>
    private static PathDocument Aligned(Random random, int n, int m, int tokens, int most)
    {
        int[] rows = [.. Enumerable.Range(0, n).Select(_ => random.Next(tokens))];
        int[] columns = [.. Enumerable.Range(0, m).Select(j => random.Next(5) > 0 ? rows[(int)((long)j * n / m)] : random.Next(tokens))];
        ushort[,] table = new ushort[tokens, tokens];
        for (int a = 0; a < tokens; a++)
        {
            for (int b = 0; b < tokens; b++)
                table[a, b] = (ushort)(a == b ? random.Next(2) : 2 + random.Next(most));
        }

        return new PathDocument(rows, columns, table);
    }

    /// <summary>Insertions, deletions and replacements, each 1.</summary>
    private static ushort Distance(System.Text.Rune[] one, System.Text.Rune[] other)
    {
        int[] row = [.. Enumerable.Range(0, other.Length + 1)];
        for (int i = 0; i < one.Length; i++)
        {
            int diagonal = row[0]++;
            for (int j = 0; j < other.Length; j++)
                (row[j + 1], diagonal) = (Math.Min(Math.Min(row[j], row[j + 1]) + 1, diagonal + (one[i] == other[j] ? 0 : 1)), row[j + 1]);
        }

        return (ushort)row[^1];
    }
}
