namespace PtaKernels.Cli.Verify.Random;

/// <summary>Two backends' answers to one document, within SPEC A4.</summary>
internal static class DocumentComparison
{
    private const double OfficialValues = 1e-12, FusedValues = 1e-8;

    /// <summary>The first row that differs beyond SPEC A4, as a sentence; null where none does.</summary>
    /// <param name="found">A backend's answer.</param>
    /// <param name="expected">The other's.</param>
    /// <param name="options">All switches.</param>
    /// <param name="targetK">The target's k, to which a row is cut where no other number is asked for.</param>
    public static string? FirstDifference(AlignedDocument found, AlignedDocument expected, AlignmentOptions options, int targetK)
    {
        bool official = options.Output == OutputUnit.Official;
        double tolerance = official ? OfficialValues : FusedValues;
        int kept = options.FusedK > 0 ? options.FusedK : targetK;
        if ((found.Id, found.Unit, found.Rows) != (expected.Id, expected.Unit, expected.Rows))
            return $"{found.Id} of {found.Rows} rows instead of {expected.Id} of {expected.Rows}";
        for (int i = 0; i < expected.Rows; i++)
        {
            RowProvenance a = found[i], b = expected[i];
            string at = $"row {i}: {a} instead of {b}";
            if ((a.Rule, a.SourceRow, a.Source, a.Transport?.Status) != (b.Rule, b.SourceRow, b.Source, b.Transport?.Status))
                return at;
            if (Math.Abs(a.Missing - b.Missing) > tolerance || Math.Abs(a.Kappa - b.Kappa) > tolerance)
                return at;
            if (options.Transport == TransportKind.Official && a.Transport?.Iterations != b.Transport?.Iterations)
                return at;
            Agreement rows = !official ? Compare(found.IndicesOf(i), found.ValuesOf(i), expected.IndicesOf(i), expected.ValuesOf(i), kept)
                : SameValues(found.IndicesOf(i), found.ValuesOf(i), expected.IndicesOf(i), expected.ValuesOf(i)) ? Agreement.Same : Agreement.None;
            // Which of several equal tokens is kept decides how much of the source's mass is found again.
            bool signal = double.IsNaN(b.SignalKept) ? double.IsNaN(a.SignalKept) : rows == Agreement.TiedAtTheCut || Math.Abs(a.SignalKept - b.SignalKept) <= tolerance;
            if (rows == Agreement.None || !signal)
                return $"{at}: {Print(found, i)} instead of {Print(expected, i)}";
        }

        return null;
    }

    /// <summary>How two rows agree, the worst first.</summary>
    private enum Agreement
    {
        /// <summary>They do not.</summary>
        None,

        /// <summary>The same but for tokens of equal mass, of which a cut row can keep some only: rounding decides which.</summary>
        TiedAtTheCut,

        /// <summary>The same masses.</summary>
        Same,
    }

    /// <summary>Rows of the official unit: the same values in the same order, ids another order only among equal values.</summary>
    private static bool SameValues(ReadOnlySpan<int> ids, ReadOnlySpan<double> values, ReadOnlySpan<int> expectedIds, ReadOnlySpan<double> expected)
    {
        if (ids.Length != expectedIds.Length)
            return false;
        for (int i = 0; i < ids.Length; i++)
        {
            bool nan = double.IsNaN(expected[i]) && double.IsNaN(values[i]);
            if (!nan && !(Math.Abs(values[i] - expected[i]) <= OfficialValues) && values[i] != expected[i])
                return false;
            int other = expectedIds.IndexOf(ids[i]);
            if (ids[i] != expectedIds[i] && (other < 0 || !(Math.Abs(expected[other] - values[i]) <= OfficialValues)))
                return false;
        }

        return true;
    }

    /// <summary>Rows of probabilities: the same distribution, in either direction, heaviest first where the tokens stand in another order.</summary>
    private static Agreement Compare(ReadOnlySpan<int> ids, ReadOnlySpan<double> masses, ReadOnlySpan<int> expectedIds, ReadOnlySpan<double> expected, int kept)
    {
        for (int i = 1; i < ids.Length && !ids.SequenceEqual(expectedIds); i++)
        {
            if (masses[i] > masses[i - 1])
                return Agreement.None;
        }

        return (Agreement)Math.Min((int)Covers(ids, masses, expectedIds, expected, kept), (int)Covers(expectedIds, expected, ids, masses, kept));
    }

    /// <summary>
    /// Whether the first row's tokens have their masses in the other. A token that it lacks has no mass there (entries of a certified plan are known to 5e-10), or,
    /// where that row is cut to <paramref name="kept"/> tokens, at most the mass of its last one.
    /// </summary>
    private static Agreement Covers(ReadOnlySpan<int> ids, ReadOnlySpan<double> masses, ReadOnlySpan<int> otherIds, ReadOnlySpan<double> other, int kept)
    {
        var agreement = Agreement.Same;
        for (int i = 0; i < ids.Length; i++)
        {
            int at = otherIds.IndexOf(ids[i]);
            if (Math.Abs(masses[i] - (at < 0 ? 0 : other[at])) <= FusedValues)
                continue;
            if (at >= 0 || otherIds.Length < kept || !(masses[i] <= other[^1] + FusedValues))
                return Agreement.None;
            agreement = Agreement.TiedAtTheCut;
        }

        return agreement;
    }

    private static string Print(AlignedDocument document, int row) => string.Join(' ', document.IndicesOf(row).ToArray().Zip(document.ValuesOf(row).ToArray()));
}
