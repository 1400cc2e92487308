namespace PtaKernels.Cli.Verify.Random;

/// <summary>Two backends' answers to one document, within SPEC A4.</summary>
internal static class DocumentComparison
{
    private const double OfficialValues = 1e-12, FusedValues = 1e-8;

    /// <summary>The first row that differs beyond SPEC A4, as a sentence; null where none does.</summary>
    public static string? FirstDifference(AlignedDocument found, AlignedDocument expected, AlignmentOptions options)
    {
        double tolerance = options.Output == OutputUnit.Official ? OfficialValues : FusedValues;
        if ((found.Id, found.Unit, found.Rows) != (expected.Id, expected.Unit, expected.Rows))
            return $"{found.Id} of {found.Rows} rows instead of {expected.Id} of {expected.Rows}";
        for (int i = 0; i < expected.Rows; i++)
        {
            RowProvenance a = found[i], b = expected[i];
            string at = $"row {i}: {a} instead of {b}";
            if ((a.Rule, a.SourceRow, a.Source, a.Transport?.Status) != (b.Rule, b.SourceRow, b.Source, b.Transport?.Status))
                return at;
            bool signal = double.IsNaN(b.SignalKept) ? double.IsNaN(a.SignalKept) : Math.Abs(a.SignalKept - b.SignalKept) <= tolerance;
            if (!signal || Math.Abs(a.Missing - b.Missing) > tolerance || Math.Abs(a.Kappa - b.Kappa) > tolerance)
                return at;
            if (options.Transport == TransportKind.Official && a.Transport?.Iterations != b.Transport?.Iterations)
                return at;
            if (!Same(found.IndicesOf(i), found.ValuesOf(i), expected.IndicesOf(i), expected.ValuesOf(i), tolerance))
                return $"{at}: {Print(found, i)} instead of {Print(expected, i)}";
        }

        return null;
    }

    /// <summary>The same tokens in the same order, except where masses are equal up to the tolerance.</summary>
    private static bool Same(ReadOnlySpan<int> ids, ReadOnlySpan<double> values, ReadOnlySpan<int> expectedIds, ReadOnlySpan<double> expected, double tolerance)
    {
        if (ids.Length != expectedIds.Length)
            return false;
        for (int i = 0; i < ids.Length; i++)
        {
            bool nan = double.IsNaN(expected[i]) && double.IsNaN(values[i]);
            if (!nan && !(Math.Abs(values[i] - expected[i]) <= tolerance) && values[i] != expected[i])
                return false;
            if (ids[i] != expectedIds[i])
            {
                // A token that the other row lacks has no mass there: topk's last choices lie among columns that are empty but for rounding.
                int other = expectedIds.IndexOf(ids[i]);
                if (!(Math.Abs((other < 0 ? 0 : expected[other]) - values[i]) <= tolerance))
                    return false;
            }
        }

        return true;
    }

    private static string Print(AlignedDocument document, int row) => string.Join(' ', document.IndicesOf(row).ToArray().Zip(document.ValuesOf(row).ToArray()));
}
