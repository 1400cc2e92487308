namespace PtaKernels.Pipeline;

/// <summary>A distribution over few tokens, as the point of square roots of its probabilities: distances between such points are Hellinger's.</summary>
internal sealed class SparseRow
{
    private readonly int[] _tokens;
    private readonly double[] _roots;

    /// <summary>Takes a row; masses are scaled to sum 1.</summary>
    /// <param name="tokens">[n] tokens, each once.</param>
    /// <param name="masses">[n] masses, not all 0.</param>
    public SparseRow(ReadOnlySpan<int> tokens, ReadOnlySpan<double> masses)
    {
        _tokens = tokens.ToArray();
        double sum = 0;
        foreach (double mass in masses)
            sum += mass;
        _roots = new double[masses.Length];
        for (int i = 0; i < _roots.Length; i++)
            _roots[i] = Math.Sqrt(masses[i] / sum);
        Array.Sort(_tokens, _roots);
    }

    /// <summary>Hellinger distance: sqrt(1 - sum over tokens of sqrt(p q)), 0 for the same distribution, 1 where no token is common.</summary>
    public double DistanceTo(SparseRow other)
    {
        double common = 0;
        for (int i = 0, j = 0; i < _tokens.Length && j < other._tokens.Length;)
        {
            if (_tokens[i] == other._tokens[j])
                common += _roots[i++] * other._roots[j++];
            else if (_tokens[i] < other._tokens[j])
                i++;
            else
                j++;
        }

        return Math.Sqrt(Math.Max(0, 1 - common));
    }
}
