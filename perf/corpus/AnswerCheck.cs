using PtaKernels.Corpus.Stores;

namespace PtaKernels.CorpusBench;

/// <summary>Whether two backends give the same fused rows.</summary>
internal static class AnswerCheck
{
    private const string Other = "reference";

    /// <summary>Difference of two values that count as the same, relative to the larger of them and 1: a float16's last place is less.</summary>
    private const double Tolerance = 1e-3;

    /// <summary>Share of the rows that may differ: ties of candidates that rounding breaks (SPEC A4).</summary>
    private const double MostDifferent = 2e-3;

    /// <summary>Aligns the first documents by the best backend and by the plain one.</summary>
    /// <exception cref="AlignmentDataException">The answers differ.</exception>
    public static CheckedAnswer Run(AlignWork work)
    {
        if (!CorpusSinks.IsStore(work.Corpus))
            throw new AlignmentDataException($"{work.Corpus}: answers are compared in stores; make the corpus with --form store, or add --check 0.");
        string first = work.OutputNamed("check-first.tmp"), second = work.OutputNamed("check-second.tmp");
        try
        {
            foreach ((string output, string? backend) in new[] { (first, work.Backend), (second, Other) })
            {
                AlignWork.Remove(output);
                PtaProcess.Run((work with { Backend = backend }).Arguments(output)).Dispose();
            }

            (long rows, long different) = Compare(Read(first), Read(second));
            return different <= rows * MostDifferent ? new CheckedAnswer(work.Preset, work.Documents, Other, rows, different)
                : throw new AlignmentDataException($"preset {work.Preset}: {different} of {rows} rows differ from backend {Other}'s on the first {work.Documents} documents; nothing was timed.");
        }
        finally
        {
            AlignWork.Remove(first);
            AlignWork.Remove(second);
        }
    }

    /// <summary>Compares documents row by row.</summary>
    /// <exception cref="AlignmentDataException">They are not the same documents, or none.</exception>
    internal static (long Rows, long Different) Compare(IReadOnlyList<AlignedRow> first, IReadOnlyList<AlignedRow> second)
    {
        if (first.Count == 0 || !first.Select(static d => d.Id).SequenceEqual(second.Select(static d => d.Id)))
            throw new AlignmentDataException($"{first.Count} and {second.Count} documents are compared, and they are none or not the same.");
        long rows = 0, different = 0;
        foreach ((AlignedRow one, AlignedRow other) in first.Zip(second))
        {
            if (!one.Ids.AsSpan().SequenceEqual(other.Ids) || one.Groups.Length != other.Groups.Length)
                throw new AlignmentDataException(one.Id, "the two outputs have other tokens.");
            foreach ((AlignedDocument a, AlignedDocument b) in one.Groups.Zip(other.Groups))
            {
                rows += a.Rows;
                for (int t = 0; t < a.Rows; t++)
                    different += IsSame(a, b, t) ? 0 : 1;
            }
        }

        return (rows, different);
    }

    private static bool IsSame(AlignedDocument a, AlignedDocument b, int row)
    {
        if (a[row].Rule != b[row].Rule || a[row].Source != b[row].Source || !Near(a[row].Missing, b[row].Missing) || a.IndicesOf(row).Length != b.IndicesOf(row).Length)
            return false;
        ReadOnlySpan<int> tokens = b.IndicesOf(row);
        for (int i = 0; i < tokens.Length; i++)
        {
            // Values that are the same but for rounding may stand in another order.
            int at = a.IndicesOf(row)[i] == tokens[i] ? i : tokens.IndexOf(a.IndicesOf(row)[i]);
            if (at < 0 || !Near(a.ValuesOf(row)[i], b.ValuesOf(row)[at]))
                return false;
        }

        return true;
    }

    private static bool Near(double x, double y) => x.Equals(y) || Math.Abs(x - y) <= Tolerance * Math.Max(1, Math.Max(Math.Abs(x), Math.Abs(y)));

    private static AlignedRow[] Read(string store)
    {
        var reader = new StoreReader(store);
        return [.. reader.Splits.SelectMany(split => reader.Rows(split, 0)).Select(static row => row.Guard(() => AlignedRows.Document(row.Rows, row.BatchRow, $"{row.Number}")))];
    }
}
