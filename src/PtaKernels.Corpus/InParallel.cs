namespace PtaKernels.Corpus;

/// <summary>Work on some documents at a time, of which each may be bad.</summary>
internal static class InParallel
{
    /// <summary>Does the work for each item; results are in the items' order.</summary>
    /// <param name="items">The items.</param>
    /// <param name="work">Called once for each, by any thread.</param>
    /// <param name="threads">Threads at most; -1 = as many as there are cores.</param>
    /// <exception cref="AlignmentDataException">An item is bad; of several the first, however the threads came to them.</exception>
    public static TResult[] Map<T, TResult>(IReadOnlyList<T> items, Func<T, TResult> work, int threads = -1)
    {
        var results = new TResult[items.Count];
        var errors = new AlignmentDataException?[items.Count];
        Parallel.For(0, items.Count, new ParallelOptions { MaxDegreeOfParallelism = threads }, i =>
        {
            try
            {
                results[i] = work(items[i]);
            }
            catch (AlignmentDataException e)
            {
                errors[i] = e;
            }
        });
        return Array.Find(errors, static e => e is not null) is { } error ? throw error : results;
    }
}
