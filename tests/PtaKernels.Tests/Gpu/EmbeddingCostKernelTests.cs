using System.Runtime.CompilerServices;
using ILGPU;
using PtaKernels.Cli.Verify.Random;
using PtaKernels.Gpu;
using PtaKernels.Reference;
using PtaKernels.Tests.Conformance;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Gpu;

/// <summary>Costs <c>embedding</c> and <c>hybrid</c> on a device: tiles, texts without a token of their own, tables that come and go, whole documents; on the emulator.</summary>
public sealed class EmbeddingCostKernelTests
{
    private static readonly AlignmentOptions Fusion = AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1 };

    private static readonly AlignmentOptions[] Variants =
    [
        AlignmentPreset.Paper with { Cost = CandidateCost.Embedding },
        AlignmentPreset.Paper with { Cost = CandidateCost.Hybrid, EmbeddingShare = 0.3, Window = 2, Epsilon = 0.1, Fallback = FallbackRule.Target, MeasureSignal = false },
        Fusion with { Cost = CandidateCost.Embedding },
        Fusion with { Cost = CandidateCost.Embedding, Mass = MassRule.Renormalised, Epsilon = 0.5, Transfer = TransferRule.Boundary, MeasureSignal = false },
        Fusion with { Cost = CandidateCost.Hybrid, Window = 3, FusedK = 2 },
        Fusion with { Cost = CandidateCost.Hybrid, EmbeddingShare = 0, Fallback = FallbackRule.Target },
    ];

    private readonly GpuBackend _gpu = (GpuBackend)BackendCases.Open(GpuBackend.Emulator);

    public static IEnumerable<int> VariantNumbers => Enumerable.Range(0, Variants.Length);

    [TestCase(1, 1, 64)]
    [TestCase(3, 32, 64)]
    [TestCase(4, 33, 192)]
    [TestCase(5, 31, 256)]
    [TestCase(9, 70, 320)]
    public void DistancesAreThoseOfTheDefinition(int n, int m, int dimensions)
    {
        var random = new Random(n + m);
        Vectors source = new(random, 24, dimensions), target = new(random, 40, dimensions);
        int[] rows = [.. Enumerable.Range(0, n).Select(_ => random.Next(-1, 24))], columns = [.. Enumerable.Range(0, m).Select(_ => random.Next(-1, 40))];
        byte[,] cost = new byte[n, m];
        _gpu.ComputeEmbeddingCosts(Embeddings(source, target), rows, columns, cost);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
                Assert.That(cost[i, j], Is.EqualTo(CosineDistance(source, rows[i], target, columns[j]) ?? 255), $"row {i}, token {rows[i]}; column {j}, token {columns[j]}");
        }
    }

    [Test]
    public void DistancesEndAtTheEndsOfTheirRange()
    {
        sbyte[] most = [.. Enumerable.Repeat((sbyte)127, 64)], least = [.. Enumerable.Repeat((sbyte)-127, 64)], lone = new sbyte[64];
        lone[63] = -128;
        byte[,] cost = new byte[3, 3];
        _gpu.ComputeEmbeddingCosts(new TokenEmbeddings(64, [.. most, .. least, .. lone], [.. most, .. least, .. lone]), [0, 1, 2], [0, 1, 2], cost);
        // 64 · 127² is far more than 128²; −128 · ±127 is almost as much, and its square is exactly it.
        Assert.That(cost, Is.EqualTo(new byte[,] { { 0, 200, 199 }, { 200, 0, 1 }, { 199, 1, 0 } }));
    }

    [TestCase(0)]
    [TestCase(37)]
    [TestCase(100)]
    public void CostsOfRowsJoinTextsAndTokens(int share)
    {
        const int batch = 7, n = 6, m = 35;
        var random = new Random(share);
        PlainToken[] source = Texts(random, 40), target = Texts(random, 50);
        Vectors given = new(random, 30, 128), received = new(random, 20, 128);
        TokenEmbeddings embeddings = Embeddings(given, received);
        // Texts and tokens are drawn apart: a shortened text keeps its token, a rest has none, and a slot may be empty.
        int[] rowIds = Drawn(batch * n, 40), rowTokens = Drawn(batch * n, 30), columnIds = Drawn(batch * m, 50), columnTokens = Drawn(batch * m, 20);
        using GpuLane lane = _gpu.Device.Rent();
        DeviceTape rowTape = _gpu.Tokens.Tapes.Of(BackendCases.ToTape(source)), columnTape = _gpu.Tokens.Tapes.Of(BackendCases.ToTape(target));
        ArrayView<byte> cost = lane.Take<byte>(batch * n * m);
        ArrayView<int> range = lane.TakeZeroed<int>(batch);
        var rows = new RowArguments
        {
            Count = batch,
            Used = n,
            ColumnRoom = m,
            RowIds = lane.Upload<int>(rowIds),
            RowTokens = lane.Upload<int>(rowTokens),
            ColumnIds = lane.Upload<int>(columnIds),
            ColumnTokens = lane.Upload<int>(columnTokens),
        };
        _gpu.Tokens.QueueBlocks(lane, rowTape, rows.RowIds, columnTape, rows.ColumnIds, batch, n, m, cost, range);
        _gpu.Embeddings.QueueCosts(lane, _gpu.Embeddings.Of(embeddings), rows, rowTape, columnTape, share, cost);
        byte[] costs = new byte[batch * n * m];
        lane.Download(cost, costs);
        for (int at = 0; at < costs.Length; at++)
        {
            int row = at / m, column = (at / (n * m) * m) + (at % m);
            int expected = rowIds[row] < 0 || columnIds[column] < 0
                ? 0
                : CostOf(source[rowIds[row]], target[columnIds[column]], CosineDistance(given, rowTokens[row], received, columnTokens[column]), share);
            Assert.That(costs[at], Is.EqualTo(expected), $"entry {at}: text {rowIds[row]}, token {rowTokens[row]}; text {columnIds[column]}, token {columnTokens[column]}");
        }

        GC.KeepAlive(embeddings);

        int[] Drawn(int count, int limit) => [.. Enumerable.Range(0, count).Select(_ => random.Next(-1, limit))];
    }

    [Test]
    public void DocumentsInOneCallAreThoseStepByStep([ValueSource(nameof(VariantNumbers))] int variant)
    {
        AlignmentOptions options = Variants[variant];
        int rests = 0;
        for (int seed = 0; seed < 3; seed++)
        {
            var drawn = new DrawnDocuments(7100 + (10 * variant) + seed, 5, repaired: seed == 2);
            VocabularyPair vocabularies = WithEmbeddings(drawn, seed);
            var report = new AlignmentReport();
            AlignedDocument[] expected = Align(new ReferenceBackend(), drawn.Pairs, vocabularies, options, new AlignmentReport()), found = Align(_gpu, drawn.Pairs, vocabularies, options, report);
            Assert.That(report.Notices, Is.Empty);
            for (int d = 0; d < expected.Length; d++)
            {
                Assert.That(DocumentComparison.FirstDifference(found[d], expected[d], options, drawn.Pairs[d].Target.Candidates.K), Is.Null, $"seed {seed}, document {d}");
                rests += Enumerable.Range(0, found[d].Rows).Count(i => found[d][i].Rule == RowRule.Prefix);
            }
        }

        if (options.Transfer == TransferRule.BoundaryPrefix)
            Assert.That(rests, Is.Positive);
    }

    [Test]
    [NonParallelizable]
    public void ChunksDoNotMatter([Values(0, 2)] int variant)
    {
        var drawn = new DrawnDocuments(7200, 12);
        VocabularyPair vocabularies = WithEmbeddings(drawn, 5);
        AlignedDocument[] whole = Align(_gpu, drawn.Pairs, vocabularies, Variants[variant], new AlignmentReport());
        AlignedDocument[] cut;
        _gpu.ChunkPositions = 30;
        try
        {
            cut = Align(_gpu, drawn.Pairs, vocabularies, Variants[variant], new AlignmentReport());
        }
        finally
        {
            _gpu.ChunkPositions = 0;
        }

        for (int d = 0; d < whole.Length; d++)
        {
            for (int i = 0; i < whole[d].Rows; i++)
            {
                Assert.That(cut[d][i], Is.EqualTo(whole[d][i]), $"document {d}, row {i}");
                Assert.That(cut[d].IndicesOf(i).SequenceEqual(whole[d].IndicesOf(i)) && cut[d].ValuesOf(i).SequenceEqual(whole[d].ValuesOf(i)), $"document {d}, row {i}");
            }
        }
    }

    [Test]
    public void EditsThatDoNotFitAByteAreCountedInFull()
    {
        // 600 letters c become 300 of them for half a symbol's price, and one for almost all of it; cut off at 255 edits both would cost the same, and the first would win.
        string[] texts = ["a", "b", "c", new('c', 300)];
        string[] given = ["a", "b", new('c', 600)];
        var vocabularies = new VocabularyPair(VocabularyOf(given), VocabularyOf(texts)) { Embeddings = new TokenEmbeddings(64, new sbyte[64 * 3], new sbyte[64 * 4]) };
        var pair = new DocumentPair(DocumentOf([0, 1], [2, 2]), DocumentOf([0, 1], [2, 2]));
        AlignedDocument aligned = Align(_gpu, [pair], vocabularies, Fusion with { Cost = CandidateCost.Embedding, Mass = MassRule.Renormalised }, new AlignmentReport())[0];
        Assert.That((aligned[0].Rule, aligned.IndicesOf(0).ToArray(), aligned.ValuesOf(0).ToArray()), Is.EqualTo((RowRule.Boundary, new[] { 3 }, new[] { 1.0 })));

        static TokenVocabulary VocabularyOf(string[] texts) =>
            new("v", "Ġ", true, false, texts, [.. texts.Select(System.Text.Encoding.UTF8.GetBytes)], new TokenRoles[texts.Length]);

        static TokenizedDocument DocumentOf(int[] ids, int[] candidates) => new() { Id = "long", Ids = ids, Candidates = new TopKLogits(candidates, new double[candidates.Length], 1) };
    }

    [Test]
    public void TablesStayAsLongAsTheirEmbeddings()
    {
        using GpuBackend gpu = GpuBackend.OpenEmulator();
        var random = new Random(3);
        TokenEmbeddings kept = Embeddings(new Vectors(random, 5, 64), new Vectors(random, 5, 64));
        DeviceEmbeddings tables = gpu.Embeddings.Of(kept);
        gpu.ComputeEmbeddingCosts(kept, [0], [1], new byte[1, 1]);
        Assert.That(gpu.Embeddings.Of(kept), Is.SameAs(tables));
        int before = gpu.Tokens.Tapes.InUse;
        WeakReference dropped = Use(gpu, random);
        Assert.That(gpu.Tokens.Tapes.InUse, Is.EqualTo(before + 1));
        for (int i = 0; i < 20 && gpu.Tokens.Tapes.InUse > before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.That((dropped.IsAlive, gpu.Tokens.Tapes.InUse), Is.EqualTo((false, before)));
        Assert.That(gpu.Embeddings.Of(kept), Is.SameAs(tables));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Use(GpuBackend gpu, Random random)
        {
            TokenEmbeddings embeddings = Embeddings(new Vectors(random, 9, 128), new Vectors(random, 3, 128));
            gpu.ComputeEmbeddingCosts(embeddings, [0], [1], new byte[1, 1]);
            return new WeakReference(gpu.Embeddings.Of(embeddings));
        }
    }

    [Test]
    public void TablesCountInTheMemoryThatChunksShare()
    {
        var drawn = new DrawnDocuments(7300, 1);
        VocabularyPair vocabularies = WithEmbeddings(drawn, 1);
        long tables = 65L * (drawn.Vocabularies.Source.Count + drawn.Vocabularies.Target.Count);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(GpuBackend.LeftOf(1L << 40, vocabularies, Variants[0]), Is.EqualTo((1L << 40) - tables));
            Assert.That(GpuBackend.LeftOf(1L << 40, vocabularies, Fusion), Is.EqualTo(1L << 40), "texts read no tables");
            Assert.That(GpuBackend.LeftOf(tables - 1, vocabularies, Variants[0]), Is.Zero);
        }
    }

    private static AlignedDocument[] Align(IKernelBackend backend, DocumentPair[] pairs, VocabularyPair vocabularies, in AlignmentOptions options, AlignmentReport report)
    {
        var aligned = new AlignedDocument[pairs.Length];
        backend.AlignBatch(pairs, vocabularies, options, aligned, report);
        return aligned;
    }

    private static VocabularyPair WithEmbeddings(DrawnDocuments drawn, int seed)
    {
        var random = new Random(seed);
        TokenVocabulary source = drawn.Vocabularies.Source, target = drawn.Vocabularies.Target;
        return new VocabularyPair(source, target) { Embeddings = Embeddings(new Vectors(random, source.Count, 64), new Vectors(random, target.Count, 64)) };
    }

    private static TokenEmbeddings Embeddings(Vectors source, Vectors target) => new(source.Dimensions, [.. source.Rows.SelectMany(static r => r)], [.. target.Rows.SelectMany(static r => r)]);

    /// <summary>Hundredths, rounded half up; null where a side has no vector.</summary>
    private static int? CosineDistance(Vectors source, int row, Vectors target, int column)
    {
        if (row < 0 || column < 0 || source.Rows[row].All(static v => v == 0) || target.Rows[column].All(static v => v == 0))
            return null;
        long dot = source.Rows[row].Zip(target.Rows[column], static (a, b) => (long)a * b).Sum();
        return Math.Clamp(Rounded(100 * (1 - (dot / 16384m))), 0, 200);
    }

    private static int CostOf(PlainToken a, PlainToken b, int? cosine, int share)
    {
        int edits = TextOracle.Distance(a, b);
        if (edits == 0 || a.Special || b.Special)
            return edits == 0 ? 0 : 200;
        int text = Rounded(100m * edits / Math.Max(a.Symbols.Length, b.Symbols.Length));
        return Math.Max(1, cosine is { } distance ? Rounded((((100 - share) * text) + (share * distance)) / 100m) : text);
    }

    private static int Rounded(decimal value) => (int)Math.Floor(value + 0.5m);

    private static PlainToken[] Texts(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(t => t % 9 == 0
            ? new PlainToken([.. "<" + (t % 4)], Special: true, t % 2 == 0 ? "b" : "")
            : new PlainToken(BackendCases.Word(random, random.Next(t % 7 == 1 ? 90 : 6), 3)))];

    /// <summary>Vectors near one of three directions or its opposite, of length about 128; some tokens have none.</summary>
    private sealed class Vectors
    {
        public Vectors(Random random, int count, int dimensions)
        {
            var directions = new Random(dimensions);
            double[][] common = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, dimensions).Select(_ => directions.NextDouble() - 0.5).ToArray())];
            Dimensions = dimensions;
            Rows = [.. Enumerable.Range(0, count).Select(t =>
            {
                double sign = random.Next(2) == 0 ? 1 : -1, noise = random.NextDouble();
                double[] vector = [.. common[random.Next(3)].Select(c => (sign * c) + (noise * (random.NextDouble() - 0.5)))];
                double length = Math.Sqrt(vector.Sum(static v => v * v));
                return t % 8 == 7 ? new sbyte[dimensions] : vector.Select(v => (sbyte)Math.Round(128 * v / length)).ToArray();
            })];
        }

        public int Dimensions { get; }

        public sbyte[][] Rows { get; }
    }
}
