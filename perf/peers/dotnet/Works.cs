namespace PtaKernels.DotnetPeers;

/// <summary>Work of one case for one library.</summary>
internal interface IWork
{
    /// <summary>The parts that the work's files name: their units, and the checksum of the answers.</summary>
    (double Units, ulong Sum) Check();

    /// <summary>Does the next of the evenly spaced slices; its units.</summary>
    double NextSlice();
}

/// <summary>Evenly spaced indices below a count, other ones each time.</summary>
internal sealed class Slices(int count, int ofASlice)
{
    private readonly int _stride = Math.Max(1, count / ofASlice);
    private int _next;

    public IEnumerable<int> Take()
    {
        int first = _next;
        _next = (first + 1) % _stride;
        for (int k = first; k < count; k += _stride)
            yield return k;
    }
}

/// <summary>All distances of some sources to every target.</summary>
internal sealed class EditWork<TLibrary>(string folder) : IWork
    where TLibrary : ILibrary
{
    private const int RowsOfASlice = 8;

    private readonly (string[] Sources, string[] Targets) _tokens = Arrays.Tokens(folder, "edit");
    private readonly int[] _checked = Arrays.Read<int>(folder, "edit.checked");
    private Slices? _slices;

    public (double Units, ulong Sum) Check()
    {
        ulong sum = 0;
        foreach (int i in _checked)
        {
            for (int j = 0; j < _tokens.Targets.Length; j++)
                sum += (ulong)TLibrary.Distance(_tokens.Sources[i], _tokens.Targets[j]) * (1 + ((((ulong)i * 1000003) + (ulong)j) % 65521));
        }

        return ((double)_checked.Length * _tokens.Targets.Length, sum);
    }

    public double NextSlice()
    {
        _slices ??= new Slices(_tokens.Sources.Length, RowsOfASlice);
        double pairs = 0;
        foreach (int i in _slices.Take())
        {
            string source = _tokens.Sources[i];
            foreach (string target in _tokens.Targets)
                TLibrary.Distance(source, target);
            pairs += _tokens.Targets.Length;
        }

        return pairs;
    }
}

/// <summary>The nearest target of some sources: exact hits by a dictionary, else every target whose length allows it; the first minimum wins.</summary>
internal sealed class MapWork<TLibrary> : IWork
    where TLibrary : ILibrary
{
    private const int QueriesOfASlice = 16;

    private readonly string[] _sources, _targets;
    private readonly int[] _checked;
    private readonly Dictionary<string, int> _exact = new(StringComparer.Ordinal);
    private readonly Slices _slices;

    public MapWork(string folder)
    {
        (_sources, _targets) = Arrays.Tokens(folder, "map");
        _checked = Arrays.Read<int>(folder, "map.checked");
        foreach ((int t, string target) in _targets.Index())
            _exact.TryAdd(target, t);
        _slices = new Slices(_sources.Length, QueriesOfASlice);
    }

    public (double Units, ulong Sum) Check()
    {
        ulong sum = 0;
        foreach (int q in _checked)
        {
            (int nearest, int distance) = Find(_sources[q]);
            sum += (((ulong)nearest + 1) * (1 + ((ulong)q % 65521))) + ((ulong)distance * (1 + ((ulong)q % 257)));
        }

        return (_checked.Length, sum);
    }

    public double NextSlice()
    {
        int queries = 0;
        foreach (int q in _slices.Take())
        {
            Find(_sources[q]);
            queries++;
        }

        return queries;
    }

    private (int Nearest, int Distance) Find(string query)
    {
        if (_exact.TryGetValue(query, out int equal))
            return (equal, 0);
        int nearest = -1, best = int.MaxValue;
        for (int t = 0; t < _targets.Length; t++)
        {
            if (Math.Abs(query.Length - _targets[t].Length) >= best)
                continue;
            int distance = TLibrary.Distance(query, _targets[t]);
            if (distance < best)
                (nearest, best) = (t, distance);
        }

        return (nearest, best);
    }
}
