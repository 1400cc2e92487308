namespace PtaKernels.Corpus.Stores;

/// <summary>A row of a store of aligned documents.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Ids">The target's tokens.</param>
/// <param name="Groups">Fused rows: one group where the sources are merged, else one for each source.</param>
/// <param name="MeanCrossEntropy">[groups] each source's mean label cross-entropy, or null.</param>
internal sealed record AlignedRow(string Id, int[] Ids, AlignedDocument[] Groups, double?[] MeanCrossEntropy);

/// <summary>Reads rows of a store of aligned documents.</summary>
internal static class AlignedRows
{
    /// <summary>The document.</summary>
    /// <remarks>
    /// Probabilities are scaled so that a row and its missing mass sum to 1 again, which rounding to the stored type undid; official values stay as they are
    /// stored. A row's transport, source row and teacher signal are not kept.
    /// </remarks>
    /// <param name="rows">Its record batch.</param>
    /// <param name="row">Its number there.</param>
    /// <param name="defaultId">Its name where it has none.</param>
    /// <exception cref="InvalidDataException">Its columns do not fit each other.</exception>
    public static AlignedRow Document(StoreRows rows, int row, string defaultId)
    {
        string[] suffixes = StoreColumns.GroupsOf(rows.Header);
        string id = rows.TextOf(StoreColumns.Id, row) ?? defaultId;
        int length = rows.Bytes(StoreColumns.Rules + suffixes[0], row, 1).Length;
        return new AlignedRow(
            id,
            rows.IdsOf(StoreColumns.Ids, row, length),
            [.. suffixes.Select(s => Group(rows, row, s, id, length))],
            [.. suffixes.Select(s => rows.NumberOf<double>(StoreColumns.MeanCrossEntropy + s, row))]);
    }

    private static AlignedDocument Group(StoreRows rows, int row, string suffix, string id, int length)
    {
        OutputUnit unit = rows.Header.Unit!.Value;
        NumberType type = rows.Header.Values;
        ReadOnlySpan<byte> counts = rows.Bytes(StoreColumns.Counts + suffix, row, 1), rules = rows.Bytes(StoreColumns.Rules + suffix, row, 1);
        double[] values = rows.NumbersOf(StoreColumns.Fused + suffix, row, type) ?? throw new InvalidDataException($"{StoreColumns.Fused}{suffix} is null");
        int[] tokens = rows.IdsOf(StoreColumns.Tokens + suffix, row, values.Length);
        double[]? missing = rows.NumbersOf(StoreColumns.Missing + suffix, row, type), kappas = rows.NumbersOf(StoreColumns.Kappa + suffix, row, type);
        if (counts.Length != length || rules.Length != length || (missing is not null && missing.Length != length))
            throw new InvalidDataException($"{counts.Length} counts, {rules.Length} rules and {missing?.Length ?? length} missing masses for {length} tokens");
        int[] starts = new int[length + 1];
        var provenance = GC.AllocateUninitializedArray<RowProvenance>(length);
        int kappa = 0;
        for (int t = 0; t < length; t++)
        {
            starts[t + 1] = starts[t] + counts[t];
            if (starts[t + 1] > values.Length)
                throw new InvalidDataException($"{StoreColumns.Counts}{suffix}: more values than there are");
            (RowRule rule, int source) = Provenance.Read(rules[t]);
            double left = missing?[t] ?? 0;
            if (unit == OutputUnit.Probabilities && counts[t] > 0)
                left = Rescale(values.AsSpan(starts[t]..starts[t + 1]), left);
            provenance[t] = new RowProvenance(rule, -1, source, left, HasKappa(rule) && kappas is not null && kappa < kappas.Length ? kappas[kappa++] : 1);
        }

        if (starts[length] != values.Length)
            throw new InvalidDataException($"{StoreColumns.Counts}{suffix}: fewer values than there are");
        return new AlignedDocument(id, unit, starts, tokens, values, provenance);
    }

    /// <summary>Whether a row's kappa is stored: by every other rule it is 1.</summary>
    public static bool HasKappa(RowRule rule) => rule == RowRule.Prefix;

    private static double Rescale(Span<double> masses, double missing)
    {
        double sum = missing;
        foreach (double mass in masses)
            sum += mass;
        if (!(sum > 0) || double.IsInfinity(sum))
            return missing; // nothing that could be a distribution; who reads it says so
        foreach (ref double mass in masses)
            mass /= sum;
        return missing / sum;
    }
}
