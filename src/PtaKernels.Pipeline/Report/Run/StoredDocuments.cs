using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <summary>The aligned documents as they are stored, looked up in the order of the corpus.</summary>
internal sealed class StoredDocuments : IDisposable
{
    private readonly IEnumerator<AlignedRecord>? _records;
    private readonly HashSet<string>? _names;

    /// <summary>Opens them.</summary>
    /// <param name="aligned">The documents; null where values cannot be compared.</param>
    /// <param name="corpusDocuments">Documents of the corpus: where fewer are aligned, their names are read first.</param>
    public StoredDocuments(AlignedInput? aligned, long corpusDocuments)
    {
        if (aligned is null)
            return;
        IEnumerable<AlignedRecord> all = aligned.Splits.SelectMany(split => aligned.Read(split));
        if (aligned.Splits.Sum(aligned.CountOf) != corpusDocuments)
            _names = [.. all.Select(static r => r.Id)];
        _records = all.GetEnumerator();
    }

    /// <summary>Whether a document is among them.</summary>
    public bool Has(string id) => _names?.Contains(id) ?? true;

    /// <summary>Compares a document with what is stored of it.</summary>
    /// <param name="id">Its name; names are asked for in the order of the corpus.</param>
    /// <param name="merged">Its rows now; null where nothing was merged.</param>
    /// <exception cref="AlignmentDataException">It is not stored.</exception>
    public StoredRows Compare(string id, AlignedDocument? merged)
    {
        if (_records is null || merged is null)
            return new StoredRows(0, 0, 0);
        while (_records.MoveNext())
        {
            if (_records.Current.Id == id)
                return Compare(_records.Current.Fused(), merged);
        }

        throw new AlignmentDataException($"the aligned documents have no document {id} at its place; give the documents that they were made from, in the same order.");
    }

    public void Dispose() => _records?.Dispose();

    private static StoredRows Compare(AlignedTokens stored, AlignedDocument merged)
    {
        long same = 0;
        double largest = 0;
        int rows = Math.Max(merged.Rows, stored.Ids.Length);
        for (int i = 0; i < Math.Min(merged.Rows, stored.Ids.Length); i++)
        {
            var masses = new Dictionary<int, double>();
            for (int e = stored.Offsets[i]; e < stored.Offsets[i + 1]; e++)
                masses[stored.Tokens[e]] = stored.Masses[e];
            ReadOnlySpan<int> tokens = merged.IndicesOf(i);
            double difference = 0;
            for (int t = 0; t < tokens.Length; t++)
                difference = Math.Max(difference, Math.Abs(merged.ValuesOf(i)[t] - (masses.Remove(tokens[t], out double mass) ? mass : 0)));
            difference = Math.Max(difference, masses.Values.DefaultIfEmpty(0).Max());
            same += difference <= StoredRows.Rounding ? 1 : 0;
            largest = Math.Max(largest, difference);
        }

        return new StoredRows(rows, same, largest);
    }
}

/// <summary>How stored rows compare with those that the same switches give now.</summary>
/// <param name="Rows">Rows compared; 0 under output official.</param>
/// <param name="Same">Rows whose masses agree to <see cref="Rounding"/>.</param>
/// <param name="Largest">Largest difference of a mass.</param>
internal sealed record StoredRows(long Rows, long Same, double Largest)
{
    /// <summary>What storing half-precision masses may round.</summary>
    public const double Rounding = 2e-3;

    /// <summary>Both together.</summary>
    public StoredRows With(StoredRows other) => new(Rows + other.Rows, Same + other.Same, Math.Max(Largest, other.Largest));
}
