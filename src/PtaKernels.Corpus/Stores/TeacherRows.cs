using System.Runtime.InteropServices;

namespace PtaKernels.Corpus.Stores;

/// <summary>A row of a teacher's store as a document.</summary>
internal static class TeacherRows
{
    /// <summary>The document.</summary>
    /// <param name="rows">Its record batch.</param>
    /// <param name="row">Its number there.</param>
    /// <param name="defaultId">Its name where it has none.</param>
    /// <exception cref="InvalidDataException">Its columns do not fit each other.</exception>
    public static TokenizedDocument Document(StoreRows rows, int row, string defaultId)
    {
        StoreHeader header = rows.Header;
        int k = header.K!.Value;
        double[] values = rows.NumbersOf(StoreColumns.Values, row, header.Values) ?? throw new InvalidDataException($"{StoreColumns.Values} is null");
        int length = values.Length / k;
        if (length * k != values.Length)
            throw new InvalidDataException($"{StoreColumns.Values}: {values.Length} are not rows of {k}");
        int[] ids = rows.IdsOf(StoreColumns.Ids, row, length), candidates = rows.IdsOf(StoreColumns.Candidates, row, values.Length);
        return new TokenizedDocument
        {
            Id = rows.TextOf(StoreColumns.Id, row) ?? defaultId,
            Ids = ids,
            Candidates = length == 0 ? new TopKLogits([], [], 1) : new TopKLogits(candidates, values, k),
            LogSumExp = header.ValueKind == ValueKind.Logprob ? new double[length] : Sized(StoreColumns.LogSumExp, rows.NumbersOf(StoreColumns.LogSumExp, row, StoreColumns.SumTypeOf(header.Values)), length),
            LabelCrossEntropy = Sized(StoreColumns.LabelCrossEntropy, rows.NumbersOf(StoreColumns.LabelCrossEntropy, row, header.LabelType!.Value), Math.Max(0, length - 1)),
            MeanCrossEntropy = rows.NumberOf<double>(StoreColumns.MeanCrossEntropy, row),
            Spans = SpansOf(rows, row, length),
        };
    }

    private static double[]? Sized(string column, double[]? values, int length) =>
        values is null || values.Length == length ? values : throw new InvalidDataException($"{column}: {values.Length} values where the document needs {length}");

    private static (int Start, int End)[]? SpansOf(StoreRows rows, int row, int length)
    {
        if (rows.TryBytes(StoreColumns.ByteLengths, row, sizeof(ushort), out ReadOnlySpan<byte> bytes))
        {
            ReadOnlySpan<ushort> lengths = MemoryMarshal.Cast<byte, ushort>(bytes);
            RequireSpans(StoreColumns.ByteLengths, lengths.Length, length);
            var chained = GC.AllocateUninitializedArray<(int, int)>(length);
            for (int t = 0, end = 0; t < length; t++)
                chained[t] = (end, end = checked(end + lengths[t]));
            return chained;
        }

        if (!rows.TryBytes(StoreColumns.ByteOffsets, row, sizeof(int), out bytes))
            return null;
        RequireSpans(StoreColumns.ByteOffsets, bytes.Length / (2 * sizeof(int)), length);
        return MemoryMarshal.Cast<byte, (int, int)>(bytes).ToArray();
    }

    private static void RequireSpans(string column, int found, int length)
    {
        if (found != length)
            throw new InvalidDataException($"{column}: {found} spans for {length} tokens");
    }
}
