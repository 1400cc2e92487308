using PtaKernels.Rules;

namespace PtaKernels.Pipeline;

/// <summary>A document with one source, aligned by every method.</summary>
/// <param name="Pair">The two views.</param>
/// <param name="Vocabularies">The vocabularies.</param>
/// <param name="Pairings">Which tokens are paired, by rule; null where a rule has no answer.</param>
/// <param name="Rows">[methods] the rows; null where a method refuses the document.</param>
internal sealed record MethodDocument(DocumentPair Pair, VocabularyPair Vocabularies, IReadOnlyDictionary<PairingRule, TokenPairing?> Pairings, AlignedDocument?[] Rows)
{
    /// <summary>Whether a method gave a row something from the source.</summary>
    public bool Taught(int method, int row) => Rows[method] is { } rows && rows[row].Transferred && !rows.IndicesOf(row).IsEmpty;

    /// <summary>What the student sees of a row.</summary>
    /// <returns>[tokens of the row] probabilities.</returns>
    public double[] Seen(int method, int row)
    {
        AlignedDocument rows = Rows[method]!;
        double[] seen = new double[rows.IndicesOf(row).Length];
        TeacherSignal.AsProbabilities(rows.ValuesOf(row), rows.Unit, seen);
        return seen;
    }

    /// <summary>Place of the first largest value.</summary>
    public static int Heaviest(ReadOnlySpan<double> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
            best = values[i] > values[best] ? i : best;
        return best;
    }
}
