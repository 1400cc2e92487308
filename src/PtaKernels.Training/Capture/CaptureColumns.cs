using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Training;

/// <summary>Captured documents on their way into record batches.</summary>
/// <remarks>
/// Columns: <c>id</c>; <c>domain</c> where asked for; <c>input_ids</c> int32 [length]; <c>per_step_logits</c> float32 and <c>per_step_indices</c> int32 [length][k];
/// <c>per_step_lse</c> float64 [length]; <c>per_step_metric_ce</c> float32 [length - 1]; <c>metric_ce</c> float64, null with one token; <c>byte_offsets</c> int32 [length][2].
/// </remarks>
internal sealed class CaptureColumns
{
    /// <summary>Rows and bytes of a record batch.</summary>
    private const int MaxRows = 1000;
    private const long MaxBytes = 32_000_000;

    private const string Domain = "domain";

    private readonly int _k;
    private readonly StringArray.Builder _ids = new(), _domains = new();
    private readonly DoubleArray.Builder _means = new();
    private readonly ListValues<int> _tokens = new(Int32Type.Default, 1), _indices = new(Int32Type.Default, 2), _offsets = new(Int32Type.Default, 2);
    private readonly ListValues<float> _logits = new(FloatType.Default, 2), _labels = new(FloatType.Default, 1);
    private readonly ListValues<double> _sums = new(DoubleType.Default, 1);

    private readonly bool _withDomain;
    private long _texts;

    /// <summary>Empty columns.</summary>
    /// <param name="k">Candidates per row.</param>
    /// <param name="withDomain">Whether there is a column for the domain.</param>
    public CaptureColumns(int k, bool withDomain)
    {
        (_k, _withDomain) = (k, withDomain);
        (string Name, IArrowType Type)[] columns =
        [
            (TextDocument.IdField, StringType.Default), (Domain, StringType.Default), (DocumentColumns.Ids, _tokens.Type), (DocumentColumns.Logits, _logits.Type),
            (DocumentColumns.Indices, _indices.Type), (DocumentColumns.LogSumExp, _sums.Type), (DocumentColumns.CrossEntropy, _labels.Type),
            (DocumentColumns.MeanCrossEntropy, DoubleType.Default), (DocumentColumns.Offsets, _offsets.Type),
        ];
        Fields = [.. columns.Where(c => withDomain || c.Name != Domain).Select(static c => new Field(c.Name, c.Type, nullable: true))];
    }

    /// <summary>Names and types.</summary>
    public IReadOnlyList<Field> Fields { get; }

    /// <summary>Documents held.</summary>
    public int Rows { get; private set; }

    /// <summary>Whether a record batch should end here.</summary>
    public bool IsFull => Rows == MaxRows || _texts + _tokens.Bytes + _logits.Bytes + _indices.Bytes + _sums.Bytes + _labels.Bytes + _offsets.Bytes >= MaxBytes;

    /// <summary>Adds a document.</summary>
    /// <param name="document">The document.</param>
    /// <param name="rows">What was kept of its rows, among others'.</param>
    /// <param name="first">Its first row there.</param>
    /// <returns>Sum of its label cross-entropies in nats.</returns>
    public double Add(CaptureDocument document, CapturedRows rows, int first)
    {
        int length = document.Length;
        _ids.Append(document.Text.Id);
        _domains.Append(document.Text.Domain);
        _texts += document.Text.Id.Length + document.Text.Domain.Length + 8;
        _tokens.Add(document.Tokens.Ids);
        for (int t = 0; t < length; t++)
        {
            _logits.Add(rows.Logits.AsSpan((first + t) * _k, _k));
            _logits.EndPosition();
            _indices.Add(rows.Ids.AsSpan((first + t) * _k, _k));
            _indices.EndPosition();
            (int start, int end) = document.Tokens.Spans[t];
            _offsets.Add([start, end]);
            _offsets.EndPosition();
        }

        _sums.Add(rows.LogSumExp.AsSpan(first, length));
        ReadOnlySpan<float> labels = rows.CrossEntropy.AsSpan(first, length - 1);
        _labels.Add(labels);
        double nats = 0;
        foreach (float label in labels)
            nats += label;
        if (labels.IsEmpty)
            _means.AppendNull();
        else
            _means.Append(nats / labels.Length);
        foreach (Action end in (Action[])[_tokens.EndRow, _logits.EndRow, _indices.EndRow, _offsets.EndRow, _sums.EndRow, _labels.EndRow])
            end();
        Rows++;
        return nats;
    }

    /// <summary>The documents so far, valid until the next change.</summary>
    public ArrayData[] Build()
    {
        ArrayData[] numbers = [_tokens.Build(), _logits.Build(), _indices.Build(), _sums.Build(), _labels.Build(), _means.Build().Data, _offsets.Build()];
        return _withDomain ? [_ids.Build().Data, _domains.Build().Data, .. numbers] : [_ids.Build().Data, .. numbers];
    }

    /// <summary>Forgets the documents, and keeps the memory for the next ones.</summary>
    public void Clear()
    {
        _ids.Clear();
        _domains.Clear();
        _means.Clear();
        foreach (Action clear in (Action[])[_tokens.Clear, _logits.Clear, _indices.Clear, _offsets.Clear, _sums.Clear, _labels.Clear])
            clear();
        (Rows, _texts) = (0, 0);
    }
}
