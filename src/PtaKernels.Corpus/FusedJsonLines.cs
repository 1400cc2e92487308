using System.IO.Compression;
using System.Text.Json;
using PtaKernels.Alignment;

namespace PtaKernels.Corpus;

/// <summary>Aligned documents as JSON lines.</summary>
/// <remarks>
/// Every line has <c>id</c>, <c>input_ids</c>, <c>per_step_logits</c>, <c>per_step_indices</c> of the target, and its <c>metric_ce</c>, <c>per_step_metric_ce</c>, <c>per_step_lse</c> where given. Output <c>official</c> adds, per source k in listing order,
/// <c>per_step_aligned_logits_k</c>, <c>per_step_aligned_indices_k</c>, <c>metric_ce_aligned_k</c> where known and <c>rules_k</c>. Output <c>probabilities</c> adds
/// <c>fused_indices</c>, <c>fused_probs</c>, <c>fused_missing</c> (the missing mass s of each row), <c>kappa</c> (SPEC A3.2), <c>rules</c> (one letter per row, <see cref="RowProvenance.Letter"/>)
/// and <c>source</c> (its index per row, -1 where none).
/// </remarks>
public sealed class FusedJsonLines : IDocumentWriter
{
    private readonly AtomicFile _file;
    private readonly Stream _stream;
    private readonly Utf8JsonWriter _json;

    /// <summary>Opens an output; a name ending in <c>.gz</c> is compressed.</summary>
    public FusedJsonLines(string path, bool replace)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _file = new AtomicFile(path, replace);
        _stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(_file.Stream, CompressionLevel.Fastest, leaveOpen: true) : _file.Stream;
        _json = new Utf8JsonWriter(_stream);
    }

    /// <inheritdoc/>
    public void Write(IDocumentRecord record, TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, FusedDocument fused) => Write(target, sources, fused);

    /// <summary>Writes one document.</summary>
    public void Write(TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, FusedDocument fused)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(fused);
        _json.Reset();
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
        _json.Flush();
        _stream.WriteByte((byte)'\n');
    }

    /// <summary>Publishes the file under its final name.</summary>
    public void Commit()
    {
        _json.Dispose();
        if (!ReferenceEquals(_stream, _file.Stream))
            _stream.Dispose(); // writes the end of the gzip stream
        _file.Commit();
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        _json.Dispose(); // a second call does nothing
        _file.Dispose();
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
