namespace PtaKernels.Training;

/// <summary>Spearman's rank correlation: whether one figure orders things as another does.</summary>
/// <param name="Count">Things that are ordered.</param>
/// <param name="Coefficient">-1..1; NaN of fewer than two things, or where one figure is the same for all.</param>
/// <param name="PValue">Two-sided; NaN where the coefficient is.</param>
public readonly record struct RankCorrelation(int Count, double Coefficient, double PValue)
{
    /// <summary>Up to so many things, every order of them is looked at.</summary>
    private const int MostPermuted = 8;

    // Orders whose coefficients differ by rounding only are equally far.
    private const double Rounding = 1e-12;

    /// <summary>Correlates ranks; equal values share the mean of theirs. The p-value is exact up to eight things (the share of all orders that are as far from zero), then from the t distribution.</summary>
    /// <param name="x">[n] one figure.</param>
    /// <param name="y">[n] the other.</param>
    /// <exception cref="ArgumentException">They are not as many, or one is not a number.</exception>
    public static RankCorrelation Spearman(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Count != y.Count)
            throw new ArgumentException($"{x.Count} values cannot be paired with {y.Count}.", nameof(y));
        if (x.Concat(y).Any(double.IsNaN))
            throw new ArgumentException("What is not a number has no rank.");
        int n = x.Count;
        double[] first = Centred(x), second = Centred(y);
        double scale = Math.Sqrt(Product(first, first) * Product(second, second));
        if (scale == 0)
            return new RankCorrelation(n, double.NaN, double.NaN);
        double coefficient = Math.Clamp(Product(first, second) / scale, -1, 1);
        double p = n <= MostPermuted
            ? Permutations(second, 0).Average(order => Math.Abs(Product(first, order) / scale) >= Math.Abs(coefficient) - Rounding ? 1.0 : 0.0)
            : StudentT.TwoSidedP(coefficient * Math.Sqrt((n - 2) / (1 - (coefficient * coefficient))), n - 2);
        return new RankCorrelation(n, coefficient, p);
    }

    /// <summary>Ranks less their mean.</summary>
    private static double[] Centred(IReadOnlyList<double> values) =>
        [.. values.Select(v => values.Count(other => other < v) + ((values.Count(other => other == v) - values.Count) / 2.0))];

    private static double Product(double[] first, double[] second) => first.Zip(second, static (a, b) => a * b).Sum();

    /// <summary>Every order of what stands from a place on, in the same array.</summary>
    private static IEnumerable<double[]> Permutations(double[] values, int from)
    {
        if (from >= values.Length - 1)
        {
            yield return values;
            yield break;
        }

        for (int i = from; i < values.Length; i++)
        {
            (values[from], values[i]) = (values[i], values[from]);
            foreach (double[] order in Permutations(values, from + 1))
                yield return order;
            (values[from], values[i]) = (values[i], values[from]);
        }
    }
}
