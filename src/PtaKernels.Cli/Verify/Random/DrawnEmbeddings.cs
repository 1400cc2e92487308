namespace PtaKernels.Cli.Verify.Random;

/// <summary>Vectors for tokens of which nothing is known: near one of a few directions or its opposite, so that every distance occurs; some tokens have none.</summary>
internal static class DrawnEmbeddings
{
    private const int Directions = 6, Without = 9;

    /// <summary>Vectors for the tokens of a pair.</summary>
    /// <param name="pair">Both vocabularies and the target's encoder.</param>
    /// <param name="seed">Everything follows from it.</param>
    /// <param name="dimensions">Numbers per vector, a multiple of <see cref="TokenEmbeddings.Block"/>.</param>
    /// <returns>The same pair with embeddings; its maps are empty.</returns>
    public static VocabularyPair Give(VocabularyPair pair, int seed, int dimensions = TokenEmbeddings.Block) =>
        new(pair.Source, pair.Target) { TargetEncoder = pair.TargetEncoder, Embeddings = Draw(new System.Random(seed), pair.Source.Count, pair.Target.Count, dimensions) };

    /// <summary>Vectors for so many tokens of each side.</summary>
    public static TokenEmbeddings Draw(System.Random random, int source, int target, int dimensions)
    {
        double[][] directions = [.. Enumerable.Range(0, Directions).Select(_ => Vector(random, dimensions))];
        return new TokenEmbeddings(dimensions, Table(source), Table(target));

        sbyte[] Table(int count)
        {
            sbyte[] table = new sbyte[count * dimensions];
            for (int t = 0; t < count; t++)
            {
                if (random.Next(Without) > 0)
                    Fill(random, directions[random.Next(Directions)], table.AsSpan(t * dimensions, dimensions));
            }

            return table;
        }
    }

    private static void Fill(System.Random random, double[] direction, Span<sbyte> vector)
    {
        double sign = random.Next(2) == 0 ? 1 : -1, own = 2 * random.NextDouble(), squares = 0;
        double[] sum = Vector(random, direction.Length);
        for (int d = 0; d < sum.Length; d++)
        {
            sum[d] = (sign * direction[d]) + (own * sum[d]);
            squares += sum[d] * sum[d];
        }

        double scale = TokenEmbeddings.Length / Math.Sqrt(squares);
        for (int d = 0; d < sum.Length; d++)
            vector[d] = (sbyte)Math.Round(Math.Clamp(scale * sum[d], -127, 127));
    }

    private static double[] Vector(System.Random random, int dimensions)
    {
        double[] vector = new double[dimensions];
        foreach (ref double value in vector.AsSpan())
            value = random.NextDouble() - 0.5;
        return vector;
    }
}
