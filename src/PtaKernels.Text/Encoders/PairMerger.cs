namespace PtaKernels.Text;

/// <summary>Joins a row of symbols pair by pair: always the pair of the lowest rank, of several the leftmost, until none is in the table.</summary>
/// <remarks>
/// A row is cut first wherever two symbols are neighbours in no token, which no pair can reach over. Short rows are then searched anew for each pair, long ones
/// keep a heap; the two give the same rows. Not for use by two threads at once.
/// </remarks>
internal sealed class PairMerger(MergeTable table)
{
    /// <summary>Rows up to here are searched: a word's symbols are in the first level of cache and a heap costs more.</summary>
    private const int LongestSearched = 48;

    private readonly int[] _ranks = new int[LongestSearched];
    private readonly int[] _joined = new int[LongestSearched];
    private (int Previous, int Next, int Rank, int Joined)[] _links = [];
    private readonly RankHeap _heap = new();

    /// <summary>Joins in place.</summary>
    /// <param name="symbols">[n] symbols; the first entries receive the result.</param>
    /// <param name="lengths">[n] their lengths in bytes, added up where symbols are joined.</param>
    /// <param name="lastSplit">Receives, where it is given, the last pair looked at for each joined symbol, joined in the end or not.</param>
    /// <returns>Number of symbols left.</returns>
    public int Merge(Span<int> symbols, Span<int> lengths, Dictionary<int, (int Left, int Right)>? lastSplit = null)
    {
        if (lastSplit is not null)
            return WithHeap(symbols, lengths, lastSplit);
        int left = 0;
        for (int start = 0, end; start < symbols.Length; start = end)
        {
            end = EndOfNeighbours(symbols, start);
            Span<int> row = symbols[start..end], rowLengths = lengths[start..end];
            int count = row.Length <= LongestSearched ? Search(row, rowLengths) : WithHeap(row, rowLengths, null);
            row[..count].CopyTo(symbols[left..]);
            rowLengths[..count].CopyTo(lengths[left..]);
            left += count;
        }

        return left;
    }

    /// <summary>Where the symbols from a place on can be cut; the ranks of the pairs before it are in the arrays, as far as these go.</summary>
    private int EndOfNeighbours(ReadOnlySpan<int> symbols, int start)
    {
        int at = start;
        for (; at + 1 < symbols.Length; at++)
        {
            int rank = table.Find(symbols[at], symbols[at + 1], out int joined);
            if (joined == MergeTable.Apart)
                break;
            if (at - start < LongestSearched)
                (_ranks[at - start], _joined[at - start]) = (rank, joined);
        }

        return at + 1;
    }

    private int Search(Span<int> symbols, Span<int> lengths)
    {
        int count = symbols.Length;
        Span<int> ranks = _ranks, joined = _joined;
        while (count > 1)
        {
            (int best, int at) = (MergeTable.Never, 0);
            for (int i = 0; i < count - 1; i++)
            {
                if (ranks[i] < best)
                    (best, at) = (ranks[i], i);
            }

            if (best == MergeTable.Never)
                break;
            symbols[at] = joined[at];
            lengths[at] += lengths[at + 1];
            int after = count - at - 2;
            symbols.Slice(at + 2, after).CopyTo(symbols[(at + 1)..]);
            lengths.Slice(at + 2, after).CopyTo(lengths[(at + 1)..]);
            if (after > 0)
            {
                ranks.Slice(at + 2, after - 1).CopyTo(ranks[(at + 1)..]);
                joined.Slice(at + 2, after - 1).CopyTo(joined[(at + 1)..]);
                ranks[at] = table.Find(symbols[at], symbols[at + 1], out joined[at]);
            }

            if (at > 0)
                ranks[at - 1] = table.Find(symbols[at - 1], symbols[at], out joined[at - 1]);
            count--;
        }

        return count;
    }

    private int WithHeap(Span<int> symbols, Span<int> lengths, Dictionary<int, (int Left, int Right)>? lastSplit)
    {
        int count = symbols.Length;
        if (_links.Length < count)
            _links = new (int, int, int, int)[Math.Max(count, 2 * _links.Length)];
        _heap.Clear();
        for (int i = 0; i < count; i++)
            _links[i] = (i - 1, i + 1 < count ? i + 1 : -1, MergeTable.Never, 0);
        for (int i = 0; i + 1 < count; i++)
            Look(i, symbols, lastSplit);
        while (_heap.TryTake(out int rank, out int at))
        {
            // A pair that one of its symbols left is still in the heap, under the rank it had.
            if (_links[at].Rank != rank)
                continue;
            (int previous, int right) = (_links[at].Previous, _links[at].Next);
            symbols[at] = _links[at].Joined;
            lengths[at] += lengths[right];
            int next = _links[right].Next;
            _links[right].Rank = MergeTable.Never;
            _links[at].Next = next;
            if (next >= 0)
                _links[next].Previous = at;
            if (previous >= 0)
                Look(previous, symbols, lastSplit);
            Look(at, symbols, lastSplit);
        }

        int left = 0;
        for (int i = 0; i >= 0; i = _links[i].Next)
            (symbols[left], lengths[left++]) = (symbols[i], lengths[i]);
        return left;
    }

    private void Look(int at, ReadOnlySpan<int> symbols, Dictionary<int, (int Left, int Right)>? lastSplit)
    {
        int right = _links[at].Next;
        int joined = 0;
        int rank = right < 0 ? MergeTable.Never : table.Find(symbols[at], symbols[right], out joined);
        (_links[at].Rank, _links[at].Joined) = (rank, joined);
        if (rank == MergeTable.Never)
            return;
        _heap.Add(rank, at);
        if (lastSplit is not null)
            lastSplit[joined] = (symbols[at], symbols[right]);
    }
}
