using System.Numerics;

namespace PtaKernels.CorpusBench;

/// <summary>How often which token followed each context: sorted arrays with a hash table of the contexts.</summary>
internal sealed class FollowerTable
{
    /// <summary>Ids have at most this many bits.</summary>
    public const int IdBits = 18;

    /// <summary>The most frequent followers of a context that are candidates.</summary>
    public const int Best = 12;

    private readonly int[] _slots;
    private readonly ulong[] _contexts;
    private readonly int[] _starts;
    private readonly int[] _totals;
    private readonly int[] _ids;
    private readonly int[] _counts;
    private readonly int[] _bestStarts;
    private readonly int[] _best;
    private readonly int _shift;

    /// <summary>Counts.</summary>
    /// <param name="keys">Per place a context above <see cref="IdBits"/> bits of what followed it; sorted here.</param>
    public FollowerTable(ulong[] keys)
    {
        Array.Sort(keys);
        const ulong IdMask = (1UL << IdBits) - 1;
        int contexts = 0, pairs = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            pairs += i == 0 || keys[i] != keys[i - 1] ? 1 : 0;
            contexts += i == 0 || keys[i] >> IdBits != keys[i - 1] >> IdBits ? 1 : 0;
        }

        (_contexts, _starts, _totals, _bestStarts) = (new ulong[contexts], new int[contexts + 1], new int[contexts], new int[contexts + 1]);
        (_ids, _counts) = (new int[pairs], new int[pairs]);
        int context = -1, pair = -1;
        for (int i = 0; i < keys.Length; i++)
        {
            if (i == 0 || keys[i] >> IdBits != keys[i - 1] >> IdBits)
            {
                _contexts[++context] = keys[i] >> IdBits;
                _starts[context] = pair + 1;
            }

            if (i == 0 || keys[i] != keys[i - 1])
                _ids[++pair] = (int)(keys[i] & IdMask);
            _counts[pair]++;
            _totals[context]++;
        }

        _starts[contexts] = pairs;
        _best = RankFollowers();
        int bits = Math.Max(4, BitOperations.Log2((uint)Math.Max(1, contexts)) + 2);
        _slots = new int[1 << bits];
        _shift = 64 - bits;
        for (int c = 0; c < contexts; c++)
        {
            int slot = SlotOf(_contexts[c]);
            while (_slots[slot] != 0)
                slot = (slot + 1) & (_slots.Length - 1);
            _slots[slot] = c + 1;
        }
    }

    /// <summary>The number of a context; -1 where it was never seen.</summary>
    public int Find(ulong context)
    {
        for (int slot = SlotOf(context); _slots[slot] != 0; slot = (slot + 1) & (_slots.Length - 1))
        {
            if (_contexts[_slots[slot] - 1] == context)
                return _slots[slot] - 1;
        }

        return -1;
    }

    /// <summary>Weight of a context's own counts against what it falls back to (Witten and Bell); 0 for none.</summary>
    public double TrustIn(int context) => context < 0 ? 0 : _totals[context] / (double)(_totals[context] + _starts[context + 1] - _starts[context]);

    /// <summary>Share of a context's followers that are this token.</summary>
    public double ShareOf(int context, int id)
    {
        if (context < 0)
            return 0;
        int at = Array.BinarySearch(_ids, _starts[context], _starts[context + 1] - _starts[context], id);
        return at < 0 ? 0 : _counts[at] / (double)_totals[context];
    }

    /// <summary>A context's most frequent followers, most frequent first.</summary>
    public ReadOnlySpan<int> BestOf(int context) => context < 0 ? [] : _best.AsSpan(_bestStarts[context].._bestStarts[context + 1]);

    private int SlotOf(ulong context) => (int)((context * 0x9E3779B97F4A7C15) >> _shift);

    private int[] RankFollowers()
    {
        for (int c = 0; c < _contexts.Length; c++)
            _bestStarts[c + 1] = _bestStarts[c] + Math.Min(Best, _starts[c + 1] - _starts[c]);
        int[] best = new int[_bestStarts[^1]];
        var order = new List<int>();
        for (int c = 0; c < _contexts.Length; c++)
        {
            order.Clear();
            for (int i = _starts[c]; i < _starts[c + 1]; i++)
                order.Add(i);
            if (order.Count > 1)
                order.Sort((a, b) => _counts[a] != _counts[b] ? _counts[b].CompareTo(_counts[a]) : a.CompareTo(b));
            for (int i = 0; i < _bestStarts[c + 1] - _bestStarts[c]; i++)
                best[_bestStarts[c] + i] = _ids[order[i]];
        }

        return best;
    }
}
