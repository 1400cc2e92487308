using PtaKernels.Steps;

namespace PtaKernels.Rules;

/// <summary>From logits to the probabilities that a row's candidates carry (SPEC A3.3).</summary>
public static class RowMass
{
    /// <summary>softmax(logits / temperature) as exp(x - max) / sum, summed in NumPy's order (SPEC B 9). NaN in gives NaN out.</summary>
    public static void Softmax(ReadOnlySpan<double> logits, double temperature, Span<double> destination)
    {
        double max = double.NegativeInfinity;
        for (int i = 0; i < logits.Length; i++)
        {
            destination[i] = logits[i] / temperature;
            max = Math.Max(max, destination[i]); // keeps a NaN
        }

        for (int i = 0; i < logits.Length; i++)
            destination[i] = StableExp.Exp(destination[i] - max);
        double sum = SinkhornStep.Sum(destination);
        for (int i = 0; i < logits.Length; i++)
            destination[i] /= sum;
    }

    /// <summary>True probabilities exp(logit - log-sum-exp) of a row, and the mass s = max(0, 1 - sum) that its candidates miss.</summary>
    public static double Tail(ReadOnlySpan<double> logits, double logSumExp, Span<double> destination)
    {
        double sum = 0;
        for (int i = 0; i < logits.Length; i++)
            sum += destination[i] = StableExp.Exp(logits[i] - logSumExp);
        return Math.Max(0, 1 - sum);
    }

    /// <summary>
    /// Mass of the leading candidates of a row under a rule; returns the missing mass (0 unless <c>tail</c>).
    /// <c>official</c> takes the softmax over the whole row and cuts it (O6); <c>renormalised</c> takes it over the candidates used.
    /// </summary>
    /// <param name="document">The row's document, for its log-sum-exp.</param>
    /// <param name="row">The row.</param>
    /// <param name="options">Mass rule and temperature.</param>
    /// <param name="mass">[used] receives the leading candidates' mass.</param>
    public static double Of(TokenizedDocument document, int row, in AlignmentOptions options, Span<double> mass)
    {
        ArgumentNullException.ThrowIfNull(document);
        ReadOnlySpan<double> logits = document.Candidates.ValuesOf(row);
        switch (options.Mass)
        {
            case MassRule.Official:
                Span<double> whole = stackalloc double[logits.Length];
                Softmax(logits, options.Temperature, whole);
                whole[..mass.Length].CopyTo(mass);
                return 0;
            case MassRule.Tail:
                return Tail(logits[..mass.Length], document.LogSumExp![row], mass);
            default:
                Softmax(logits[..mass.Length], options.Temperature, mass);
                return 0;
        }
    }
}
