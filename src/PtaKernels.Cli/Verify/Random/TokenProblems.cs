using CommunityToolkit.HighPerformance;

namespace PtaKernels.Cli.Verify.Random;

/// <summary>Edit distances and nearest tokens: ids and distances are equal (SPEC A4).</summary>
internal static class TokenProblems
{
    /// <summary>Two words of a bit-parallel kernel, and as far as rows and columns of any real vocabulary go.</summary>
    private const int LongestToken = 128;

    /// <summary>One matrix, u8 and u16; a problem is a pair of tokens.</summary>
    public static RandomChunk Matrices(System.Random random, IKernelBackend answers, int wanted)
    {
        bool ties = RandomTapes.Ties(random);
        // Shapes around a square, never a multiple of anything for long.
        double side = Math.Sqrt(wanted);
        int n = Math.Max(1, (int)(side * (0.25 + (1.5 * random.NextDouble())))), m = Math.Max(1, (wanted + n - 1) / n);
        TokenTape source = RandomTapes.Draw(random, n, LongestToken, ties), target = RandomTapes.Draw(random, m, LongestToken, ties);
        int[] rows = RandomTapes.Range(n), columns = RandomTapes.Range(m);
        var expected = new byte[n, m];
        KernelStatus status = answers.ComputeCostMatrix(source, rows, target, columns, new Span2D<byte>(expected));
        return new RandomChunk(expected.Length, (backend, findings) =>
        {
            var found = new byte[n, m];
            var wide = new ushort[n, m];
            if (backend.ComputeCostMatrix(source, rows, target, columns, new Span2D<byte>(found)) != status)
                findings.Differs($"[{n}, {m}] distances: the status of u8 differs from {status}");
            if (backend.ComputeCostMatrix(source, rows, target, columns, new Span2D<ushort>(wide)) != KernelStatus.Ok)
                findings.Differs($"[{n}, {m}] distances: the status of u16 is {KernelStatus.Range}");
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < m; j++)
                {
                    if (found[i, j] != expected[i, j] || wide[i, j] != expected[i, j])
                        findings.Differs($"[{n}, {m}] distances: token {i} of length {source[i].Length} to token {j} of length {target[j].Length} is {found[i, j]} (u8), {wide[i, j]} (u16), expected {expected[i, j]}");
                }
            }
        });
    }

    /// <summary>A batch of small matrices of one shape; a problem is a pair of tokens.</summary>
    public static RandomChunk Blocks(System.Random random, IKernelBackend answers, int wanted)
    {
        bool ties = RandomTapes.Ties(random);
        TokenTape source = RandomTapes.Draw(random, 200, 24, ties), target = RandomTapes.Draw(random, 200, 24, ties);
        int n = random.Next(1, 17), m = random.Next(1, 17), batch = Math.Max(1, wanted / (n * m));
        int[] rows = RandomTapes.Ids(random, batch * n, source.Count), columns = RandomTapes.Ids(random, batch * m, target.Count);
        byte[] expected = new byte[batch * n * m];
        KernelStatus status = answers.ComputeCostMatrices(source, rows, target, columns, n, m, expected);
        return new RandomChunk(expected.Length, (backend, findings) =>
        {
            byte[] found = new byte[expected.Length];
            if (backend.ComputeCostMatrices(source, rows, target, columns, n, m, found) != status)
                findings.Differs($"[{batch}, {n}, {m}] blocks: the status differs from {status}");
            for (int c = 0; c < found.Length; c++)
            {
                if (found[c] != expected[c])
                    findings.Differs($"[{batch}, {n}, {m}] blocks: entry [{c / (n * m)}, {c / m % n}, {c % m}] is {found[c]}, expected {expected[c]}");
            }
        });
    }

    /// <summary>One matrix of cosine distances; a problem is a pair of tokens.</summary>
    public static RandomChunk Embeddings(System.Random random, IKernelBackend answers, int wanted)
    {
        double side = Math.Sqrt(wanted);
        int n = Math.Max(1, (int)(side * (0.25 + (1.5 * random.NextDouble())))), m = Math.Max(1, (wanted + n - 1) / n);
        TokenEmbeddings embeddings = DrawnEmbeddings.Draw(random, Math.Min(n, 500), Math.Min(m, 500), TokenEmbeddings.Block * random.Next(1, 6));
        int[] rows = TokensOf(n, embeddings.SourceKnown.Length), columns = TokensOf(m, embeddings.TargetKnown.Length);
        var expected = new byte[n, m];
        answers.ComputeEmbeddingCosts(embeddings, rows, columns, new Span2D<byte>(expected));
        return new RandomChunk(expected.Length, (backend, findings) =>
        {
            var found = new byte[n, m];
            backend.ComputeEmbeddingCosts(embeddings, rows, columns, new Span2D<byte>(found));
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < m; j++)
                {
                    if (found[i, j] != expected[i, j])
                        findings.Differs($"[{n}, {m}] cosine distances of {embeddings.Dimensions} dimensions: token {rows[i]} to token {columns[j]}, entry [{i}, {j}], is {found[i, j]}, expected {expected[i, j]}");
                }
            }
        });

        // Now and then a text that is no token.
        int[] TokensOf(int count, int limit) => [.. Enumerable.Range(0, count).Select(_ => random.Next(20) == 0 ? -1 : random.Next(limit))];
    }

    /// <summary>A search over a whole tape; a problem is a query.</summary>
    public static RandomChunk Nearest(System.Random random, IKernelBackend answers, int wanted)
    {
        bool ties = RandomTapes.Ties(random);
        TokenTape source = RandomTapes.Draw(random, wanted, 20, ties), target = RandomTapes.Draw(random, RandomTapes.LogUniform(random, 400), 20, ties);
        int[] queries = RandomTapes.Range(source.Count), nearest = new int[queries.Length], distance = new int[queries.Length];
        answers.FindNearestTokens(source, queries, target, nearest, distance);
        return new RandomChunk(queries.Length, (backend, findings) =>
        {
            int[] foundNearest = new int[queries.Length], foundDistance = new int[queries.Length];
            backend.FindNearestTokens(source, queries, target, foundNearest, foundDistance);
            for (int q = 0; q < queries.Length; q++)
            {
                if (foundNearest[q] != nearest[q] || foundDistance[q] != distance[q])
                    findings.Differs($"query {q} of {queries.Length} among {target.Count} tokens maps to {foundNearest[q]} at {foundDistance[q]}, expected {nearest[q]} at {distance[q]}");
            }
        });
    }
}
