namespace PtaKernels.Text;

/// <summary>A normalised text and, per byte of it, where a token that ends with this byte ends in the original text.</summary>
internal sealed class NormalizedText
{
    private byte[] _bytes = new byte[256];
    private int[] _ends = new int[256];

    /// <summary>Length of the normalised text in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>[Length] the normalised text.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    /// <summary>[Length] ends in the original text, never falling.</summary>
    public ReadOnlySpan<int> Ends => _ends.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Truncate(int length) => Length = length;

    /// <summary>A byte whose token ends at <paramref name="end"/>.</summary>
    public void Add(byte value, int end)
    {
        if (Length == _bytes.Length)
            Grow(1);
        _bytes[Length] = value;
        _ends[Length++] = end;
    }

    /// <summary>Bytes that stand for the original [start, end) together: a token that ends inside of them ends at its start.</summary>
    public void Add(ReadOnlySpan<byte> values, int start, int end)
    {
        if (Length + values.Length > _bytes.Length)
            Grow(values.Length);
        values.CopyTo(_bytes.AsSpan(Length));
        _ends.AsSpan(Length, values.Length).Fill(start);
        Length += values.Length;
        if (values.Length > 0)
            _ends[Length - 1] = end;
    }

    /// <summary>Bytes of the original text that stand for themselves, from <paramref name="start"/> on.</summary>
    public void Copy(ReadOnlySpan<byte> values, int start)
    {
        if (Length + values.Length > _bytes.Length)
            Grow(values.Length);
        values.CopyTo(_bytes.AsSpan(Length));
        Span<int> ends = _ends.AsSpan(Length, values.Length);
        for (int i = 0; i < ends.Length; i++)
            ends[i] = start + i + 1;
        Length += values.Length;
    }

    private void Grow(int more)
    {
        Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Length + more));
        Array.Resize(ref _ends, _bytes.Length);
    }
}
