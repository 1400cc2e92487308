using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Nearest target tokens of a whole tape: both tapes, and what the searched one is sorted into, on the device.</summary>
internal sealed class DeviceNearest : DeviceBench
{
    private readonly TokenTape _source, _target;
    private readonly ArrayView<int> _queries, _nearest, _distance;

    /// <summary>Uploads two tapes.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="source">[n] queries, all of it.</param>
    /// <param name="target">What is searched, all of it.</param>
    public DeviceNearest(GpuBackend backend, TokenTape source, TokenTape target)
        : base(backend)
    {
        (_source, _target) = (source, target);
        _queries = Lane.Upload<int>([.. Enumerable.Range(0, source.Count)]);
        _nearest = Lane.Take<int>(source.Count);
        _distance = Lane.Take<int>(source.Count);
        Ready();
    }

    /// <summary>Makes one pass and reads its answers.</summary>
    /// <param name="nearest">[n] target ids.</param>
    /// <param name="distance">[n] distances.</param>
    public void Answer(Span<int> nearest, Span<int> distance)
    {
        Pass();
        Lane.Download(_nearest, nearest);
        Lane.Download(_distance, distance);
    }

    private protected override void Queue() =>
        Backend.Tokens.QueueNearest(Lane, Backend.Tokens.Tapes.Of(_source), _queries, Backend.Tokens.Tapes.Of(_target), _nearest, _distance);
}

/// <summary>Edit distances of all pairs of two tapes, u8, written tile by tile over each other. A pass uploads the ids and sorts the columns of each tile, as any call does.</summary>
internal sealed class DeviceCosts : DeviceBench
{
    private readonly TokenTape _source, _target;
    private readonly int _rows;
    private readonly int[] _sourceIds, _targetIds;
    private readonly ArrayView<int> _range;
    private readonly ArrayView<byte> _cost;

    /// <summary>Uploads two tapes.</summary>
    /// <param name="backend">The device.</param>
    /// <param name="source">[n] rows.</param>
    /// <param name="target">[m] columns.</param>
    /// <param name="rows">Rows of a tile, at least 1.</param>
    public DeviceCosts(GpuBackend backend, TokenTape source, TokenTape target, int rows)
        : base(backend)
    {
        (_source, _target, _rows) = (source, target, Math.Min(rows, source.Count));
        _sourceIds = [.. Enumerable.Range(0, source.Count)];
        _targetIds = [.. Enumerable.Range(0, target.Count)];
        _range = Lane.TakeZeroed<int>(1);
        _cost = Lane.Take<byte>((long)_rows * target.Count);
        Ready();
    }

    /// <summary>Makes one pass and hands out its rows.</summary>
    /// <param name="wanted">Whether a row is wanted.</param>
    /// <param name="take">Receives a row's number and its [m] distances.</param>
    public void Answer(Predicate<int> wanted, Action<int, byte[]> take)
    {
        byte[] row = new byte[_target.Count];
        for (int first = 0; first < _source.Count; first += _rows)
        {
            QueueTile(first);
            for (int r = first; r < Math.Min(first + _rows, _source.Count); r++)
            {
                if (!wanted(r))
                    continue;
                Lane.Download(_cost.SubView((long)(r - first) * row.Length, row.Length), row);
                take(r, row);
            }
        }
    }

    private protected override void Queue()
    {
        for (int first = 0; first < _source.Count; first += _rows)
            QueueTile(first);
    }

    private void QueueTile(int first)
    {
        ReadOnlySpan<int> rows = _sourceIds.AsSpan(first, Math.Min(_rows, _sourceIds.Length - first));
        Backend.Tokens.QueueMatrix(Lane, _source, rows, _target, _targetIds, _cost.SubView(0, (long)rows.Length * _targetIds.Length), _range);
    }
}
