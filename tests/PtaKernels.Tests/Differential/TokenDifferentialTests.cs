using CommunityToolkit.HighPerformance;

namespace PtaKernels.Tests.Differential;

/// <summary>A million edit distances, nearest tokens and alignment paths: ids, distances, costs and paths are equal (SPEC A4).</summary>
[Category("Long")]
public sealed class TokenDifferentialTests
{
    private const int Million = 1_000_000;
    private const int LongestDistance = 128;

    [Test]
    public void EditDistances() => DifferentialRun.Run("edit distance", Million, static (random, plain) =>
    {
        bool ties = DifferentialRun.Ties(random);
        // Most tokens are short; every length up to 128 occurs.
        TokenTape source = RandomTape(random, random.Next(1, 70), LongestDistance, ties), target = RandomTape(random, random.Next(1, 70), LongestDistance, ties);
        int[] rows = [.. Enumerable.Range(0, source.Count)], columns = [.. Enumerable.Range(0, target.Count)];
        var expected = new byte[rows.Length, columns.Length];
        KernelStatus status = plain.ComputeCostMatrix(source, rows, target, columns, new Span2D<byte>(expected));
        return new Chunk(expected.Length, backend => CompareCosts(backend, source, rows, target, columns, expected, status));
    });

    [Test]
    public void EditDistancesOfSmallBlocks() => DifferentialRun.Run("edit distance, blocks", Million, static (random, plain) =>
    {
        bool ties = DifferentialRun.Ties(random);
        TokenTape source = RandomTape(random, 200, 24, ties), target = RandomTape(random, 200, 24, ties);
        int n = random.Next(1, 17), m = random.Next(1, 17), batch = random.Next(1, 40);
        int[] rows = [.. Enumerable.Range(0, batch * n).Select(_ => random.Next(source.Count))], columns = [.. Enumerable.Range(0, batch * m).Select(_ => random.Next(target.Count))];
        byte[] expected = new byte[batch * n * m];
        KernelStatus status = plain.ComputeCostMatrices(source, rows, target, columns, n, m, expected);
        return new Chunk(expected.Length, backend =>
        {
            byte[] found = new byte[expected.Length];
            KernelStatus foundStatus = backend.ComputeCostMatrices(source, rows, target, columns, n, m, found);
            return foundStatus == status && found.AsSpan().SequenceEqual(expected) ? [] : [$"[{batch}, {n}, {m}] blocks differ"];
        });
    });

    [Test]
    public void NearestTokens() => DifferentialRun.Run("nearest token", Million, static (random, plain) =>
    {
        bool ties = DifferentialRun.Ties(random);
        TokenTape source = RandomTape(random, 4000, 20, ties), target = RandomTape(random, DifferentialRun.LogUniform(random, 400), 20, ties);
        int[] queries = [.. Enumerable.Range(0, source.Count)], nearest = new int[queries.Length], distance = new int[queries.Length];
        plain.FindNearestTokens(source, queries, target, nearest, distance);
        return new Chunk(queries.Length, backend =>
        {
            int[] foundNearest = new int[queries.Length], foundDistance = new int[queries.Length];
            backend.FindNearestTokens(source, queries, target, foundNearest, foundDistance);
            return queries.Where(q => foundNearest[q] != nearest[q] || foundDistance[q] != distance[q])
                .Select(q => $"query {q} maps to {foundNearest[q]} at {foundDistance[q]}, expected {nearest[q]} at {distance[q]}");
        });
    });

    [Test]
    public void AlignmentPaths() => DifferentialRun.Run("alignment path", Million, static (random, plain) =>
        Paths(random, plain, 500, static r => DifferentialRun.LogUniform(r, 256)));

    [Test]
    public void LongAlignmentPaths() => DifferentialRun.Run("alignment path, long", 1000, static (random, plain) =>
        Paths(random, plain, 4, static r => r.Next(1024, 1400)));

