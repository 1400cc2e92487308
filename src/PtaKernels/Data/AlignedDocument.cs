namespace PtaKernels;

/// <summary>Which rule filled a row. The letters are the official <c>step_kind</c> where one exists.</summary>
public enum RowRule : byte
{
    /// <summary>Nothing: masked.</summary>
    None,

    /// <summary>O: transport of a row paired by equal or mapped strings.</summary>
    StringTransport,

    /// <summary>S: FuseLLM soft values, fewer than the window's candidates were mapped.</summary>
    Soft,

    /// <summary>N: FuseLLM soft values, the transport was not a number.</summary>
    SoftNotFinite,

    /// <summary>X: fallback, paired with one source token of another string.</summary>
    StringMismatch,

    /// <summary>M: fallback, not paired with exactly one source token.</summary>
    NotOneToOne,

    /// <summary>G: last row of a paired group.</summary>
    Group,

    /// <summary>B: the source token that ends at the same byte.</summary>
    Boundary,

    /// <summary>P: candidates that continue the text, prefix stripped.</summary>
    Prefix,

    /// <summary>Z: leading begin-of-sequence row to leading begin-of-sequence row.</summary>
    LeadingBos,

    /// <summary>L: fallback label.</summary>
    LabelFallback,

    /// <summary>T: the target's own distribution.</summary>
    TargetOwn,

    /// <summary>C: fallback one-hot on the current token.</summary>
    CurrentToken,

    /// <summary>W: a weighted mixture of several sources (AvgCE).</summary>
    Mixture,
}

/// <summary>Where a row came from.</summary>
/// <param name="Rule">The rule that filled it.</param>
/// <param name="SourceRow">The source row it was made from, or -1.</param>
/// <param name="Source">Index of the source, or -1.</param>
/// <param name="Missing">Missing mass s: 0 unless mass is <c>tail</c>.</param>
/// <param name="Kappa">Kept share of rule (b); 1 for every other rule.</param>
/// <param name="SignalKept">Teacher signal kept of SPEC A3.4, or NaN when not measured.</param>
/// <param name="Transport">How the transport ended, or null where none ran.</param>
public readonly record struct RowProvenance(
    RowRule Rule, int SourceRow = -1, int Source = -1, double Missing = 0, double Kappa = 1, double SignalKept = double.NaN, TransportOutcome? Transport = null)
{
    private static readonly char[] Letters = ['.', 'O', 'S', 'N', 'X', 'M', 'G', 'B', 'P', 'Z', 'L', 'T', 'C', 'W'];

    /// <summary>One letter for tables and files.</summary>
    public char Letter => LetterOf(Rule);

    /// <summary>Whether a teacher's row reached this one.</summary>
    public bool Transferred => Rule is RowRule.StringTransport or RowRule.Soft or RowRule.SoftNotFinite or RowRule.Group or RowRule.Boundary
        or RowRule.Prefix or RowRule.LeadingBos or RowRule.Mixture;

    /// <summary>The letter of a rule.</summary>
    public static char LetterOf(RowRule rule) => Letters[(int)rule];
}

/// <summary>The fused rows of one target document: a sparse distribution per position over target ids.</summary>
public sealed class AlignedDocument
{
    private readonly List<int> _starts = [0];
    private readonly List<int> _indices = [];
    private readonly List<double> _values = [];
    private readonly List<RowProvenance> _provenance = [];

    /// <summary>An empty document; rows are added in order.</summary>
    public AlignedDocument(string id, OutputUnit unit)
    {
        Id = id;
        Unit = unit;
    }

    /// <summary>The document's name.</summary>
    public string Id { get; }

    /// <summary>What the values are.</summary>
    public OutputUnit Unit { get; }

    /// <summary>Number of rows so far; the target's length when complete.</summary>
    public int Rows => _provenance.Count;

    /// <summary>Token ids of one row; empty when masked.</summary>
    public ReadOnlySpan<int> IndicesOf(int row) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_indices)[_starts[row].._starts[row + 1]];

    /// <summary>Values of one row, in the order of its ids.</summary>
    public ReadOnlySpan<double> ValuesOf(int row) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_values)[_starts[row].._starts[row + 1]];

    /// <summary>Where one row came from.</summary>
    public RowProvenance this[int row] => _provenance[row];

    /// <summary>Adds a row.</summary>
    public void AddRow(ReadOnlySpan<int> indices, ReadOnlySpan<double> values, in RowProvenance provenance)
    {
        if (indices.Length != values.Length)
            throw new ArgumentException($"{indices.Length} ids for {values.Length} values.");
        _indices.AddRange(indices);
        _values.AddRange(values);
        _starts.Add(_indices.Count);
        _provenance.Add(provenance);
    }
}
