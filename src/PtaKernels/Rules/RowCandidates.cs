namespace PtaKernels.Rules;

/// <summary>The source side of one transport: candidate texts, their mass, and their nearest target tokens. Reused from row to row.</summary>
public sealed class RowCandidates
{
    /// <summary>Rule (b) keeps a row only if at least this share of what is known continues the text (SPEC A3.2).</summary>
    public const double SmallestKappa = 0.3;

    private readonly TokenTapeBuilder _builder = new(TopKLogits.MaxK);
    private readonly int[] _ids = new int[TopKLogits.MaxK];
    private readonly double[] _mass = new double[TopKLogits.MaxK];
    private readonly int[] _nearest = new int[TopKLogits.MaxK];

    /// <summary>Number of candidates.</summary>
    public int Count { get; private set; }

    /// <summary>Tape of the candidates' symbols.</summary>
    public TokenTape Tape { get; private set; } = new([], [0]);

    /// <summary>[Count] ids on <see cref="Tape"/>.</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>[Count] the source token of each candidate, or -1 for a rest, which is none.</summary>
    public ReadOnlySpan<int> WholeTokens => (IsWhole ? _ids : _whole).AsSpan(0, Count);

    /// <summary>[Count] mass of each candidate.</summary>
    public ReadOnlySpan<double> Mass => _mass.AsSpan(0, Count);

    /// <summary>[Count] nearest target token by text, or <see cref="VocabularyMap.None"/>; filled by <see cref="FindNearest"/>.</summary>
    public ReadOnlySpan<int> Nearest => _nearest.AsSpan(0, Count);

    /// <summary>Missing mass s of the row; 0 unless <c>tail</c>.</summary>
    public double Missing { get; private set; }

    /// <summary>Kept share of rule (b); 1 otherwise.</summary>
    public double Kappa { get; private set; } = 1;

    /// <summary>Collects the candidates of a decision by their true texts.</summary>
    /// <param name="document">The source's view.</param>
    /// <param name="vocabularies">The vocabularies.</param>
    /// <param name="decision">Source row, and prefix to strip.</param>
    /// <param name="predictsTextStart">The row predicts text at offset 0, where the dummy prefix's space is no text.</param>
    /// <param name="options">Window, mass, temperature.</param>
    /// <returns>False when rule (b) keeps too little: the row has no transfer, and but for <see cref="Kappa"/> nothing here is of use.</returns>
    public bool Collect(TokenizedDocument document, VocabularyPair vocabularies, in StepDecision decision, bool predictsTextStart, in AlignmentOptions options)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(vocabularies);
        TokenVocabulary vocabulary = vocabularies.Source;
        ReadOnlySpan<int> tokens = document.Candidates.IndicesOf(decision.SourceRow);
        Count = Used(tokens.Length, options.Window);
        Missing = RowMass.Of(document, decision.SourceRow, options, _mass.AsSpan(0, Count));
        Kappa = 1;
        bool dropsSpace = predictsTextStart && vocabulary.AddsDummyPrefix;
        if (decision.Prefix.IsEmpty && !dropsSpace)
        {
            tokens[..Count].CopyTo(_ids);
            Tape = vocabulary.Texts;
            IsWhole = true;
            return true;
        }

        IsWhole = false;
        _builder.Clear();
        _rests.Clear();
        int used = Count;
        double kept = 0;
        Count = 0;
        for (int c = 0; c < used; c++)
        {
            int token = tokens[c];
            bool special = vocabulary.IsSpecial(token);
            ReadOnlySpan<byte> text = vocabulary.Bytes[token];
            if (dropsSpace && text.StartsWith((byte)' '))
                text = text[1..];
            if (!decision.Prefix.IsEmpty)
            {
                if (special || text.Length <= decision.Prefix.Length || !text.StartsWith(decision.Prefix.Span))
                    continue;
                text = text[decision.Prefix.Length..];
            }

            int id = special ? _builder.Add(vocabulary.Texts[token], vocabulary.RolesOf(token)) : _builder.AddBytes(text);
            _rests.Add(special ? null : text.ToArray());
            _tokens[Count] = token;
            _whole[Count] = decision.Prefix.IsEmpty ? token : -1;
            _ids[Count] = id;
            _mass[Count] = _mass[c];
            kept += _mass[c];
            Count++;
        }

