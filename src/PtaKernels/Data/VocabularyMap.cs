namespace PtaKernels;

/// <summary>Source token id to nearest target token id with its distance, resolved on demand and then kept.</summary>
/// <remarks>
/// Resolving is idempotent (a token's answer never depends on which others were asked), so threads may resolve overlapping sets. The search itself is
/// <see cref="IKernelBackend.FindNearestTokens"/>.
/// </remarks>
public sealed class VocabularyMap
{
    /// <summary>The token has no counterpart: a special token without partner, or a key missing from a map read from a file.</summary>
    public const int None = -1;

    private const int Unresolved = -2;

    /// <summary>Tokens between two looks at the clock and at cancellation; every core gets many slices of it.</summary>
    private const int TokensAtOnce = 4096;

    private readonly TokenTape _source;
    private readonly TokenTape _target;
    private readonly int[] _nearest;
    private readonly int[] _distance;

    /// <summary>An empty map between two tapes; both must outlive it.</summary>
    public VocabularyMap(TokenTape source, TokenTape target)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        _source = source;
        _target = target;
        _nearest = new int[source.Count];
        _distance = new int[source.Count];
        Array.Fill(_nearest, Unresolved);
    }

    /// <summary>A map that is complete as given, for instance read from an official mapping file: <see cref="None"/> where a token has no entry.</summary>
    public VocabularyMap(int[] nearest)
    {
        ArgumentNullException.ThrowIfNull(nearest);
        _nearest = nearest;
        _distance = new int[nearest.Length];
        _source = _target = new TokenTape([], [0]);
    }

    /// <summary>Number of source ids.</summary>
    public int Count => _nearest.Length;

    /// <summary>[Count] what is known so far, for a copy on a device: -2 where nobody has asked.</summary>
    public ReadOnlySpan<int> Known => _nearest;

    /// <summary>The nearest target token of a resolved source token, or <see cref="None"/>.</summary>
    /// <exception cref="InvalidOperationException">The token was never resolved: a caller's mistake, not the data's.</exception>
    public int this[int sourceToken]
    {
        get
        {
            int nearest = Volatile.Read(ref _nearest[sourceToken]);
            return nearest == Unresolved ? throw NotResolved(sourceToken) : nearest;
        }
    }

    /// <summary>The distance to <see cref="this"/>; 0 where there is none.</summary>
    /// <exception cref="InvalidOperationException">The token was never resolved.</exception>
    public int DistanceOf(int sourceToken) =>
        Volatile.Read(ref _nearest[sourceToken]) == Unresolved ? throw NotResolved(sourceToken) : _distance[sourceToken];

    /// <summary>Finds the nearest target token of every listed source token that is not known yet; duplicates are welcome.</summary>
    public void Resolve(IKernelBackend backend, IEnumerable<int> sourceTokens)
    {
        ArgumentNullException.ThrowIfNull(backend);
        int[] missing = [.. sourceTokens.Where(t => Volatile.Read(ref _nearest[t]) == Unresolved).Distinct().Order()];
        if (missing.Length == 0)
            return;
        // Slices keep all cores busy; each answer stands alone, so the cut does not matter.
        int slices = Math.Min(missing.Length, Environment.ProcessorCount * 8);
        Parallel.For(0, slices, s =>
        {
            int start = (int)((long)missing.Length * s / slices), end = (int)((long)missing.Length * (s + 1) / slices);
            ReadOnlySpan<int> tokens = missing.AsSpan(start..end);
            int[] nearest = new int[tokens.Length], distance = new int[tokens.Length];
            backend.FindNearestTokens(_source, tokens, _target, nearest, distance);
            for (int i = 0; i < tokens.Length; i++)
            {
                _distance[tokens[i]] = distance[i];
                Volatile.Write(ref _nearest[tokens[i]], nearest[i]);
            }
        });
    }

    /// <summary>Finds the nearest target token of every source token.</summary>
    /// <param name="backend">What searches.</param>
    /// <param name="progress">Told how many are done, or null.</param>
    /// <param name="cancellation">Stops between slices; what is resolved stays.</param>
    public void ResolveAll(IKernelBackend backend, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        for (int start = 0; start < Count; start += TokensAtOnce)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(TokensAtOnce, Count - start);
            Resolve(backend, Enumerable.Range(start, count));
            progress?.Invoke(start + count);
        }
    }

    /// <summary>A copy in which some source tokens map to other target tokens at the same distance (co-occurrence refinement, SPEC B 3a).</summary>
    public VocabularyMap Replacing(IEnumerable<(int SourceToken, int TargetToken)> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var copy = new VocabularyMap(_source, _target);
        _nearest.CopyTo(copy._nearest, 0);
        _distance.CopyTo(copy._distance, 0);
        foreach ((int sourceToken, int targetToken) in changes)
            copy._nearest[sourceToken] = targetToken;
        return copy;
    }

    private static InvalidOperationException NotResolved(int sourceToken) =>
        new($"Source token {sourceToken} was used before VocabularyMap.Resolve.");
}
