namespace PtaKernels;

/// <summary>A vocabulary's ordinary tokens that have bytes, sorted by these, then by id. Immutable.</summary>
internal sealed class SortedTokens
{
    private readonly TokenVocabulary _vocabulary;
    private readonly int[] _ids;

    /// <summary>Sorts them.</summary>
    public SortedTokens(TokenVocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _ids = [.. Enumerable.Range(0, vocabulary.Count).Where(id => vocabulary.HasToken(id) && !vocabulary.IsSpecial(id) && vocabulary.Bytes[id].Length > 0)];
        Array.Sort(_ids, (a, b) => vocabulary.Bytes[a].SequenceCompareTo(vocabulary.Bytes[b]) is not 0 and int order ? order : a.CompareTo(b));
    }

    /// <summary>[places] token ids.</summary>
    public ReadOnlySpan<int> Ids => _ids;

    /// <summary>The first place whose token is not before some bytes.</summary>
    public int FirstNotBefore(ReadOnlySpan<byte> bytes)
    {
        int low = 0, high = _ids.Length;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (_vocabulary.Bytes[_ids[middle]].SequenceCompareTo(bytes) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>Places whose tokens start with some bytes: they stand together.</summary>
    public Range StartingWith(ReadOnlySpan<byte> bytes)
    {
        int start = FirstNotBefore(bytes), end = start;
        for (int high = _ids.Length; end < high;)
        {
            int middle = end + ((high - end) / 2);
            if (_vocabulary.Bytes[_ids[middle]].StartsWith(bytes))
                end = middle + 1;
            else
                high = middle;
        }

        return start..end;
    }

    /// <summary>Places whose tokens are some bytes.</summary>
    public Range EqualTo(ReadOnlySpan<byte> bytes)
    {
        int start = FirstNotBefore(bytes), end = start;
        while (end < _ids.Length && _vocabulary.Bytes[_ids[end]].SequenceEqual(bytes))
            end++;
        return start..end;
    }
}
