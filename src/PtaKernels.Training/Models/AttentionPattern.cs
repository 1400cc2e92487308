using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Who may look at whom in a batch of sequences: always causal; with segments also only within one document.</summary>
public sealed class AttentionPattern : IDisposable
{
    private readonly Tensor? _segments;
    private readonly Dictionary<object, Tensor> _derived = [];

    private AttentionPattern(Tensor positions, Tensor? segments)
    {
        Positions = positions;
        _segments = segments;
    }

    /// <summary>[batch, length] int64, the position within its document (or within the sequence, where documents see each other).</summary>
    public Tensor Positions { get; }

    /// <summary>True if a whole sequence is one document, so that a plain causal kernel does.</summary>
    public bool PlainCausal => _segments is null;

    /// <summary>Every position sees all before it: one document a sequence, or the official packing without barriers.</summary>
    public static AttentionPattern Causal(long batch, long length, Device device)
    {
        using Tensor places = arange(length, dtype: ScalarType.Int64, device: device);
        return new AttentionPattern(places.expand(batch, length).DetachFromDisposeScope(), null);
    }

    /// <summary>Block-diagonal: a position sees those before it in the same document; positions count from 0 in each.</summary>
    /// <param name="segments">[batch][length] number of the document within its sequence, never falling.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="length">Positions of each.</param>
    /// <param name="device">Where the tensors go.</param>
    public static AttentionPattern Documents(ReadOnlySpan<int> segments, int batch, int length, Device device)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(segments.Length, batch * length);
        long[] positions = new long[segments.Length];
        for (int i = 1; i < positions.Length; i++)
            positions[i] = i % length != 0 && segments[i] == segments[i - 1] ? positions[i - 1] + 1 : 0;
        using Tensor ids = tensor(segments.ToArray(), [batch, length]);
        using Tensor places = tensor(positions, [batch, length]);
        return new AttentionPattern(places.to(device).DetachFromDisposeScope(), ids.to(device).DetachFromDisposeScope());
    }

    /// <summary>[batch or 1, 1, length, length] bool: row looks at column.</summary>
    public Tensor Allowed => Window(null);

    /// <summary>What is added to attention scores: 0 where row looks at column, else minus infinity.</summary>
    /// <param name="window">Positions that a position sees, itself included; null for all before it.</param>
    /// <param name="type">Type of the scores.</param>
    /// <returns>[batch or 1, 1, length, length]; null where a plain causal kernel does the same.</returns>
    public Tensor? Mask(int? window, ScalarType type)
    {
        if (window >= Positions.shape[1])
            window = null;
        if (PlainCausal && window is null)
            return null;
        return Derived((nameof(Mask), window, type), () =>
            zeros_like(Window(window), dtype: type).masked_fill(Window(window).logical_not(), double.NegativeInfinity));
    }

    /// <summary>A tensor that depends on the pattern and the key only: made when it is first asked for, freed with the pattern.</summary>
    /// <remarks>It is made without gradients, so that all layers, and a layer that is computed again, share it.</remarks>
    internal Tensor Derived(object key, Func<Tensor> make)
    {
        if (_derived.TryGetValue(key, out Tensor? known))
            return known;
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        return _derived[key] = make().DetachFromDisposeScope();
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Positions.Dispose();
        _segments?.Dispose();
        foreach (Tensor tensor in _derived.Values)
            tensor.Dispose();
        _derived.Clear();
    }

    private Tensor Window(int? window) => Derived((nameof(Allowed), window), () =>
    {
        long length = Positions.shape[1];
        Tensor allowed = ones([1, 1, length, length], dtype: ScalarType.Bool, device: Positions.device).tril();
        if (window is not null)
            allowed = allowed.triu(1 - window.Value);
        return _segments is null ? allowed : allowed.logical_and(_segments.unsqueeze(1).unsqueeze(3) == _segments.unsqueeze(1).unsqueeze(2));
    });
}
