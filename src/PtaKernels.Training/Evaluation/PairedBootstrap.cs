namespace PtaKernels.Training;

/// <summary>A difference of two models on the same documents, with what resampling of the documents says about it.</summary>
/// <param name="Difference">Second minus first, bits per byte; negative where the second is better.</param>
/// <param name="Low">2.5 % quantile.</param>
/// <param name="High">97.5 % quantile.</param>
/// <param name="ShareAbove">Share of the resamples in which the second is not better: a one-sided p-value.</param>
public readonly record struct BootstrapResult(double Difference, double Low, double High, double ShareAbove)
{
    /// <summary>Resamples that are drawn where nobody says otherwise.</summary>
    public const int Resamples = 10_000;

    /// <summary>Paired bootstrap (Koehn 2004): both models are scored on the same documents, drawn with replacement.</summary>
    /// <param name="first">Scores of one model.</param>
    /// <param name="second">The other's, document by document. Its bytes may differ, where its tokenizer leaves another first token without a prediction.</param>
    /// <param name="resamples">Draws, at least 40.</param>
    /// <param name="seed">Which draws.</param>
    /// <exception cref="ArgumentException">The documents are not the same.</exception>
    public static BootstrapResult Of(IReadOnlyList<DocumentScore> first, IReadOnlyList<DocumentScore> second, int resamples = Resamples, int seed = 1)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 40);
        if (first.Count == 0 || !first.Select(static d => d.Id).SequenceEqual(second.Select(static d => d.Id)))
            throw new ArgumentException("The two models were not scored on the same documents in the same order.");
        var random = new Random(seed);
        double[] differences = new double[resamples];
        for (int r = 0; r < resamples; r++)
        {
            double firstNats = 0, secondNats = 0;
            long firstBytes = 0, secondBytes = 0;
            for (int i = 0; i < first.Count; i++)
            {
                int d = random.Next(first.Count);
                firstNats += first[d].Nats;
                firstBytes += first[d].Bytes;
                secondNats += second[d].Nats;
                secondBytes += second[d].Bytes;
            }

            differences[r] = ((secondNats / Math.Max(1, secondBytes)) - (firstNats / Math.Max(1, firstBytes))) / Math.Log(2);
        }

        Array.Sort(differences);
        return new BootstrapResult(
            DomainScore.Of(second).BitsPerByte - DomainScore.Of(first).BitsPerByte,
            differences[(int)(0.025 * (resamples - 1))], differences[(int)Math.Ceiling(0.975 * (resamples - 1))],
            differences.Count(static d => d >= 0) / (double)resamples);
    }
}
