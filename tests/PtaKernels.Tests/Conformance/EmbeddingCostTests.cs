using CommunityToolkit.HighPerformance;

namespace PtaKernels.Tests.Conformance;

/// <summary>Cosine distances of embedded tokens: whole numbers, so every backend and instruction set gives the same ones.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class EmbeddingCostTests(string backend)
{
    private const int SourceTokens = 40, TargetTokens = 50;

    private readonly IKernelBackend _backend = BackendCases.Open(backend);

    private readonly bool _small = BackendCases.IsEmulator(backend);

    private enum Values
    {
        Any,
        Extreme,
        Unit,
    }

    [Test]
    public void EveryShape([Values(64, 128, 192, 320, 512)] int dimensions)
    {
        var random = new Random(dimensions);
        int[] sides = _small ? [0, 1, 17, 33] : [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 70];
        foreach (Values values in Enum.GetValues<Values>())
        {
            (sbyte[][] source, sbyte[][] target) = (Vectors(random, SourceTokens, dimensions, values), Vectors(random, TargetTokens, dimensions, values));
            var embeddings = new TokenEmbeddings(dimensions, [.. source.SelectMany(static v => v)], [.. target.SelectMany(static v => v)]);
            foreach (int n in sides)
                AssertAll(embeddings, source, target, Tokens(random, n, SourceTokens), Tokens(random, sides[random.Next(sides.Length)], TargetTokens));
        }
    }

    [Test]
    public void AWholeVocabularyOfColumns()
    {
        var random = new Random(7);
        (sbyte[][] source, sbyte[][] target) = (Vectors(random, SourceTokens, 64, Values.Unit), Vectors(random, TargetTokens, 64, Values.Unit));
        var embeddings = new TokenEmbeddings(64, [.. source.SelectMany(static v => v)], [.. target.SelectMany(static v => v)]);
        AssertAll(embeddings, source, target, Tokens(random, 5, SourceTokens), Tokens(random, _small ? 70 : 1000, TargetTokens));
    }

    [Test]
    public void DirectionsByHand()
    {
        // 128 along one axis, the same as four 64s, its opposite, a right angle, and nothing.
        sbyte[] one = [127, 0, 0, 0], spread = [64, 64, 64, 64], opposite = [-64, -64, -64, -64], right = [64, -64, 64, -64], none = [0, 0, 0, 0];
        TokenEmbeddings embeddings = new(64, Padded(spread, one, none), Padded(spread, opposite, right, one, none));
        byte[,] cost = new byte[4, 6];
        _backend.ComputeEmbeddingCosts(embeddings, [0, 1, 2, -1], [0, 1, 2, 3, 4, -1], new Span2D<byte>(cost));
        Assert.That(cost, Is.EqualTo(new byte[,]
        {
            { 0, 200, 100, 50, 255, 255 },
            { 50, 150, 50, 2, 255, 255 },
            { 255, 255, 255, 255, 255, 255 },
            { 255, 255, 255, 255, 255, 255 },
        }));

        static sbyte[] Padded(params sbyte[][] vectors) => [.. vectors.SelectMany(static v => v.Concat(new sbyte[60]))];
    }

    [Test]
    public void BadIdsAreRefused()
    {
        TokenEmbeddings embeddings = new(64, new sbyte[64 * 3], new sbyte[64 * 4]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => Compute([3], [0]), Throws.ArgumentException.With.Message.StartsWith("source token 3 is not among the embeddings' 3"));
            Assert.That(() => Compute([0], [-2]), Throws.ArgumentException.With.Message.StartsWith("target token -2 is not among the embeddings' 4"));
            Assert.That(() => Compute([0, 1], [0]), Throws.ArgumentException);
        }

        void Compute(int[] source, int[] target) => _backend.ComputeEmbeddingCosts(embeddings, source, target, new Span2D<byte>(new byte[1, 1]));
    }

    private static sbyte[][] Vectors(Random random, int count, int dimensions, Values values)
    {
        // One that both sides have.
        var same = new Random(5);
        sbyte[] common = [.. Enumerable.Range(0, dimensions).Select(_ => values == Values.Extreme ? (sbyte)127 : Value(same))];
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(8) switch
        {
            0 => new sbyte[dimensions],
            1 => common,
            2 => [.. common.Select(static v => (sbyte)-v)],
            _ => [.. Enumerable.Range(0, dimensions).Select(_ => Value(random))],
        })];

        sbyte Value(Random drawn) => values switch
        {
            Values.Any => (sbyte)drawn.Next(-127, 128),
            Values.Extreme => (sbyte)(drawn.Next(2) == 0 ? 127 : -127),
            _ => (sbyte)Math.Round((drawn.NextDouble() - 0.5) * 128 * Math.Sqrt(12.0 / dimensions)),
        };
    }

    /// <summary>Ids with repetitions, and -1.</summary>
    private static int[] Tokens(Random random, int count, int limit) => [.. Enumerable.Range(0, count).Select(_ => random.Next(10) == 0 ? -1 : random.Next(limit))];

    private void AssertAll(TokenEmbeddings embeddings, sbyte[][] source, sbyte[][] target, int[] rows, int[] columns)
    {
        // Inside a wider matrix, whose other cells stay as they are.
        byte[,] room = new byte[rows.Length + 1, columns.Length + 3];
        var whole = new Span2D<byte>(room);
        whole.Fill(77);
        _backend.ComputeEmbeddingCosts(embeddings, rows, columns, whole.Slice(0, 1, rows.Length, columns.Length));
        for (int i = 0; i < room.GetLength(0); i++)
        {
            for (int j = 0; j < room.GetLength(1); j++)
            {
                bool inside = i < rows.Length && j >= 1 && j <= columns.Length;
                int expected = inside ? Expected(rows[i] < 0 ? null : source[rows[i]], columns[j - 1] < 0 ? null : target[columns[j - 1]]) : 77;
                if (room[i, j] != expected)
                    Assert.Fail($"{embeddings.Dimensions} dimensions, [{rows.Length}, {columns.Length}]: entry [{i}, {j - 1}] is {room[i, j]}, expected {expected}");
            }
        }
    }

    /// <summary>(1 - dot / 128²) in hundredths, rounded half up.</summary>
    private static int Expected(sbyte[]? x, sbyte[]? y)
    {
        if (x is null || y is null || Array.TrueForAll(x, static v => v == 0) || Array.TrueForAll(y, static v => v == 0))
            return 255;
        long dot = 0;
        for (int d = 0; d < x.Length; d++)
            dot += x[d] * y[d];
        decimal hundredths = 100m - (100m * dot / 16384m);
        return (int)Math.Clamp(Math.Floor(hundredths + 0.5m), 0m, 200m);
    }
}
