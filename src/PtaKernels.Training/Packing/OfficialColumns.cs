using System.Globalization;
using System.Text.RegularExpressions;

namespace PtaKernels.Training;

/// <summary>What a column of the official dataset holds.</summary>
internal enum OfficialKind
{
    /// <summary>One integer per position.</summary>
    Integers,

    /// <summary>A list of tokens per position.</summary>
    TokenLists,

    /// <summary>A list of numbers per position.</summary>
    ValueLists,

    /// <summary>One number per document.</summary>
    Metric,
}

/// <summary>The columns of the official steps 3 and 4 by name (SPEC B 0).</summary>
internal static partial class OfficialColumns
{
    public const string Ids = "input_ids", Labels = "labels", Metric = "metric_ce";
    public const string BaseIds = "per_step_indices", BaseValues = "per_step_logits";

    /// <summary>Tokens of aligned source k.</summary>
    public static string AlignedIds(int k) => string.Create(CultureInfo.InvariantCulture, $"per_step_aligned_indices_{k}");

    /// <summary>Values of aligned source k.</summary>
    public static string AlignedValues(int k) => string.Create(CultureInfo.InvariantCulture, $"per_step_aligned_logits_{k}");

    /// <summary>Cross-entropy of aligned source k.</summary>
    public static string AlignedMetric(int k) => string.Create(CultureInfo.InvariantCulture, $"metric_ce_aligned_{k}");

    /// <summary>What a column of this name holds; null when it is none of the official ones.</summary>
    public static OfficialKind? KindOf(string name) => name switch
    {
        Ids or Labels or "attention_mask" => OfficialKind.Integers,
        BaseIds => OfficialKind.TokenLists,
        BaseValues => OfficialKind.ValueLists,
        Metric => OfficialKind.Metric,
        _ when !Numbered().IsMatch(name) => null,
        _ when name.StartsWith("metric", StringComparison.Ordinal) => OfficialKind.Metric,
        _ => name.Contains("indices", StringComparison.Ordinal) ? OfficialKind.TokenLists : OfficialKind.ValueLists,
    };

    [GeneratedRegex(@"^(per_step_aligned_(logits|indices)|metric_ce_aligned)_\d+$", RegexOptions.CultureInvariant)]
    private static partial Regex Numbered();
}

/// <summary>A document or a block in those columns, in their order.</summary>
internal sealed class OfficialRow
{
    private readonly List<(string Name, object Value)> _columns = [];

    /// <summary>Names in order.</summary>
    public IEnumerable<string> Names => _columns.Select(static c => c.Name);

    /// <summary>Positions.</summary>
    public int Length => Integers(OfficialColumns.Ids).Length;

    /// <summary>Adds a column: int[], int[][], double[][] or double, by its kind.</summary>
    public void Add(string name, object value) => _columns.Add((name, value));

    /// <summary>Whether there is a column.</summary>
    public bool Has(string name) => _columns.Exists(c => c.Name == name);

    /// <summary>A column as it was added.</summary>
    public object this[string name] => _columns.Find(c => c.Name == name).Value ?? throw new AlignmentDataException($"there is no column {name}; align the documents with --preset reference.");

    /// <summary>One integer per position.</summary>
    public int[] Integers(string name) => (int[])this[name];

    /// <summary>A list of tokens per position.</summary>
    public int[][] TokenLists(string name) => (int[][])this[name];

    /// <summary>A list of numbers per position.</summary>
    public double[][] ValueLists(string name) => (double[][])this[name];

    /// <summary>One number.</summary>
    public double Metric(string name) => (double)this[name];

    /// <summary>What the trainer needs of a block: the target's rows, then those of each aligned source.</summary>
    public OfficialModelRows[] Models()
    {
        var models = new List<OfficialModelRows> { new(TokenLists(OfficialColumns.BaseIds), ValueLists(OfficialColumns.BaseValues), Metric(OfficialColumns.Metric)) };
        for (int k = 0; Has(OfficialColumns.AlignedIds(k)); k++)
            models.Add(new OfficialModelRows(TokenLists(OfficialColumns.AlignedIds(k)), ValueLists(OfficialColumns.AlignedValues(k)), Metric(OfficialColumns.AlignedMetric(k))));
        return [.. models];
    }

    /// <summary>Whether a metric is not a number.</summary>
    public bool HasNaN() => _columns.Exists(static c => c.Value is double metric && double.IsNaN(metric));
}
