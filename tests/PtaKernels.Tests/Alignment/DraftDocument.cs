using System.Globalization;
using System.Text;

namespace PtaKernels.Tests.Alignment;

/// <summary>A document that a test may spoil before it becomes the library's view or a line of a file.</summary>
internal sealed class DraftDocument
{
    public string? Id { get; set; }

    public int[] Ids { get; set; } = [];

    public int[][] Candidates { get; set; } = [];

    public double[][] Logits { get; set; } = [];

    public double[]? LogSumExp { get; set; }

    public double[]? LabelCrossEntropy { get; set; }

    public double? MeanCrossEntropy { get; set; }

    public (int Start, int End)[]? Spans { get; set; }

    public TokenizedDocument ToDocument() => new()
    {
        Id = Id!,
        Ids = Ids,
        Candidates = new TopKLogits([.. Candidates.SelectMany(r => r)], [.. Logits.SelectMany(r => r)], Candidates[0].Length),
        LogSumExp = LogSumExp,
        LabelCrossEntropy = LabelCrossEntropy,
        MeanCrossEntropy = MeanCrossEntropy,
        Spans = Spans,
    };

    /// <summary>The document as Python's json.dumps writes it, NaN and infinities bare.</summary>
    public string ToJson()
    {
        var json = new StringBuilder("{");
        if (Id is not null)
            Field("id", $"\"{Id}\"");
        Field("input_ids", List(Ids, Number));
        Field("per_step_logits", List(Logits, row => List(row, Number)));
        Field("per_step_indices", List(Candidates, row => List(row, Number)));
        if (LogSumExp is not null)
            Field("per_step_lse", List(LogSumExp, Number));
        if (LabelCrossEntropy is not null)
            Field("per_step_metric_ce", List(LabelCrossEntropy, Number));
        if (MeanCrossEntropy is not null)
            Field("metric_ce", Number(MeanCrossEntropy.Value));
        if (Spans is not null)
            Field("byte_offsets", List(Spans, span => $"[{span.Start}, {span.End}]"));
        return json.Append('}').ToString();

        void Field(string name, string value) => json.Append(json.Length > 1 ? ", " : "").Append('"').Append(name).Append("\": ").Append(value);
    }

    private static string List<T>(IEnumerable<T> items, Func<T, string> write) => "[" + string.Join(", ", items.Select(write)) + "]";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