    private static Chunk Paths(Random random, IKernelBackend plain, int count, Func<Random, int> side)
    {
        var problems = new (int[] Source, int[] Target, byte[,] Cost, (int, int)[] Steps, long Total)[count];
        var path = new AlignmentPath();
        for (int p = 0; p < count; p++)
        {
            bool ties = DifferentialRun.Ties(random);
            int n = side(random), m = side(random);
            byte[,] cost = ties || random.Next(2) == 0 ? RandomCosts(random, ties) : LikeText(random, Math.Max(n, m));
            int[] source = [.. Enumerable.Range(0, n).Select(_ => random.Next(cost.GetLength(0)))], target = [.. Enumerable.Range(0, m).Select(_ => random.Next(cost.GetLength(1)))];
            if (cost[0, 0] == 0 && !ties)
                Follow(random, source, target, cost);
            plain.FindAlignmentPath(source, target, cost, path);
            problems[p] = (source, target, cost, path.Steps.ToArray(), path.Cost);
        }

        return new Chunk(count, backend => Differences(backend));

        IEnumerable<string> Differences(IKernelBackend backend)
        {
            var found = new AlignmentPath();
            foreach ((int[] source, int[] target, byte[,] cost, (int, int)[] steps, long total) in problems)
            {
                backend.FindAlignmentPath(source, target, cost, found);
                if (found.Cost != total || !found.Steps.SequenceEqual(steps))
                    yield return $"{source.Length} x {target.Length} tokens: cost {found.Cost}, expected {total}, or another path";
            }
        }
    }

    private static byte[,] RandomCosts(Random random, bool ties)
    {
        int most = ties ? random.Next(1, 3) : 254;
        var cost = new byte[random.Next(1, 40), random.Next(1, 40)];
        foreach (ref byte c in cost.AsSpan2D())
            c = (byte)random.Next(most + 1);
        return cost;
    }

    /// <summary>Costs as texts have them: 0 between equal tokens, several edits between others.</summary>
    private static byte[,] LikeText(Random random, int tokens)
    {
        int distinct = Math.Clamp(tokens / 2, 1, 300);
        var cost = new byte[distinct, distinct];
        for (int i = 0; i < distinct; i++)
        {
            for (int j = 0; j < distinct; j++)
                cost[i, j] = (byte)(i == j ? 0 : random.Next(1, 12));
        }

        return cost;
    }

    /// <summary>The target repeats the source with tokens split, joined and replaced here and there.</summary>
    private static void Follow(Random random, int[] source, int[] target, byte[,] cost)
    {
        int s = 0;
        for (int t = 0; t < target.Length; t++)
        {
            target[t] = random.Next(6) == 0 ? random.Next(cost.GetLength(1)) : source[Math.Min(s, source.Length - 1)] % cost.GetLength(1);
            s += random.Next(8) switch { 0 => 0, 1 => 2, _ => 1 };
        }
    }

    private static TokenTape RandomTape(Random random, int count, int longest, bool ties)
    {
        var builder = new TokenTapeBuilder(count);
        int alphabet = ties ? 2 : random.Next(2, 11);
        for (int t = 0; t < count; t++)
        {
            int length = random.Next(3) == 0 ? random.Next(longest + 1) : random.Next(Math.Min(longest, 10) + 1);
            TokenRoles roles = random.Next(40) switch { 0 => TokenRoles.Special, 1 => TokenRoles.Special | TokenRoles.Eos, 2 => TokenRoles.Hole, _ => TokenRoles.None };
            builder.Add(roles == TokenRoles.Hole ? [] : Conformance.BackendCases.Word(random, length, alphabet), roles);
        }

        return builder.ToTape();
    }

    private static IEnumerable<string> CompareCosts(
        IKernelBackend backend, TokenTape source, int[] rows, TokenTape target, int[] columns, byte[,] expected, KernelStatus status)
    {
        var found = new byte[rows.Length, columns.Length];
        var wide = new ushort[rows.Length, columns.Length];
        if (backend.ComputeCostMatrix(source, rows, target, columns, new Span2D<byte>(found)) != status)
            yield return "the status differs";
        backend.ComputeCostMatrix(source, rows, target, columns, new Span2D<ushort>(wide));
        for (int i = 0; i < rows.Length; i++)
        {
            for (int j = 0; j < columns.Length; j++)
            {
                if (found[i, j] != expected[i, j] || wide[i, j] != expected[i, j])
                    yield return $"token {i} of length {source[i].Length} to token {j} of length {target[j].Length}: {found[i, j]} (u8), {wide[i, j]} (u16), expected {expected[i, j]}";
            }
        }
    }
}
