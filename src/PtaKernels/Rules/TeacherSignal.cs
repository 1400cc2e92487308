namespace PtaKernels.Rules;

/// <summary>How much of what the source said survives in a fused row (SPEC A3.4).</summary>
public static class TeacherSignal
{
    /// <summary>sum over tokens of min(s[y], fused[y]), s being the source's mass pushed to nearest target tokens; 0 = nothing, 1 = all of it.</summary>
    /// <param name="source">The source's mass by nearest target token.</param>
    /// <param name="tokens">Tokens of the fused row.</param>
    /// <param name="probabilities">Their probabilities, as the student will see them.</param>
    public static double Kept(FusedRow source, ReadOnlySpan<int> tokens, ReadOnlySpan<double> probabilities)
    {
        ArgumentNullException.ThrowIfNull(source);
        double kept = 0;
        for (int i = 0; i < source.Tokens.Length; i++)
        {
            int at = tokens.IndexOf(source.Tokens[i]);
            if (at >= 0)
                kept += Math.Min(source.Masses[i], probabilities[at]);
        }

        return kept;
    }

    /// <summary>A row's values as the student sees them: the official collator takes the softmax of whatever stands there (O8); probabilities stay.</summary>
    public static void AsProbabilities(ReadOnlySpan<double> values, OutputUnit unit, Span<double> destination)
    {
        if (unit == OutputUnit.Official)
            RowMass.Softmax(values, 1, destination);
        else
            values.CopyTo(destination);
    }
}
