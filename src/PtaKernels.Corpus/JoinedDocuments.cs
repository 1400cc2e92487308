using System.Text.Json;

namespace PtaKernels.Corpus;

/// <summary>One model's documents from several files or folders of one kind, one after another in each split.</summary>
internal sealed class JoinedDocuments : IDocumentReader
{
    private readonly IReadOnlyList<IDocumentReader> _parts;

    /// <summary>Joins readers.</summary>
    /// <exception cref="AlignmentDataException">They are of several kinds.</exception>
    public JoinedDocuments(IReadOnlyList<IDocumentReader> parts)
    {
        _parts = parts;
        if (parts.FirstOrDefault(p => p.Kind != parts[0].Kind) is { } other)
            throw new AlignmentDataException($"{other.Path}: is a {other.Kind}, but {parts[0].Path} is a {parts[0].Kind}; take them one by one.");
        Splits = [.. parts.SelectMany(static p => p.Splits).Distinct()];
    }

    /// <inheritdoc/>
    public string Path => _parts[0].Path;

    /// <inheritdoc/>
    public string Kind => _parts[0].Kind;

    /// <inheritdoc/>
    public IReadOnlyList<string> Splits { get; }

    /// <inheritdoc/>
    public string Identity => string.Join(' ', _parts.Select(static p => p.Identity));

    /// <inheritdoc/>
    public long? CountOf(string split)
    {
        long sum = 0;
        foreach (IDocumentReader part in With(split))
        {
            if (part.CountOf(split) is not { } count)
                return null;
            sum += count;
        }

        return sum;
    }

    /// <inheritdoc/>
    public IEnumerable<IDocumentRecord> Read(string split, long first = 0)
    {
        IDocumentReader[] parts = [.. With(split)];
        for (int p = 0; p < parts.Length; p++)
        {
            if (parts[p].CountOf(split) is { } count)
            {
                long skipped = Math.Min(first, count);
                first -= skipped;
                if (skipped == count)
                    continue;
                foreach (IDocumentRecord record in parts[p].Read(split, skipped))
                    yield return new JoinedRecord(record, (p + record.Share) / parts.Length);
                continue;
            }

            foreach (IDocumentRecord record in parts[p].Read(split))
            {
                if (first > 0)
                    first--;
                else
                    yield return new JoinedRecord(record, (p + record.Share) / parts.Length);
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="AlignmentDataException">Always: joined documents go into a store.</exception>
    public IDocumentWriter OpenOutput(OutputRequest request) => throw new AlignmentDataException($"{Path}: is read together with others; import them into a store first.");

    private IEnumerable<IDocumentReader> With(string split) => _parts.Where(p => p.Splits.Contains(split));
}

/// <summary>A record of one of several files.</summary>
/// <param name="Inner">The file's record.</param>
/// <param name="Share">About how much of all files is read with it, 0..1.</param>
internal sealed record JoinedRecord(IDocumentRecord Inner, double Share) : IDocumentRecord
{
    /// <summary>The record itself, of whichever file it is.</summary>
    public static IDocumentRecord Unwrap(IDocumentRecord record) => record is JoinedRecord joined ? joined.Inner : record;

    public string Where => Inner.Where;

    public string DefaultId => Inner.DefaultId;

    public long Size => Inner.Size;

    public long Number => Inner.Number;

    public string Evidence => Inner.Evidence;

    public void WriteKey(Utf8JsonWriter json) => Inner.WriteKey(json);

    public string? ValueOf(string column) => Inner.ValueOf(column);

    public TokenizedDocument Parse() => Inner.Parse();
}
