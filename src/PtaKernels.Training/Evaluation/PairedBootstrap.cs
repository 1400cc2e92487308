namespace PtaKernels.Training;

/// <summary>A difference of two models on the same documents or questions, with what resampling of these says about it.</summary>
/// <param name="Difference">Second minus first.</param>
/// <param name="Low">2.5 % quantile.</param>
/// <param name="High">97.5 % quantile.</param>
/// <param name="StandardError">Standard deviation over the resamples.</param>
/// <param name="PValue">
/// Two-sided: twice the share of resamples at or beyond zero, on the side where there are fewer; (1 + those) / (1 + resamples), at most 1. Small where the resamples agree on a sign.
/// </param>
public readonly record struct BootstrapResult(double Difference, double Low, double High, double StandardError, double PValue)
{
    /// <summary>Resamples that are drawn where nobody says otherwise.</summary>
    public const int Resamples = 10_000;

    private const int LeastResamples = 40;

    /// <summary>Paired bootstrap (Koehn 2004) of bits per byte: both models are scored on the same documents, drawn with replacement. Negative where the second is better.</summary>
    /// <param name="first">Scores of one model.</param>
    /// <param name="second">The other's, document by document. Its bytes may differ, where its tokenizer leaves another first token without a prediction.</param>
    /// <param name="resamples">Draws, at least 40.</param>
    /// <param name="seed">Which draws.</param>
    /// <exception cref="ArgumentException">The documents are not the same.</exception>
    public static BootstrapResult Of(IReadOnlyList<DocumentScore> first, IReadOnlyList<DocumentScore> second, int resamples = Resamples, int seed = 1)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count == 0 || !first.Select(static d => d.Id).SequenceEqual(second.Select(static d => d.Id)))
            throw new ArgumentException("The two models were not scored on the same documents in the same order.");
        return Of([[.. first.Zip(second, static (a, b) => new Pair(a.Nats / Math.Log(2), a.Bytes, b.Nats / Math.Log(2), b.Bytes))]], resamples, seed);
    }

    /// <summary>Paired bootstrap of accuracies: the mean over tasks, each task's questions drawn with replacement. Positive where the second is better.</summary>
    /// <param name="first">Answers of one model.</param>
    /// <param name="second">The other's, question by question.</param>
    /// <param name="resamples">Draws, at least 40.</param>
    /// <param name="seed">Which draws.</param>
    /// <exception cref="ArgumentException">The questions are not the same.</exception>
    public static BootstrapResult Of(IReadOnlyList<ItemScore> first, IReadOnlyList<ItemScore> second, int resamples = Resamples, int seed = 1)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count == 0 || !first.Select(static i => (i.Task, i.Id)).SequenceEqual(second.Select(static i => (i.Task, i.Id))))
            throw new ArgumentException("The two models were not scored on the same questions in the same order.");
        Pair[][] tasks =
        [
            .. first.Zip(second).GroupBy(static p => p.First.Task).OrderBy(static g => g.Key, StringComparer.Ordinal)
                .Select(static g => g.Select(static p => new Pair(p.First.Correct ? 1 : 0, 1, p.Second.Correct ? 1 : 0, 1)).ToArray()),
        ];
        return Of(tasks, resamples, seed);
    }

    /// <summary>The difference of sum(values) / sum(weights), averaged over groups that are resampled each for itself.</summary>
    private static BootstrapResult Of(Pair[][] groups, int resamples, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, LeastResamples);
        var random = new Random(seed);
        double[] differences = new double[resamples];
        for (int r = 0; r < resamples; r++)
        {
            foreach (Pair[] group in groups)
            {
                Pair sum = default;
                for (int i = 0; i < group.Length; i++)
                    sum = sum.With(group[random.Next(group.Length)]);
                differences[r] += sum.Difference / groups.Length;
            }
        }

        double all = groups.Average(static g => g.Aggregate(static (a, b) => a.With(b)).Difference), mean = differences.Average();
        int below = differences.Count(static d => d <= 0), above = differences.Count(static d => d >= 0);
        Array.Sort(differences);
        return new BootstrapResult(
            all, differences[(int)(0.025 * (resamples - 1))], differences[(int)Math.Ceiling(0.975 * (resamples - 1))],
            Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / (resamples - 1)), Math.Min(1, 2 * (1.0 + Math.Min(below, above)) / (1.0 + resamples)));
    }

    private readonly record struct Pair(double FirstValue, double FirstWeight, double SecondValue, double SecondWeight)
    {
        public double Difference => (SecondValue / Math.Max(1, SecondWeight)) - (FirstValue / Math.Max(1, FirstWeight));

        public Pair With(in Pair other) => new(FirstValue + other.FirstValue, FirstWeight + other.FirstWeight, SecondValue + other.SecondValue, SecondWeight + other.SecondWeight);
    }
}
