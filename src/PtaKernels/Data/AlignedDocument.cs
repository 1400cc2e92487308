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
    public bool Transferred => IsTransfer(Rule);

    /// <summary>Whether a rule takes a teacher's row.</summary>
    public static bool IsTransfer(RowRule rule) => rule is RowRule.StringTransport or RowRule.Soft or RowRule.SoftNotFinite or RowRule.Group or RowRule.Boundary
        or RowRule.Prefix or RowRule.LeadingBos or RowRule.Mixture;

    /// <summary>The letter of a rule.</summary>
    public static char LetterOf(RowRule rule) => Letters[(int)rule];
}

/// <summary>The fused rows of one target document: a sparse distribution per position over target ids.</summary>
public sealed class AlignedDocument
{
    private int[] _starts;
    private int[] _indices;
    private double[] _values;
    private RowProvenance[] _provenance;

    /// <summary>An empty document; rows are added in order.</summary>
    /// <param name="id">The document's name.</param>
    /// <param name="unit">What the values are.</param>
    /// <param name="rows">Rows to make room for.</param>
    /// <param name="entries">Ids and values to make room for.</param>
    public AlignedDocument(string id, OutputUnit unit, int rows = 64, int entries = 256)
    {
        Id = id;
        Unit = unit;
        _starts = new int[rows + 1];
        // Nothing past the rows is ever read, and clearing costs as much as filling.
        _provenance = GC.AllocateUninitializedArray<RowProvenance>(rows);
        _indices = GC.AllocateUninitializedArray<int>(entries);
        _values = GC.AllocateUninitializedArray<double>(entries);
    }

    /// <summary>A complete document; takes ownership of the arrays.</summary>
    /// <param name="id">The document's name.</param>
    /// <param name="unit">What the values are.</param>
    /// <param name="starts">[rows + 1] first entry of each row, ascending from 0.</param>
    /// <param name="indices">[entries] ids.</param>
    /// <param name="values">[entries] values.</param>
    /// <param name="provenance">[rows].</param>
    /// <exception cref="ArgumentException">The arrays' lengths do not belong together.</exception>
    public AlignedDocument(string id, OutputUnit unit, int[] starts, int[] indices, double[] values, RowProvenance[] provenance)
    {
        ArgumentNullException.ThrowIfNull(starts);
        ArgumentNullException.ThrowIfNull(indices);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(provenance);
        if (starts.Length != provenance.Length + 1 || starts[0] != 0 || starts[^1] > indices.Length || values.Length != indices.Length)
            throw new ArgumentException($"{starts.Length} starts up to {starts.LastOrDefault()}, {indices.Length} ids, {values.Length} values and {provenance.Length} rows are no document.");
        Id = id;
        Unit = unit;
        _starts = starts;
        _indices = indices;
        _values = values;
        _provenance = provenance;
        Rows = provenance.Length;
    }

    /// <summary>The document's name.</summary>
    public string Id { get; }

    /// <summary>What the values are.</summary>
    public OutputUnit Unit { get; }

    /// <summary>Number of rows so far; the target's length when complete.</summary>
    public int Rows { get; private set; }

    /// <summary>[Rows + 1] first entry of each row.</summary>
    public ReadOnlySpan<int> Starts => _starts.AsSpan(0, Rows + 1);

    /// <summary>Ids of all rows, one after the other.</summary>
    public ReadOnlySpan<int> Indices => _indices.AsSpan(0, _starts[Rows]);

    /// <summary>Values of all rows.</summary>
    public ReadOnlySpan<double> Values => _values.AsSpan(0, _starts[Rows]);

    /// <summary>Token ids of one row; empty when masked.</summary>
    public ReadOnlySpan<int> IndicesOf(int row) => _indices.AsSpan(Checked(row).._starts[row + 1]);

    /// <summary>Values of one row, in the order of its ids.</summary>
    public ReadOnlySpan<double> ValuesOf(int row) => _values.AsSpan(Checked(row).._starts[row + 1]);

    /// <summary>Where one row came from.</summary>
    public RowProvenance this[int row] => (uint)row < (uint)Rows ? _provenance[row] : throw new ArgumentOutOfRangeException(nameof(row));

    /// <summary>Adds a row.</summary>
    public void AddRow(ReadOnlySpan<int> indices, ReadOnlySpan<double> values, in RowProvenance provenance)
    {
        if (indices.Length != values.Length)
            throw new ArgumentException($"{indices.Length} ids for {values.Length} values.");
        int start = _starts[Rows], end = start + indices.Length;
        if (Rows == _provenance.Length)
        {
            Array.Resize(ref _provenance, Math.Max(64, 2 * Rows));
            Array.Resize(ref _starts, _provenance.Length + 1);
        }

        if (end > _indices.Length)
        {
            Array.Resize(ref _indices, Math.Max(end, 2 * _indices.Length));
            Array.Resize(ref _values, _indices.Length);
        }

        indices.CopyTo(_indices.AsSpan(start));
        values.CopyTo(_values.AsSpan(start));
        _provenance[Rows++] = provenance;
        _starts[Rows] = end;
    }

    private int Checked(int row) => (uint)row < (uint)Rows ? _starts[row] : throw new ArgumentOutOfRangeException(nameof(row));
}
