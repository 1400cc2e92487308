using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus;

/// <summary>Some rows of a split that follow one another; or a part that is written already.</summary>
/// <param name="Split">Their split.</param>
/// <param name="FirstRow">Number of the first row.</param>
/// <param name="Rows">Rows that it stands for, those not taken included.</param>
/// <param name="Taken">The rows taken, in order.</param>
/// <param name="Written">The part that is written already; then none are taken.</param>
internal sealed record RowItem<T>(string Split, long FirstRow, long Rows, IReadOnlyList<T> Taken, StoreShard? Written = null);

/// <summary>Cuts the rows of a corpus into items, which become the record batches of a store.</summary>
internal static class RowItems
{
    /// <summary>Documents of an item at most, unless a backend asks for more.</summary>
    public const int DocumentsOfItem = 32;

    /// <summary>Bytes of an item's target records, about, from which on it takes no more documents: what bounds the memory where documents are long.</summary>
    private const long BytesOfItem = 4 << 20;

    /// <summary>The items of a run: rows that the output lacks, and parts that it has.</summary>
    /// <remarks>Where an item ends depends on the rows and on where it began, and a part that is written ends where an item ended: a run that goes on gives the items of one in one piece.</remarks>
    /// <typeparam name="T">A row.</typeparam>
    /// <param name="splits">The splits, in order.</param>
    /// <param name="rangeOf">The rows of a split.</param>
    /// <param name="rows">Rows of a split from one on and before another, where so many were taken before; null stands for one that is not taken.</param>
    /// <param name="sizeOf">About the bytes of the target's record.</param>
    /// <param name="writtenAt">The part that begins with a row of a split, if it is written already.</param>
    /// <param name="nextWritten">The first row from one on with which such a part begins.</param>
    /// <param name="documentsAtOnce">Documents that the backend wants in one call.</param>
    public static IEnumerable<RowItem<T>> Of<T>(
        IEnumerable<string> splits, Func<string, (long First, long Stop)> rangeOf, Func<string, long, long, long, IEnumerable<(long Row, T? Taken)>> rows, Func<T, long> sizeOf,
        Func<string, long, StoreShard?> writtenAt, Func<string, long, long?> nextWritten, int documentsAtOnce)
        where T : class
    {
        int most = Math.Max(DocumentsOfItem, documentsAtOnce);
        foreach (string split in splits)
        {
            (long row, long last) = rangeOf(split);
            long taken = 0;
            while (row < last)
            {
                if (writtenAt(split, row) is { } part)
                {
                    yield return new RowItem<T>(split, row, part.Rows, [], part);
                    row += part.Rows;
                    taken += part.Documents + part.Quarantined;
                    continue;
                }

                long stop = Math.Min(nextWritten(split, row) ?? last, last);
                foreach (RowItem<T> item in Unwritten(split, row, rows(split, row, stop, taken), sizeOf, most))
                {
                    row += item.Rows;
                    taken += item.Taken.Count;
                    yield return item;
                }

                if (row != stop)
                    break;
            }
        }
    }

    private static IEnumerable<RowItem<T>> Unwritten<T>(string split, long first, IEnumerable<(long Row, T? Taken)> rows, Func<T, long> sizeOf, int most)
        where T : class
    {
        List<T> taken = [];
        long start = first, row = first, size = 0;
        foreach ((long number, T? one) in rows)
        {
            row = number + 1;
            if (one is null)
                continue;
            taken.Add(one);
            size += sizeOf(one);
            if (taken.Count < most && size < BytesOfItem)
                continue;
            yield return new RowItem<T>(split, start, row - start, [.. taken]);
            taken.Clear();
            (start, size) = (row, 0);
        }

        if (row > start)
            yield return new RowItem<T>(split, start, row - start, [.. taken]);
    }
}
