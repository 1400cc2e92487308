using PtaKernels.Rules;

namespace PtaKernels.Gpu;

/// <summary>A target row and what it receives. It holds no references, so that a chunk's rows are no work for the collector.</summary>
internal struct ChunkRow
{
    /// <summary>Index of its document in the chunk.</summary>
    public int Document;

    /// <summary>Target position in the document.</summary>
    public int Row;

    /// <summary>Source position that it takes, or -1.</summary>
    public int SourceRow;

    /// <summary>Place among the rows that the host collected, or -1.</summary>
    public int Prepared;

    /// <summary>Kept share of rule (b); 1 for every other rule.</summary>
    public double Kappa;

    /// <summary>The rule that fits.</summary>
    public RowRule Rule;

    /// <summary>The row predicts text at offset 0 of the target.</summary>
    public bool StartsText;

    /// <summary>Whether it takes a source row.</summary>
    public readonly bool Transfers => RowProvenance.IsTransfer(Rule);
}

/// <summary>The candidates of rows whose texts are shortened: a stripped prefix (SPEC A3.2 rule (b)) or the dummy prefix's space. The rule itself collects them.</summary>
/// <param name="backend">Does the searches.</param>
/// <param name="pair">The vocabularies.</param>
/// <param name="used">Source candidates used.</param>
/// <param name="byFit">Ids are those of what fits a candidate, instead of its text's.</param>
internal sealed class PreparedRows(IKernelBackend backend, PairOnDevice pair, int used, bool byFit)
{
    private readonly RowCandidates _candidates = new();
    private readonly List<int> _counts = [], _ids = [], _tokens = [], _nearest = [];
    private readonly List<double> _mass = [], _missing = [];

    /// <summary>[prepared] candidates.</summary>
    public List<int> Counts => _counts;

    /// <summary>[prepared, used] ids on <see cref="PairOnDevice.RowTexts"/>, or of fits; -1 where there is none.</summary>
    public List<int> Ids => _ids;

    /// <summary>[prepared, used] source tokens, -1 for a rest or where there is no candidate; empty unless costs read embeddings.</summary>
    public List<int> Tokens => _tokens;

    /// <summary>[prepared, used] nearest target tokens.</summary>
    public List<int> Nearest => _nearest;

    /// <summary>[prepared, used] masses.</summary>
    public List<double> Mass => _mass;

    /// <summary>[prepared] missing mass.</summary>
    public List<double> Missing => _missing;

    /// <summary>Collects a row.</summary>
    /// <param name="source">The source's view.</param>
    /// <param name="decision">What the row receives.</param>
    /// <param name="sourceStart">The source row predicts text at offset 0.</param>
    /// <param name="targetStart">The target row does.</param>
    /// <param name="options">Window, mass, temperature.</param>
    /// <param name="needsNearest">Nearest target tokens are asked for.</param>
    /// <param name="kappa">Kept share.</param>
    /// <returns>The row's place, or -1 when rule (b) keeps too little.</returns>
    public int Add(
        TokenizedDocument source, in StepDecision decision, bool sourceStart, bool targetStart, in AlignmentOptions options, bool needsNearest, out double kappa)
    {
        bool collected = _candidates.Collect(source, pair.Pair, decision, sourceStart, options);
        kappa = _candidates.Kappa;
        if (!collected)
            return -1;
        if (needsNearest)
            _candidates.FindNearest(backend, pair.Pair, targetStart);
        bool whole = ReferenceEquals(_candidates.Tape, pair.Pair.Source.Texts), needsTokens = SemanticCosts.Reads(options.Cost);
        for (int c = 0; c < used; c++)
        {
            bool there = c < _candidates.Count;
            _ids.Add(!there ? -1 : byFit ? pair.FitOf(_candidates, c, targetStart) : whole ? _candidates.Ids[c] : IdOf(_candidates.Tape, _candidates.Ids[c], source.Candidates.IndicesOf(decision.SourceRow)));
            if (needsTokens)
                _tokens.Add(there ? _candidates.WholeTokens[c] : -1);
            _mass.Add(there ? _candidates.Mass[c] : 0);
            _nearest.Add(there && needsNearest ? _candidates.Nearest[c] : -1);
        }

        _counts.Add(_candidates.Count);
        _missing.Add(_candidates.Missing);
        return _counts.Count - 1;
    }

    /// <summary>A shortened text's id; a special candidate keeps its own, found by its symbols and roles among the row's.</summary>
    private int IdOf(TokenTape tape, int id, ReadOnlySpan<int> candidates)
    {
        if ((tape.RolesOf(id) & TokenRoles.Special) == 0)
            return pair.RowTextOf(tape[id]);
        TokenTape texts = pair.Pair.Source.Texts;
        foreach (int candidate in candidates)
        {
            if (texts.RolesOf(candidate) == tape.RolesOf(id) && texts[candidate].SequenceEqual(tape[id]))
                return candidate;
        }

        throw new InvalidOperationException("A special candidate of a shortened row is not among the row's candidates.");
    }
}
