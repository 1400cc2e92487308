using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus;

/// <summary>Some documents that follow one another, as every model has them; or a part that is written already.</summary>
/// <param name="Split">Their split.</param>
/// <param name="FirstRow">Number of the first row.</param>
/// <param name="Rows">Rows that were read, those not taken included.</param>
/// <param name="Records">[documents][models] the records taken, the target's first.</param>
/// <param name="Written">The part that is written already; then there are no records.</param>
internal sealed record CorpusItem(string Split, long FirstRow, long Rows, IDocumentRecord[][] Records, StoreShard? Written = null)
{
    /// <summary>About how much of the input is read with it, 0..1.</summary>
    public double Share => Records.Length == 0 ? 0 : Records[^1][0].Share;
}

/// <summary>The same documents of all models, in order.</summary>
internal sealed class CorpusDocuments(IDocumentReader target, IReadOnlyList<IDocumentReader> sources, DocumentSelection selection)
{
    private IDocumentReader[] Readers => [target, .. sources];

    /// <summary>Kinds, splits and counts, where the readers know them, before any work is done.</summary>
    /// <exception cref="AlignmentDataException">They differ.</exception>
    public void RequireSameCorpus()
    {
        foreach (IDocumentReader source in sources)
        {
            if (source.Kind != target.Kind)
                throw new AlignmentDataException($"{source.Path}: is a {source.Kind}, but the target {target.Path} is a {target.Kind}; give all models' documents in one form.");
            if (!source.Splits.Order(StringComparer.Ordinal).SequenceEqual(target.Splits.Order(StringComparer.Ordinal)))
            {
                throw new AlignmentDataException(
                    $"{source.Path}: has the splits {string.Join(", ", source.Splits)}, but {target.Path} has {string.Join(", ", target.Splits)}; give the same splits in every folder.");
            }

            foreach (string split in target.Splits)
            {
                if (source.CountOf(split) is { } count && target.CountOf(split) is { } expected && count != expected)
                {
                    throw new AlignmentDataException(
                        $"{source.Path}: {count} rows in split {split}, but {target.Path} has {expected}; give the same documents in every folder.");
                }
            }
        }
    }

    /// <summary>A model's view of a document must be of that document.</summary>
    /// <exception cref="AlignmentDataException">It has another name.</exception>
    public void RequireSame(TokenizedDocument own, IDocumentRecord ownRecord, TokenizedDocument source, IDocumentRecord sourceRecord) =>
        RequireSame(target, own, ownRecord, source, sourceRecord);

    /// <inheritdoc cref="RequireSame(TokenizedDocument, IDocumentRecord, TokenizedDocument, IDocumentRecord)"/>
    public static void RequireSame(IDocumentReader target, TokenizedDocument own, IDocumentRecord ownRecord, TokenizedDocument source, IDocumentRecord sourceRecord)
    {
        bool unnamed = own.Id == ownRecord.DefaultId && source.Id == sourceRecord.DefaultId;
        if (!unnamed && own.Id != source.Id)
        {
            throw new AlignmentDataException(
                $"{sourceRecord.Where}: document {source.Id}, but {target.Path} has {own.Id} there; give the same documents in the same order.");
        }
    }

    /// <summary>Share of the work done.</summary>
    /// <param name="share">Share of the target's input that is read.</param>
    /// <param name="done">Documents that are written or set aside.</param>
    public double ShareOf(double share, long done)
    {
        long asked = selection.Limit * target.Splits.Count;
        return Math.Max(share, asked == 0 ? 0 : (double)done / asked);
    }

    /// <summary>All selected documents, whether written or not.</summary>
    public IEnumerable<IDocumentRecord[]> All() => target.Splits
        .SelectMany(split => selection.RangeOf(split, target) is var (first, stop) ? Together(split, first, stop, 0) : [])
        .Where(static r => r.Records is not null)
        .Select(static r => r.Records!);

    /// <summary>The items of a run: documents that the output lacks, and parts that it has.</summary>
    /// <remarks>Where an item ends depends on the documents and on where it began, and a part that is written ends where an item ended: a run that goes on gives the items of one in one piece.</remarks>
    /// <param name="writtenAt">The part that begins with a row of a split, if it is written already.</param>
    /// <param name="nextWritten">The first row from one on with which such a part begins.</param>
    /// <param name="documentsAtOnce">Documents that the backend wants in one call.</param>
    public IEnumerable<CorpusItem> Items(Func<string, long, StoreShard?> writtenAt, Func<string, long, long?> nextWritten, int documentsAtOnce = 1)
    {
        return RowItems.Of(target.Splits, split => selection.RangeOf(split, target), Together, static records => records[0].Size, writtenAt, nextWritten, documentsAtOnce)
            .Select(static item => new CorpusItem(item.Split, item.FirstRow, item.Rows, [.. item.Taken], item.Written));
    }

    /// <summary>The n-th records of all readers together, the target's first; without records where the selection leaves them out.</summary>
    private IEnumerable<(long Row, IDocumentRecord[]? Records)> Together(string split, long first, long stop, long taken)
    {
        IDocumentReader[] readers = Readers;
        if (first >= stop || (selection.Limit != 0 && taken >= selection.Limit))
            yield break;
        IEnumerator<IDocumentRecord>[] files = [.. readers.Select(r => r.Read(split, first).GetEnumerator())];
        try
        {
            for (long row = first; row < stop && (selection.Limit == 0 || taken < selection.Limit); row++)
            {
                bool[] more = [.. files.Select(static f => f.MoveNext())];
                if (Array.TrueForAll(more, static m => !m))
                    yield break;
                int ended = Array.IndexOf(more, false);
                if (ended >= 0)
                {
                    throw new AlignmentDataException(
                        $"{readers[ended].Path}: ends after {row} documents, {readers[Array.IndexOf(more, true)].Path} has more; give the same documents in every file.");
                }

                bool takes = selection.Takes(split, row, files[0].Current);
                taken += takes ? 1 : 0;
                yield return (row, takes ? [.. files.Select(static f => f.Current)] : null);
            }
        }
        finally
        {
            foreach (IEnumerator<IDocumentRecord> file in files)
                file.Dispose();
        }
    }
}
