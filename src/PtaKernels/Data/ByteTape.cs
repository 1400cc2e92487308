namespace PtaKernels;

/// <summary>The text bytes of many tokens on one tape: token t is <c>bytes[offsets[t] .. offsets[t + 1]]</c>. Immutable.</summary>
public sealed class ByteTape
{
    private readonly byte[] _bytes;
    private readonly int[] _offsets;

    /// <summary>Copies the texts onto one tape.</summary>
    public ByteTape(IReadOnlyList<byte[]> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        _offsets = new int[texts.Count + 1];
        for (int t = 0; t < texts.Count; t++)
            _offsets[t + 1] = _offsets[t] + texts[t].Length;
        _bytes = new byte[_offsets[^1]];
        for (int t = 0; t < texts.Count; t++)
            texts[t].CopyTo(_bytes, _offsets[t]);
        Longest = texts.Count == 0 ? 0 : texts.Max(static t => t.Length);
    }

    /// <summary>Number of tokens.</summary>
    public int Count => _offsets.Length - 1;

    /// <summary>Bytes of the longest text.</summary>
    public int Longest { get; }

    /// <summary>All bytes, tokens one after the other.</summary>
    public ReadOnlySpan<byte> All => _bytes;

    /// <summary>[Count + 1] start of each token.</summary>
    public ReadOnlySpan<int> Offsets => _offsets;

    /// <summary>The text bytes of one token; empty for special tokens and holes.</summary>
    public ReadOnlySpan<byte> this[int token] => _bytes.AsSpan(_offsets[token].._offsets[token + 1]);
}