        if (decision.Prefix.IsEmpty)
        {
            Tape = _builder.ToTape();
            return true;
        }

        // What the candidates miss may or may not continue the text; it stays missing, in proportion.
        double known = kept + Missing;
        Kappa = kept > 0 ? kept / known : 0;
        if (Kappa < SmallestKappa)
            return false;
        Tape = _builder.ToTape();
        for (int c = 0; c < Count; c++)
            _mass[c] /= known;
        Missing /= known;
        return true;
    }

    /// <summary>The candidates are whole source tokens; else <see cref="_rests"/> and <see cref="_tokens"/> say what they are.</summary>
    private bool IsWhole { get; set; }

    private readonly List<byte[]?> _rests = [];
    private readonly int[] _tokens = new int[TopKLogits.MaxK];
    private readonly int[] _whole = new int[TopKLogits.MaxK];

    /// <summary>Finds each candidate's nearest target token: the candidate itself by the map, a shortened text by a cached search.</summary>
    /// <param name="backend">Does the searches.</param>
    /// <param name="vocabularies">The vocabularies, with <see cref="VocabularyPair.NearestText"/> resolved for the row's tokens.</param>
    /// <param name="predictsTextStart">The target's candidates there begin with its dummy prefix, if its encoder adds one.</param>
    public void FindNearest(IKernelBackend backend, VocabularyPair vocabularies, bool predictsTextStart)
    {
        ArgumentNullException.ThrowIfNull(vocabularies);
        bool whole = ReferenceEquals(Tape, vocabularies.Source.Texts);
        bool addsSpace = predictsTextStart && vocabularies.Target.AddsDummyPrefix;
        for (int c = 0; c < Count; c++)
        {
            byte[]? text = whole ? null : _rests[c];
            if (text is null && (!addsSpace || vocabularies.Source.IsSpecial(whole ? _ids[c] : _tokens[c])))
                _nearest[c] = vocabularies.NearestText[whole ? _ids[c] : _tokens[c]];
            else
                _nearest[c] = vocabularies.NearestRest.Find(backend, WithSpace(text ?? vocabularies.Source.Bytes[_ids[c]].ToArray(), addsSpace), vocabularies.Target);
        }
    }

    /// <summary>The source's mass pushed to nearest target tokens; candidates without one are left out.</summary>
    public void PushToNearest(FusedRow destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        for (int c = 0; c < Count; c++)
        {
            if (_nearest[c] != VocabularyMap.None)
                destination.Add(_nearest[c], _mass[c]);
        }
    }

    /// <summary>The target tokens that begin a candidate's text, its prefix stripped; a special candidate's partner.</summary>
    /// <param name="candidate">Its place.</param>
    /// <param name="vocabularies">The vocabularies, with the target's encoder; partners of the row's special tokens resolved.</param>
    /// <param name="predictsTextStart">The target's tokens there begin with its dummy prefix, if its encoder adds one.</param>
    public ByteFit FitOf(int candidate, VocabularyPair vocabularies, bool predictsTextStart)
    {
        bool addsSpace = predictsTextStart && vocabularies.Target.AddsDummyPrefix;
        int token = IsWhole ? _ids[candidate] : _tokens[candidate];
        if (vocabularies.Source.IsSpecial(token) || (IsWhole && !addsSpace))
            return vocabularies.ByteFits.OfToken(token);
        return vocabularies.ByteFits.Of(WithSpace(IsWhole ? vocabularies.Source.Bytes[token].ToArray() : _rests[candidate]!, addsSpace));
    }

    /// <summary>Candidates used of k: the window's, or all.</summary>
    public static int Used(int k, int window) => window == 0 ? k : Math.Min(window, k);

    private static byte[] WithSpace(byte[] text, bool addsSpace) => addsSpace ? [(byte)' ', .. text] : text;
}
