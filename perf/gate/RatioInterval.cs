namespace PtaKernels.Gate;

/// <summary>The median of some rounds' ratios and its 98 % bootstrap interval.</summary>
/// <param name="Middle">The median.</param>
/// <param name="Low">Below it the median lies with a probability of 1 %.</param>
/// <param name="High">Above it, likewise.</param>
internal readonly record struct RatioInterval(double Middle, double Low, double High)
{
    private const int Samples = 2000;

    /// <summary>Percentile bootstrap over rounds (Efron 1979): medians of as many rounds, drawn with replacement from a fixed seed.</summary>
    /// <param name="ratios">A ratio per round; at least one.</param>
    /// <exception cref="ArgumentException">There is no round, or a ratio is not a positive number.</exception>
    public static RatioInterval Of(IReadOnlyList<double> ratios)
    {
        if (ratios.Count == 0 || ratios.Any(static r => !(r > 0) || !double.IsFinite(r)))
            throw new ArgumentException("ratios must be positive numbers, and there must be one.");
        var random = new Random(1);
        double[] medians = new double[Samples], sample = new double[ratios.Count];
        for (int s = 0; s < Samples; s++)
        {
            for (int i = 0; i < sample.Length; i++)
                sample[i] = ratios[random.Next(ratios.Count)];
            medians[s] = Median(sample);
        }

        Array.Sort(medians);
        return new RatioInterval(Median([.. ratios]), medians[Samples / 100], medians[Samples - 1 - (Samples / 100)]);
    }

    /// <summary>The median; the array is sorted.</summary>
    private static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }
}
