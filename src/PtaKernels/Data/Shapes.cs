namespace PtaKernels;

/// <summary>The shape checks of the kernel contract, the same for every backend. Each throws <see cref="ArgumentException"/> with the shapes in its sentence.</summary>
public static class Shapes
{
    /// <summary>A span that holds [batch, rows, columns] values, rows and columns at least 1.</summary>
    public static void Require(int length, int batch, int rows, int columns, string name)
    {
        if (batch < 0 || rows < 1 || columns < 1 || length != (long)batch * rows * columns)
            throw new ArgumentException($"{name} holds {length} values; [{batch}, {rows}, {columns}] needs {(long)batch * rows * columns} and positive sides.", name);
    }

    /// <summary>One cost matrix of two token lists.</summary>
    public static void RequireMatrix(int height, int width, int rows, int columns)
    {
        if (height != rows || width != columns)
            throw new ArgumentException($"The destination is {height} x {width}; {rows} source and {columns} target tokens need {rows} x {columns}.");
    }

    /// <summary>Many cost matrices of one shape; returns how many.</summary>
    public static int RequireMatrices(int sourceTokens, int targetTokens, int rows, int columns, int cost)
    {
        int batch = rows < 1 ? 0 : sourceTokens / rows;
        Require(sourceTokens, batch, rows, 1, nameof(sourceTokens));
        Require(targetTokens, batch, columns, 1, nameof(targetTokens));
        Require(cost, batch, rows, columns, nameof(cost));
        return batch;
    }

    /// <summary>Cosine distances of two lists of tokens, each in its table or -1.</summary>
    public static void RequireEmbeddings(TokenEmbeddings embeddings, ReadOnlySpan<int> sourceTokens, ReadOnlySpan<int> targetTokens, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(embeddings);
        RequireMatrix(height, width, sourceTokens.Length, targetTokens.Length);
        RequireIn(sourceTokens, embeddings.SourceKnown.Length, "source");
        RequireIn(targetTokens, embeddings.TargetKnown.Length, "target");

        static void RequireIn(ReadOnlySpan<int> tokens, int count, string side)
        {
            foreach (int token in tokens)
            {
                if (token < -1 || token >= count)
                    throw new ArgumentException($"{side} token {token} is not among the embeddings' {count}.");
            }
        }
    }

    /// <summary>Nearest tokens and distances, one of each per query.</summary>
    public static void RequireResults(int tokens, int nearest, int distance)
    {
        if (nearest != tokens || distance != tokens)
            throw new ArgumentException($"{tokens} tokens need as many results, not {nearest} and {distance}.");
    }

    /// <summary>An alignment path has a start and an end.</summary>
    public static void RequirePath(int sourceLength, int targetLength)
    {
        if (sourceLength == 0 || targetLength == 0)
            throw new ArgumentException("An alignment path needs at least one token on each side.");
    }

    /// <summary>A batch of transports.</summary>
    public static void RequireTransport(int batch, int n, int m, in Marginals marginals, in TransportOptions options, int plans, int outcomes)
    {
        if (n > TopKLogits.MaxK || m > TopKLogits.MaxK)
            throw new ArgumentException($"A transport of {n} x {m} candidates; each side takes at most {TopKLogits.MaxK}.");
        Require(marginals.A.Length, batch, n, 1, "marginals.A");
        if (options.Kind != TransportKind.SemiRelaxed || !marginals.B.IsEmpty)
            Require(marginals.B.Length, batch, m, 1, "marginals.B");
        Require(plans, batch, n, m, "destination");
        Require(outcomes, batch, 1, 1, nameof(outcomes));
        if (!Enum.IsDefined(options.Solver) || (options.Solver != TransportSolver.Newton && options.Kind != TransportKind.Balanced))
            throw new ArgumentException($"Solver {options.Solver} does not solve transport {options.Kind}.", nameof(options));
    }
}
