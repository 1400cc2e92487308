using PtaKernels.Steps;

namespace PtaKernels.Rules;

/// <summary>The target side of one transport: candidate tokens and their mass (SPEC A3.3). Reused from row to row.</summary>
public sealed class ColumnCandidates
{
    private readonly int[] _tokens = new int[TopKLogits.MaxK];
    private readonly int[] _ids = new int[TopKLogits.MaxK];
    private readonly double[] _mass = new double[TopKLogits.MaxK];
    private readonly TokenTapeBuilder _builder = new(TopKLogits.MaxK);

    /// <summary>Number of columns.</summary>
    public int Count { get; private set; }

    /// <summary>[Count] target tokens.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Count);

    /// <summary>Tape of the columns' symbols.</summary>
    public TokenTape Tape { get; private set; } = new([], [0]);

    /// <summary>[Count] ids on <see cref="Tape"/>.</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>[Count] b of each column.</summary>
    public ReadOnlySpan<double> Mass => _mass.AsSpan(0, Count);

    /// <summary>Collects the columns of a target row.</summary>
    /// <param name="pair">The document; a <see cref="DocumentPair.Prior"/> replaces the target's own top-k.</param>
    /// <param name="vocabulary">The target's vocabulary.</param>
    /// <param name="row">The target row.</param>
    /// <param name="source">The row's source candidates, with nearest tokens when columns is <c>union</c>.</param>
    /// <param name="predictsTextStart">The row predicts text at offset 0, where the dummy prefix's space is no text.</param>
    /// <param name="options">Columns, window, mass, transport.</param>
    public void Collect(DocumentPair pair, TokenVocabulary vocabulary, int row, RowCandidates source, bool predictsTextStart, in AlignmentOptions options)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(source);
        double missing = 0;
        if (pair.Prior is { } prior)
        {
            CollectPrior(prior, row);
        }
        else
        {
            Count = RowCandidates.Used(pair.Target.Candidates.K, options.Window);
            pair.Target.Candidates.IndicesOf(row)[..Count].CopyTo(_tokens);
            // Only unbalanced transport reads b under tail, and only then is the target's log-sum-exp required.
            if (options.Mass == MassRule.Tail && pair.Target.LogSumExp is null)
                RowMass.Softmax(pair.Target.Candidates.ValuesOf(row)[..Count], options.Temperature, _mass.AsSpan(0, Count));
            else
                missing = RowMass.Of(pair.Target, row, options, _mass.AsSpan(0, Count));
            if (options.Columns == CandidateColumns.Union)
                AddNearest(source, missing);
        }

        if (options.Mass != MassRule.Official)
            Normalise();
        UseTexts(vocabulary, predictsTextStart && vocabulary.AddsDummyPrefix);
    }

    /// <summary>The tokens of D_(s-1) with positive mass, their probabilities as b (SPEC A3.5).</summary>
    private void CollectPrior(AlignedDocument prior, int row)
    {
        Count = 0;
        ReadOnlySpan<int> tokens = prior.IndicesOf(row);
        ReadOnlySpan<double> values = prior.ValuesOf(row);
        for (int i = 0; i < tokens.Length && Count < TopKLogits.MaxK; i++)
        {
            if (values[i] > 0)
            {
                _tokens[Count] = tokens[i];
                _mass[Count++] = values[i];
            }
        }
    }

    /// <summary>Adds each source candidate's nearest token, in row order, until 64; b of an added column is SPEC A3.4's for <c>unbalanced</c>.</summary>
    private void AddNearest(RowCandidates source, double missing)
    {
        int own = Count;
        double smallest = _mass[own - 1];
        foreach (int token in source.Nearest)
        {
            if (token != VocabularyMap.None && Count < TopKLogits.MaxK && !Tokens.Contains(token))
                _tokens[Count++] = token;
        }

        double share = Count == own ? 0 : Math.Min(smallest, Math.Max(missing, 0.01) / (Count - own));
        _mass.AsSpan(own..Count).Fill(share);
    }

    private void Normalise()
    {
        double sum = SinkhornStep.Sum(Mass);
        for (int j = 0; j < Count; j++)
            _mass[j] /= sum;
    }

    private void UseTexts(TokenVocabulary vocabulary, bool dropsSpace)
    {
        if (!dropsSpace)
        {
            Tokens.CopyTo(_ids);
            Tape = vocabulary.Texts;
            return;
        }

        _builder.Clear();
        for (int j = 0; j < Count; j++)
        {
            ReadOnlySpan<byte> text = vocabulary.Bytes[_tokens[j]];
            _ids[j] = vocabulary.IsSpecial(_tokens[j])
                ? _builder.Add(vocabulary.Texts[_tokens[j]], vocabulary.RolesOf(_tokens[j]))
                : _builder.AddBytes(text.StartsWith((byte)' ') ? text[1..] : text);
        }

        Tape = _builder.ToTape();
    }
}
