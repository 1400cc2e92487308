using System.Collections.Concurrent;
using System.Text;

namespace PtaKernels;

/// <summary>The target tokens that begin the bytes of source tokens and of what rule (b) leaves of them, found when asked for and then kept. Thread-safe.</summary>
public sealed class ByteFits
{
    private const int NoPlace = -1;

    private readonly TokenVocabulary _source, _target;
    private readonly VocabularyMap _nearest;
    private readonly IFirstToken _encoder;
    private readonly SortedTokens _sorted;
    private readonly int[] _places;
    private readonly ByteFit?[] _ofToken;
    private readonly ConcurrentDictionary<string, ByteFit> _known = new(StringComparer.Ordinal);
    private readonly List<ByteFit> _all = [];

    /// <summary>Sorts the target's tokens.</summary>
    /// <param name="source">The source's vocabulary.</param>
    /// <param name="target">The target's vocabulary.</param>
    /// <param name="nearest">Partners of special source tokens.</param>
    /// <param name="encoder">The target's encoder.</param>
    public ByteFits(TokenVocabulary source, TokenVocabulary target, VocabularyMap nearest, IFirstToken encoder)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(nearest);
        ArgumentNullException.ThrowIfNull(encoder);
        (_source, _target, _nearest, _encoder) = (source, target, nearest, encoder);
        _sorted = new SortedTokens(target);
        _places = new int[target.Count];
        Array.Fill(_places, NoPlace);
        for (int place = 0; place < _sorted.Ids.Length; place++)
            _places[_sorted.Ids[place]] = place;
        _ofToken = new ByteFit?[source.Count];
    }

    /// <summary>[target] place of each token among the ordinary ones that have bytes, sorted by these, then by id; -1 where it has none.</summary>
    public ReadOnlySpan<int> Places => _places;

    /// <summary>Those found so far from some id on, in the order of their ids.</summary>
    public IReadOnlyList<ByteFit> From(int id)
    {
        lock (_all)
            return _all[id..];
    }

    /// <summary>What fits a whole source token; for a special one its partner, as in the nearest-token search.</summary>
    /// <param name="sourceToken">Its id; a special token was resolved in <see cref="VocabularyPair.NearestText"/>.</param>
    public ByteFit OfToken(int sourceToken)
    {
        if (Volatile.Read(ref _ofToken[sourceToken]) is { } known)
            return known;
        ByteFit fit = _source.IsSpecial(sourceToken) ? OfPartner(_nearest[sourceToken]) : Of(_source.Bytes[sourceToken]);
        Volatile.Write(ref _ofToken[sourceToken], fit);
        return fit;
    }

    /// <summary>What fits some bytes; nothing where there are none.</summary>
    public ByteFit Of(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return ByteFit.Nothing;
        // Latin-1 is a bijection between bytes and characters, so the string is the bytes.
        string key = Encoding.Latin1.GetString(text);
        if (_known.TryGetValue(key, out ByteFit? fit))
            return fit;
        int? first = _encoder.FirstToken(text);
        lock (_all)
        {
            if (!_known.TryGetValue(key, out fit))
                _known[key] = fit = first is { } token ? Add(text, token) : ByteFit.Nothing;
            return fit;
        }
    }

    private ByteFit OfPartner(int partner)
    {
        if (partner == VocabularyMap.None)
            return ByteFit.Nothing;
        lock (_all)
        {
            var fit = new ByteFit { Id = _all.Count, First = partner, Count = 1 };
            _all.Add(fit);
            return fit;
        }
    }

    private ByteFit Add(ReadOnlySpan<byte> text, int first)
    {
        int length = _target.Bytes[first].Length;
        List<int> inside = [];
        for (int part = length + 1; part < text.Length; part++)
            inside.AddRange(_sorted.Ids[_sorted.EqualTo(text[..part])]);
        Range range = _sorted.StartingWith(text);
        int[] longer = [.. _sorted.Ids[range].ToArray().Where(t => _target.Bytes[t].Length > length).OrderBy(t => _target.Bytes[t].Length).ThenBy(static t => t)];
        int named = Math.Min(longer.Length, ByteFit.MostNamed);
        int[] counts = new int[longer.Length == 0 ? 0 : _target.Bytes[longer[^1]].Length - text.Length + 1];
        foreach (int token in longer)
            counts[_target.Bytes[token].Length - text.Length]++;
        var fit = new ByteFit
        {
            Id = _all.Count, First = first, FirstLength = length, Length = text.Length, Inside = inside, Start = range.Start.Value, End = range.End.Value,
            Shortest = longer[..named], Lowest = [.. longer.Order().Take(named)], CountByExtra = counts, Count = 1 + inside.Count + longer.Length,
        };
        _all.Add(fit);
        return fit;
    }
}
