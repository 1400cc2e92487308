using System.Runtime.CompilerServices;

namespace PtaKernels.Text;

/// <summary>The pairs of symbols that a byte-pair encoding joins: (left, right) to rank and joined symbol. A lower rank is joined first.</summary>
internal sealed class MergeTable
{
    /// <summary>Rank of a pair that is never joined.</summary>
    public const int Never = int.MaxValue;

    /// <summary>In place of a joined symbol: the two stand side by side in no token.</summary>
    public const int Apart = -1;

    private Entry[] _entries;
    private int _count;
    private int _shift;

    public MergeTable(int expected)
    {
        int bits = 4;
        while (1 << bits < 2L * expected && bits < 28)
            bits++;
        _entries = new Entry[1 << bits];
        _shift = 64 - bits;
    }

    /// <summary>Number of pairs.</summary>
    public int Count => _count;

    /// <summary>Adds a pair; one that is there already keeps the lower rank.</summary>
    public void Add(int left, int right, int rank, int joined)
    {
        if (2 * (_count + 1) > _entries.Length)
            Grow();
        ref Entry entry = ref _entries[Slot(Key(left, right))];
        if (entry.Key == 0)
            (entry, _count) = (new Entry { Key = Key(left, right), Rank = rank, JoinedPlusOne = joined + 1 }, _count + 1);
        else if (rank < entry.Rank)
            (entry.Rank, entry.JoinedPlusOne) = (rank, joined + 1);
    }

    /// <summary>Says that two symbols, each of one character or byte, stand side by side in a token. Wherever that was not said, a text can be cut before it is joined.</summary>
    public void AddNeighbours(int left, int right) => Add(left, right, Never, 0);

    /// <summary>The rank of a pair, <see cref="Never"/> where it is not joined; its joined symbol is <see cref="Apart"/> where the two are not even neighbours.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(int left, int right, out int joined)
    {
        ref Entry entry = ref _entries[Slot(Key(left, right))];
        joined = entry.JoinedPlusOne - 1;
        return entry.Key == 0 ? Never : entry.Rank;
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32 | (uint)right) + 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Slot(ulong key)
    {
        Entry[] entries = _entries;
        int slot = (int)((key * 0x9E37_79B9_7F4A_7C15) >> _shift);
        while (entries[slot].Key != key && entries[slot].Key != 0)
            slot = (slot + 1) & (entries.Length - 1);
        return slot;
    }

    private void Grow()
    {
        Entry[] old = _entries;
        _entries = new Entry[2 * old.Length];
        _shift--;
        foreach (Entry entry in old)
        {
            if (entry.Key != 0)
                _entries[Slot(entry.Key)] = entry;
        }
    }

    private struct Entry
    {
        public ulong Key;
        public int Rank;
        public int JoinedPlusOne;
    }
}
