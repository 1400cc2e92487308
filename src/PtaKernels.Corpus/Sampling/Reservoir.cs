namespace PtaKernels.Corpus.Sampling;

/// <summary>Keeps at most so many of the items that it is shown, each of them with the same chance (Vitter's algorithm R); which ones depends on their number and the seed alone.</summary>
/// <param name="most">Items kept at most.</param>
/// <param name="seed">Which ones.</param>
internal sealed class Reservoir<T>(int most, long seed)
{
    private readonly List<(long Place, T Item)> _kept = [];
    private readonly Random _random = new(unchecked((int)seed));

    /// <summary>Items shown.</summary>
    public long Shown { get; private set; }

    /// <summary>The items kept, in the order in which they were shown.</summary>
    public IEnumerable<T> Kept => _kept.OrderBy(static k => k.Place).Select(static k => k.Item);

    /// <summary>Shows an item.</summary>
    public void Add(T item)
    {
        long place = Shown++;
        if (_kept.Count < most)
            _kept.Add((place, item));
        else if (_random.NextInt64(Shown) is var at && at < most)
            _kept[(int)at] = (place, item);
    }
}
