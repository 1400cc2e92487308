namespace PtaKernels;

/// <summary>Everything the kernels and rules need to know of a source and a target vocabulary together. Immutable but for the maps, which fill on demand.</summary>
public sealed class VocabularyPair
{
    private readonly Lazy<OfficialStrings> _official;
    private readonly Lazy<ByteFits> _byteFits;

    /// <summary>Joins two vocabularies. The official string tables are built only when a preset asks for them.</summary>
    /// <param name="source">The vocabulary whose model gives.</param>
    /// <param name="target">The vocabulary whose model receives.</param>
    /// <param name="officialMap">An official mapping (SPEC B 3a) by source id, or null to search for it on demand.</param>
    public VocabularyPair(TokenVocabulary source, TokenVocabulary target, VocabularyMap? officialMap = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        Source = source;
        Target = target;
        NearestText = new VocabularyMap(source.Texts, target.Texts);
        _official = new Lazy<OfficialStrings>(() => new OfficialStrings(source, target, officialMap));
        _byteFits = new Lazy<ByteFits>(() => new ByteFits(
            source, target, NearestText, TargetEncoder ?? throw new InvalidOperationException($"vocabulary {target.Name} has no encoder, which projection byte needs.")));
    }

    /// <summary>Joins two vocabularies of which only the tokens are known: <see cref="LongestToken"/> stands for the target's encoder.</summary>
    /// <inheritdoc cref="VocabularyPair(TokenVocabulary, TokenVocabulary, VocabularyMap?)"/>
    public static VocabularyPair OfTokens(TokenVocabulary source, TokenVocabulary target, VocabularyMap? officialMap = null) =>
        new(source, target, officialMap) { TargetEncoder = new LongestToken(target) };

    /// <summary>The vocabulary whose model gives.</summary>
    public TokenVocabulary Source { get; }

    /// <summary>The vocabulary whose model receives.</summary>
    public TokenVocabulary Target { get; }

    /// <summary>Nearest target token of each source token by text and role (SPEC A3.1): union columns and the teacher signal kept.</summary>
    public VocabularyMap NearestText { get; }

    /// <summary>Nearest target tokens of texts that are no source token: the rests of SPEC A3.2 rule (b).</summary>
    public NearestTextCache NearestRest { get; } = new();

    /// <summary>The target's encoder; projection <c>byte</c> needs it, nothing else does.</summary>
    public IFirstToken? TargetEncoder { get; init; }

    /// <summary>The tokens' vectors; costs <c>embedding</c> and <c>hybrid</c> need them, nothing else does.</summary>
    /// <exception cref="ArgumentException">They are of another number of tokens.</exception>
    public TokenEmbeddings? Embeddings
    {
        get;
        init
        {
            value?.RequireFor(Source, Target);
            field = value;
        }
    }

    /// <summary>Which target tokens begin the bytes of candidates.</summary>
    /// <exception cref="InvalidOperationException">There is no <see cref="TargetEncoder"/>.</exception>
    public ByteFits ByteFits => _byteFits.Value;

    /// <summary>The official code's view of the two vocabularies (SPEC B 3a, 3b).</summary>
    public OfficialStrings Official => _official.Value;
}

/// <summary>The official code compares token strings with their word markers removed or replaced; these are those strings, and what follows from them by id.</summary>
public sealed class OfficialStrings
{
    private readonly int[] _sameString;
    private readonly int[] _prefixedSameString;
    private readonly int[] _prefixedKeyOwner;

    internal OfficialStrings(TokenVocabulary source, TokenVocabulary target, VocabularyMap? map)
    {
        string?[] keys = Replaced(source, source.Marker, target.Marker);
        string?[] targets = Replaced(target, "\0", "\0");
        SourceStripped = TokenTape.FromStrings(Replaced(source, source.Marker, ""));
        TargetStripped = TokenTape.FromStrings(Replaced(target, target.Marker, ""));
        TargetWithoutSourceMarker = TokenTape.FromStrings(Replaced(target, source.Marker, ""));
        Keys = TokenTape.FromStrings(keys);
        TargetStrings = TokenTape.FromStrings(targets);
        Map = map ?? new VocabularyMap(Keys, TargetStrings);
        MapIsGiven = map is not null;

        var keyOwner = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < keys.Length; id++)
        {
            if (keys[id] is { } key)
                keyOwner[key] = id; // two source tokens with one key: the later one owns it (SPEC B 3a)
        }

        _sameString = new int[source.Count];
        _prefixedSameString = new int[source.Count];
        _prefixedKeyOwner = new int[source.Count];
        for (int id = 0; id < keys.Length; id++)
        {
            string? key = keys[id];
            bool addsMarker = key is not null && source.IsByteLevel && !key.StartsWith(target.Marker, StringComparison.Ordinal);
            _sameString[id] = key is null ? -1 : target.IdOf(key);
            _prefixedSameString[id] = addsMarker ? target.IdOf(target.Marker + key) : _sameString[id];
            _prefixedKeyOwner[id] = addsMarker ? keyOwner.GetValueOrDefault(target.Marker + key, -1) : id;
        }
    }

    /// <summary>Source strings with the source marker replaced by the target's: what the official map searches for.</summary>
    public TokenTape Keys { get; }

    /// <summary>Target strings as they are: what the official map searches in.</summary>
    public TokenTape TargetStrings { get; }

    /// <summary>Source strings with the source marker removed: rows of the pairing cost.</summary>
    public TokenTape SourceStripped { get; }

    /// <summary>Target strings with the target marker removed: columns of the pairing cost and of the candidate cost.</summary>
    public TokenTape TargetStripped { get; }

    /// <summary>Target strings with the SOURCE marker removed: rows of the candidate cost (discrepancy O3).</summary>
    public TokenTape TargetWithoutSourceMarker { get; }

    /// <summary>Source id to the nearest target string, keys being source strings with the marker replaced (SPEC B 3a).</summary>
    public VocabularyMap Map { get; }

    /// <summary>The map was given whole rather than searched for on demand.</summary>
    public bool MapIsGiven { get; }

    /// <summary>[source] <see cref="SameString"/> of every token.</summary>
    public ReadOnlySpan<int> SameStrings => _sameString;

    /// <summary>[source] the first part of <see cref="Prefixed"/>.</summary>
    public ReadOnlySpan<int> PrefixedSameStrings => _prefixedSameString;

    /// <summary>[source] the second part of <see cref="Prefixed"/>.</summary>
    public ReadOnlySpan<int> PrefixedKeyOwners => _prefixedKeyOwner;

    /// <summary>The target id with exactly the source token's key as its string, or -1.</summary>
    public int SameString(int sourceToken) => _sameString[sourceToken];

    /// <summary>The source token to compare at the document's first position, where the target's dummy prefix is put before a byte-level source's key (SPEC B 3b.2).</summary>
    /// <returns>The target id with that string or -1, and the source token that owns that key or -1.</returns>
    public (int SameString, int KeyOwner) Prefixed(int sourceToken) => (_prefixedSameString[sourceToken], _prefixedKeyOwner[sourceToken]);

    private static string?[] Replaced(TokenVocabulary vocabulary, string marker, string replacement)
    {
        var strings = new string?[vocabulary.Count];
        for (int id = 0; id < strings.Length; id++)
            strings[id] = vocabulary.StringOf(id)?.Replace(marker, replacement, StringComparison.Ordinal);
        return strings;
    }
}
