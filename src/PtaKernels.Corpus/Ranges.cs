namespace PtaKernels.Corpus;

/// <summary>Ranges of long sequences.</summary>
internal static class Ranges
{
    /// <summary>Some items that follow one another.</summary>
    /// <param name="items">All items.</param>
    /// <param name="first">The first one wanted, from 0.</param>
    /// <param name="count">How many, at most.</param>
    public static IEnumerable<T> Of<T>(IEnumerable<T> items, long first, long count)
    {
        if (count <= 0)
            yield break;
        long at = 0;
        foreach (T item in items)
        {
            if (at++ < first)
                continue;
            yield return item;
            if (at - first == count)
                yield break;
        }
    }
}
