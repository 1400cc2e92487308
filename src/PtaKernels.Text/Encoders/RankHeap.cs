namespace PtaKernels.Text;

/// <summary>A heap of (rank, position): the lowest rank first, of several the lowest position.</summary>
internal sealed class RankHeap
{
    private ulong[] _keys = new ulong[64];
    private int _count;

    public void Clear() => _count = 0;

    public void Add(int rank, int position)
    {
        if (_count == _keys.Length)
            Array.Resize(ref _keys, 2 * _count);
        ulong key = (ulong)(uint)rank << 32 | (uint)position;
        int at = _count++;
        while (at > 0 && _keys[(at - 1) / 2] > key)
        {
            _keys[at] = _keys[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        _keys[at] = key;
    }

    public bool TryTake(out int rank, out int position)
    {
        (rank, position) = (0, 0);
        if (_count == 0)
            return false;
        (rank, position) = ((int)(_keys[0] >> 32), (int)_keys[0]);
        ulong key = _keys[--_count];
        int at = 0;
        for (int child = 1; child < _count; child = (2 * at) + 1)
        {
            if (child + 1 < _count && _keys[child + 1] < _keys[child])
                child++;
            if (_keys[child] >= key)
                break;
            _keys[at] = _keys[child];
            at = child;
        }

        _keys[at] = key;
        return true;
    }
}
