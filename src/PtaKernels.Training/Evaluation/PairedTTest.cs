namespace PtaKernels.Training;

/// <summary>Student's paired t-test: what the differences of two methods, seed by seed, say about other seeds.</summary>
/// <param name="Count">Pairs.</param>
/// <param name="Mean">Mean of second minus first; NaN of none.</param>
/// <param name="StandardError">Of the mean: the differences' sample deviation over the root of their number; NaN of fewer than two.</param>
/// <param name="T">Mean over standard error; NaN of fewer than two pairs.</param>
/// <param name="PValue">Two-sided; NaN of fewer than two pairs. Differences that are all the same leave no spread to compare with: then it is 1 where they are zero, else 0.</param>
public readonly record struct PairedTTest(int Count, double Mean, double StandardError, double T, double PValue)
{
    /// <summary>Of the t distribution: one less than the pairs.</summary>
    public int DegreesOfFreedom => Math.Max(0, Count - 1);

    /// <summary>Tests whether the mean of second minus first is zero. Values that are not numbers make results that are not.</summary>
    /// <param name="first">[n] one method.</param>
    /// <param name="second">[n] the other, in the same order.</param>
    /// <exception cref="ArgumentException">They are not as many.</exception>
    public static PairedTTest Of(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count)
            throw new ArgumentException($"{first.Count} values cannot be paired with {second.Count}.", nameof(second));
        double[] differences = [.. first.Zip(second, static (a, b) => b - a)];
        int n = differences.Length;
        if (n < 2)
            return new PairedTTest(n, n == 0 ? double.NaN : differences[0], double.NaN, double.NaN, double.NaN);
        // The mean of equal values may be off by a rounding, which would be a spread.
        double mean = differences.All(d => d == differences[0]) ? differences[0] : differences.Average();
        double error = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / (n - 1) / n);
        double t = mean == 0 && error == 0 ? 0 : mean / error;
        return new PairedTTest(n, mean, error, t, StudentT.TwoSidedP(t, n - 1));
    }

    /// <summary>Half the width of the interval around the mean that covers the true one with this confidence; NaN of fewer than two pairs.</summary>
    /// <param name="confidence">0 to below 1.</param>
    public double HalfWidth(double confidence = 0.95) => Count < 2 ? double.NaN : StandardError * StudentT.Critical(1 - confidence, DegreesOfFreedom);
}
