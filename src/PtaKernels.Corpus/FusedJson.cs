using System.Buffers;
using System.Text.Json;
using PtaKernels.Alignment;

namespace PtaKernels.Corpus;

/// <summary>An aligned document as a line of JSON; the fields are those of <see cref="FusedJsonLines"/>.</summary>
internal sealed class FusedJson : IDisposable
{
    private readonly Utf8JsonWriter _json;

    private FusedJson(IBufferWriter<byte> lines) => _json = new Utf8JsonWriter(lines);

    /// <summary>Writes a document and the end of its line.</summary>
    public static void WriteLine(IBufferWriter<byte> lines, TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, FusedDocument fused)
    {
        using (var writer = new FusedJson(lines))
            writer.Write(target, sources, fused);
        lines.Write("\n"u8);
    }

    public void Dispose() => _json.Dispose();

    private void Write(TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, FusedDocument fused)
    {
        _json.WriteStartObject();
        _json.WriteString("id", target.Id);
        WriteNumbers("input_ids", target.Ids);
        WriteRows("per_step_logits", target.Length, i => target.Candidates.ValuesOf(i));
        WriteRows("per_step_indices", target.Length, i => target.Candidates.IndicesOf(i));
        if (target.MeanCrossEntropy is { } ce)
            WriteNumber("metric_ce", ce);
        WriteOptional("per_step_metric_ce", target.LabelCrossEntropy);
        WriteOptional("per_step_lse", target.LogSumExp);
        if (fused.Merged is { } merged)
        {
            WriteRows("fused_indices", merged.Rows, i => merged.IndicesOf(i));
            WriteRows("fused_probs", merged.Rows, i => merged.ValuesOf(i));
            WriteColumn("fused_missing", merged, static row => row.Missing);
            WriteColumn("kappa", merged, static row => row.Kappa);
            WriteRules("rules", merged);
            WriteNumbers("source", [.. Enumerable.Range(0, merged.Rows).Select(i => merged[i].Source)]);
        }
        else
        {
            for (int s = 0; s < fused.PerSource.Length; s++)
            {
                AlignedDocument aligned = fused.PerSource[s];
                WriteRows($"per_step_aligned_logits_{s}", aligned.Rows, i => aligned.ValuesOf(i));
                WriteRows($"per_step_aligned_indices_{s}", aligned.Rows, i => aligned.IndicesOf(i));
                if (sources[s].MeanCrossEntropy is { } sourceCe)
                    WriteNumber($"metric_ce_aligned_{s}", sourceCe);
                WriteRules($"rules_{s}", aligned);
            }
        }

        _json.WriteEndObject();
    }

    private delegate ReadOnlySpan<T> Row<T>(int row);

    private void WriteColumn(string name, AlignedDocument document, Func<RowProvenance, double> value)
    {
        _json.WriteStartArray(name);
        for (int i = 0; i < document.Rows; i++)
            _json.WriteNumberValue(value(document[i]));
        _json.WriteEndArray();
    }

    private void WriteRules(string name, AlignedDocument document) =>
        _json.WriteString(name, string.Create(document.Rows, document, static (letters, d) =>
        {
            for (int i = 0; i < letters.Length; i++)
                letters[i] = d[i].Letter;
        }));

    private void WriteOptional(string name, double[]? values)
    {
        if (values is null)
            return;
        _json.WriteStartArray(name);
        foreach (double value in values)
            WriteValue(value);
        _json.WriteEndArray();
    }

    private void WriteNumbers(string name, int[] values)
    {
        _json.WriteStartArray(name);
        foreach (int value in values)
            _json.WriteNumberValue(value);
        _json.WriteEndArray();
    }

    private void WriteRows(string name, int rows, Row<int> row)
    {
        _json.WriteStartArray(name);
        for (int i = 0; i < rows; i++)
        {
            _json.WriteStartArray();
            foreach (int value in row(i))
                _json.WriteNumberValue(value);
            _json.WriteEndArray();
        }

        _json.WriteEndArray();
    }

    private void WriteRows(string name, int rows, Row<double> row)
    {
        _json.WriteStartArray(name);
        for (int i = 0; i < rows; i++)
        {
            _json.WriteStartArray();
            foreach (double value in row(i))
                WriteValue(value);
            _json.WriteEndArray();
        }

        _json.WriteEndArray();
    }

    private void WriteNumber(string name, double value)
    {
        _json.WritePropertyName(name);
        WriteValue(value);
    }

    /// <summary>NaN and infinities as strings: valid JSON, and what <see cref="JsonLines"/> reads back.</summary>
    private void WriteValue(double value)
    {
        if (double.IsFinite(value))
            _json.WriteNumberValue(value);
        else
            _json.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }
}
