namespace PtaKernels;

/// <summary>The k best next tokens of each position: row t is the distribution of token t + 1. Values are logits or log-probabilities, best first.</summary>
/// <remarks>float64, so that values of any input precision (f16, f32, f64) are held exactly.</remarks>
public sealed class TopKLogits
{
    /// <summary>Largest k of SPEC A3.3.</summary>
    public const int MaxK = 64;

    /// <summary>Takes ownership of the arrays.</summary>
    /// <param name="indices">[rows, k] token ids, row-major.</param>
    /// <param name="values">[rows, k] logits, row-major; -Infinity is allowed, NaN only where a preset says so.</param>
    /// <param name="k">Candidates per row, 1..64.</param>
    /// <exception cref="ArgumentException">k is out of range or the arrays do not hold whole rows of it.</exception>
    public TopKLogits(int[] indices, double[] values, int k)
    {
        ArgumentNullException.ThrowIfNull(indices);
        ArgumentNullException.ThrowIfNull(values);
        if (k is < 1 or > MaxK)
            throw new ArgumentException($"k is {k}; it must be 1..{MaxK}.", nameof(k));
        if (indices.Length != values.Length || indices.Length % k != 0)
            throw new ArgumentException($"{indices.Length} ids and {values.Length} values are not rows of k = {k}.");
        Indices = indices;
        Values = values;
        K = k;
    }

    /// <summary>[rows, k] token ids.</summary>
    public int[] Indices { get; }

    /// <summary>[rows, k] logits.</summary>
    public double[] Values { get; }

    /// <summary>Candidates per row.</summary>
    public int K { get; }

    /// <summary>Number of rows (positions).</summary>
    public int Rows => Indices.Length / K;

    /// <summary>The candidate ids of one row.</summary>
    public ReadOnlySpan<int> IndicesOf(int row) => Indices.AsSpan(row * K, K);

    /// <summary>The candidate logits of one row.</summary>
    public ReadOnlySpan<double> ValuesOf(int row) => Values.AsSpan(row * K, K);
}
