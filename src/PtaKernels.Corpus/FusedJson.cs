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
        _json.WriteIntegers("input_ids", target.Ids);
        _json.WriteRows("per_step_logits", target.Length, i => target.Candidates.ValuesOf(i));
        _json.WriteRows("per_step_indices", target.Length, i => target.Candidates.IndicesOf(i));
        if (target.MeanCrossEntropy is { } ce)
            _json.WriteValue("metric_ce", ce);
        _json.WriteNumbers("per_step_metric_ce", target.LabelCrossEntropy);
        _json.WriteNumbers("per_step_lse", target.LogSumExp);
        if (fused.Merged is { } merged)
        {
            _json.WriteRows("fused_indices", merged.Rows, i => merged.IndicesOf(i));
            _json.WriteRows("fused_probs", merged.Rows, i => merged.ValuesOf(i));
            WriteColumn("fused_missing", merged, static row => row.Missing);
            WriteColumn("kappa", merged, static row => row.Kappa);
            WriteRules("rules", merged);
            _json.WriteIntegers("source", [.. Enumerable.Range(0, merged.Rows).Select(i => merged[i].Source)]);
        }
        else
        {
            for (int s = 0; s < fused.PerSource.Length; s++)
            {
                AlignedDocument aligned = fused.PerSource[s];
                _json.WriteRows($"per_step_aligned_logits_{s}", aligned.Rows, i => aligned.ValuesOf(i));
                _json.WriteRows($"per_step_aligned_indices_{s}", aligned.Rows, i => aligned.IndicesOf(i));
                if (sources[s].MeanCrossEntropy is { } sourceCe)
                    _json.WriteValue($"metric_ce_aligned_{s}", sourceCe);
                WriteRules($"rules_{s}", aligned);
            }
        }

        _json.WriteEndObject();
    }

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
}
