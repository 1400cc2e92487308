namespace PtaKernels.Pipeline.Planning;

/// <summary>Intervals from a sample of documents: documents are drawn again, with replacement, since the tokens of one resemble each other.</summary>
internal static class DocumentBootstrap
{
    /// <summary>Share of intervals that hold the corpus's value, where the sample was drawn from it at random.</summary>
    public const double Confidence = 0.95;

    private const int Draws = 1000;

    /// <summary>Sum of numerators over sum of denominators.</summary>
    /// <param name="numerators">[documents].</param>
    /// <param name="denominators">[documents], their sum over 0.</param>
    /// <param name="seed">Which draws.</param>
    public static Estimate Ratio(double[] numerators, double[] denominators, long seed)
    {
        double value = numerators.Sum() / denominators.Sum();
        return Between(value, [.. Resampled(numerators, denominators, seed).Select(r => Widened(value, r, numerators.Length))]);
    }

    /// <summary>A rate that differs from document to document, and from one time to the next.</summary>
    /// <param name="rounds">[rounds] what the whole sample took, per unit: one of them is drawn each time, since a later run meets the machine as one round did, not as their mean.</param>
    /// <param name="seconds">[documents] what each took.</param>
    /// <param name="units">[documents].</param>
    /// <param name="seed">Which draws.</param>
    public static Estimate Rate(double[] rounds, double[] seconds, double[] units, long seed)
    {
        var random = new Random(unchecked((int)seed + 1));
        double own = seconds.Sum() / units.Sum();
        double[] drawn = [.. Resampled(seconds, units, seed).Select(r => rounds[random.Next(rounds.Length)] * (own == 0 ? 1 : Widened(own, r, units.Length) / own))];
        return Between(Median(rounds), drawn);
    }

    /// <summary>The middle one.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static double[] Resampled(double[] numerators, double[] denominators, long seed)
    {
        var random = new Random(unchecked((int)seed));
        double[] ratios = new double[Draws];
        for (int r = 0; r < Draws; r++)
        {
            double over = 0, under = 0;
            for (int i = 0; i < numerators.Length; i++)
            {
                int at = random.Next(numerators.Length);
                over += numerators[at];
                under += denominators[at];
            }

            ratios[r] = under > 0 ? over / under : numerators.Sum() / denominators.Sum();
        }

        return ratios;
    }

    /// <summary>Draws from n documents spread by a factor sqrt((n - 1) / n) less than samples of n do.</summary>
    private static double Widened(double value, double drawn, int documents) =>
        documents < 2 ? drawn : Math.Max(0, value + ((drawn - value) * Math.Sqrt(documents / (documents - 1.0))));

    private static Estimate Between(double value, double[] drawn)
    {
        Array.Sort(drawn);
        int outside = (int)Math.Round(drawn.Length * (1 - Confidence) / 2);
        return new Estimate(value, Math.Min(value, drawn[outside]), Math.Max(value, drawn[^(1 + outside)]));
    }
}
