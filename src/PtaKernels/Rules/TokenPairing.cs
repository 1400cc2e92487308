namespace PtaKernels.Rules;

/// <summary>For each target position the source positions paired with it: an unbroken ascending range, because paths are monotone.</summary>
public sealed class TokenPairing
{
    private readonly int[] _first;
    private readonly int[] _last;

    private TokenPairing(int targetLength)
    {
        _first = new int[targetLength];
        _last = new int[targetLength];
        Array.Fill(_first, -1);
        Array.Fill(_last, -1);
    }

    /// <summary>A pairing from its ranges.</summary>
    /// <param name="first">[target length] first paired source position, or -1.</param>
    /// <param name="last">[target length] last paired source position, or -1.</param>
    /// <exception cref="ArgumentException">The two have other lengths.</exception>
    public TokenPairing(ReadOnlySpan<int> first, ReadOnlySpan<int> last)
    {
        if (first.Length != last.Length)
            throw new ArgumentException($"{first.Length} first positions for {last.Length} last ones.");
        _first = first.ToArray();
        _last = last.ToArray();
    }

    /// <summary>Number of target positions.</summary>
    public int TargetLength => _first.Length;

    /// <summary>First paired source position, or -1.</summary>
    public int FirstOf(int target) => _first[target];

    /// <summary>Last paired source position, or -1.</summary>
    public int LastOf(int target) => _last[target];

    /// <summary>Number of paired source positions.</summary>
    public int CountOf(int target) => _first[target] < 0 ? 0 : _last[target] - _first[target] + 1;

    /// <summary>The pairing of an alignment path: every target position has at least one source position (SPEC B 3b.1).</summary>
    public static TokenPairing FromPath(AlignmentPath path, int targetLength)
    {
        ArgumentNullException.ThrowIfNull(path);
        var pairing = new TokenPairing(targetLength);
        foreach ((int source, int target) in path.Steps)
            pairing.Add(source, target);
        return pairing;
    }

    /// <summary>The pairing of a document by dynamic time warping over its tokens (paper Eq 1).</summary>
    /// <param name="backend">Does the distances and the path.</param>
    /// <param name="pair">The document.</param>
    /// <param name="vocabularies">The two vocabularies.</param>
    /// <param name="strings">Over official token strings, own marker removed (SPEC B 3b.1); else over decoded texts.</param>
    /// <exception cref="AlignmentDataException">Two tokens are too far apart.</exception>
    public static TokenPairing ByWarping(IKernelBackend backend, DocumentPair pair, VocabularyPair vocabularies, bool strings)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(vocabularies);
        TokenTape source = strings ? vocabularies.Official.SourceStripped : vocabularies.Source.Texts;
        TokenTape target = strings ? vocabularies.Official.TargetStripped : vocabularies.Target.Texts;
        var costs = new UniqueTokenCosts(backend, source, pair.Source.Ids, target, pair.Target.Ids);
        var path = new AlignmentPath();
        costs.FindPath(backend, path);
        return FromPath(path, pair.Target.Length);
    }

    /// <summary>Tokens whose spans overlap, both in source coordinates; tokens of zero width pair with nothing, except one leading begin-of-sequence each.</summary>
    public static TokenPairing FromSpans(DocumentSpans source, DocumentSpans target)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        var pairing = new TokenPairing(target.Length);
        int s = 0;
        for (int t = 0; t < target.Length; t++)
        {
            (int start, int end) = target[t];
            if (start == end)
                continue;
            while (s < source.Length && source[s].End <= start)
                s++;
            for (int j = s; j < source.Length && source[j].Start < end; j++)
            {
                if (source[j].Start != source[j].End)
                    pairing.Add(j, t);
            }
        }

        if (source.StartsWithBos && target.StartsWithBos)
            pairing.Add(0, 0);
        return pairing;
    }

    /// <summary>Whether position i is the last of its maximal group of paired tokens: no later target position shares a source position with it.</summary>
    public bool EndsGroup(int target)
    {
        if (_first[target] < 0)
            return false;
        for (int next = target + 1; next < _first.Length; next++)
        {
            if (_first[next] >= 0)
                return _first[next] > _last[target];
        }

        return true;
    }

    private void Add(int source, int target)
    {
        if (_first[target] < 0)
            _first[target] = source;
        _last[target] = source;
    }
}
