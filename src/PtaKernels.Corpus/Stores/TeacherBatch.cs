using System.Runtime.InteropServices;
using Apache.Arrow;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Stores;

/// <summary>A model's documents on their way into a record batch.</summary>
internal sealed class TeacherBatch : IStoreBatch
{
    private const int MaxLength = ushort.MaxValue;

    private readonly StoreHeader _header;
    private readonly TokenIds _encoding;
    private readonly NumberType _sumType;
    private readonly StringArray.Builder _names = new();
    private readonly Int64Array.Builder _textBytes = new();
    private readonly DoubleArray.Builder _means = new();
    private readonly StoreList _ids, _candidates, _values, _sums, _labels, _lengths, _offsets, _mask, _officialLabels;
    private readonly ValueCopier[] _others;

    /// <summary>An empty batch.</summary>
    /// <param name="header">The store's header.</param>
    /// <param name="others">The input's other columns.</param>
    public TeacherBatch(StoreHeader header, IReadOnlyList<Field> others)
    {
        _header = header;
        _encoding = header.TokenIds;
        _sumType = StoreColumns.SumTypeOf(header.Values);
        Dictionary<string, StoreList> lists = StoreColumns.FieldsOf(header with { Official = true })
            .Where(static f => f.Name is not (StoreColumns.Id or StoreColumns.TextBytes or StoreColumns.MeanCrossEntropy))
            .ToDictionary(static f => f.Name, static f => new StoreList(f.Name, f.DataType));
        (_ids, _candidates, _values) = (lists[StoreColumns.Ids], lists[StoreColumns.Candidates], lists[StoreColumns.Values]);
        (_sums, _labels) = (lists[StoreColumns.LogSumExp], lists[StoreColumns.LabelCrossEntropy]);
        (_lengths, _offsets) = (lists[StoreColumns.ByteLengths], lists[StoreColumns.ByteOffsets]);
        (_mask, _officialLabels) = (lists[StoreColumns.Mask], lists[StoreColumns.Labels]);
        _others = [.. others.Select(static f => ValueCopier.For(f.DataType))];
    }

    /// <inheritdoc/>
    public int Documents { get; private set; }

    /// <inheritdoc/>
    public long Tokens { get; private set; }

    /// <inheritdoc/>
    public long TextBytes { get; private set; }

    /// <summary>Whether a row was left half written, after which nothing can be built any more.</summary>
    public bool IsBroken { get; private set; }

    private StoreList[] Lists => [_ids, _candidates, _values, _sums, _labels, _lengths, _offsets, _mask, _officialLabels];

    /// <summary>Adds a document.</summary>
    /// <param name="document">The document, with the header's number of candidates.</param>
    /// <param name="where">Its place, for messages.</param>
    /// <param name="defaultId">The name that it has for want of one, which is not stored; null where every name is given.</param>
    /// <param name="mask">An official attention mask that is not all ones, or null.</param>
    /// <param name="labels">Official labels that are not the tokens, or null.</param>
    /// <param name="copyOther">Appends the row of the input's n-th other column; null where there is none.</param>
    /// <exception cref="AlignmentDataException">It does not fit the store.</exception>
    public void Add(TokenizedDocument document, string where, string? defaultId, sbyte[]? mask = null, long[]? labels = null, Action<int, ValueCopier>? copyOther = null)
    {
        int length = document.Length, k = _header.K!.Value;
        if (length > 0 && document.Candidates.K != k)
            throw new AlignmentDataException($"{where}: has {document.Candidates.K} candidates per position, and the store has {k}; give documents with as many.");
        foreach (StoreList list in Lists)
            list.Begin(); // what a document that did not fit left behind is forgotten
        Span<byte> ids = _ids.Take(_encoding.BytesOf(length));
        RequireId(_encoding.Write(document.Ids, ids), document.Ids, where, StoreColumns.Ids, 1);
        Span<byte> candidates = _candidates.Take(_encoding.BytesOf(length * k));
        RequireId(_encoding.Write(document.Candidates.Indices, candidates), document.Candidates.Indices, where, StoreColumns.Candidates, k);
        RequireNumber(Numbers.Narrow(document.Candidates.Values, _header.Values, _values.Take(length * k * Numbers.WidthOf(_header.Values))), document.Candidates.Values, where, StoreColumns.Values);
        double[]? sums = _header.ValueKind == Stores.ValueKind.Logprob ? null : document.LogSumExp; // 0 by definition
        Put(_sums, sums, _sumType, where);
        Put(_labels, document.LabelCrossEntropy, _header.LabelType!.Value, where);
        bool chained = document.Spans is not null && IsChained(document.Spans);
        long? bytes = document.Spans is null ? null : PutSpans(document.Spans, chained);
        Put(_mask, mask);
        Put(_officialLabels, labels);
        // From here on everything fits, but for the other columns of a damaged input.
        IsBroken = true;
        for (int c = 0; c < _others.Length; c++)
            copyOther!(c, _others[c]);
        IsBroken = false;
        _ids.End();
        _candidates.End();
        _values.End();
        _sums.End(isNull: sums is null);
        _labels.End(isNull: document.LabelCrossEntropy is null);
        _lengths.End(isNull: !chained);
        _offsets.End(isNull: chained || document.Spans is null);
        _mask.End(isNull: mask is null);
        _officialLabels.End(isNull: labels is null);
        _textBytes.Append(bytes);
        _names.Append(document.Id == defaultId ? null : document.Id);
        _means.Append(document.MeanCrossEntropy);
        TextBytes += bytes ?? 0;
        Documents++;
        Tokens += length;
    }

    /// <inheritdoc/>
    public ArrayData[] Build()
    {
        ArrayData[] own =
        [
            _names.Build().Data, _textBytes.Build().Data, _ids.Build(), _candidates.Build(), _values.Build(), _sums.Build(), _labels.Build(), _means.Build().Data,
            _lengths.Build(), _offsets.Build(),
        ];
        ArrayData[] official = _header.Official ? [_mask.Build(), _officialLabels.Build()] : [];
        return [.. own, .. official, .. _others.Select(static o => o.Build())];
    }

    /// <inheritdoc/>
    public void Clear()
    {
        _names.Clear();
        _textBytes.Clear();
        _means.Clear();
        foreach (StoreList list in Lists)
            list.Clear();
        foreach (ValueCopier other in _others)
            other.Clear();
        (Documents, Tokens, TextBytes) = (0, 0, 0);
    }

    private static void Put(StoreList list, double[]? values, NumberType type, string where)
    {
        if (values is not null)
            RequireNumber(Numbers.Narrow(values, type, list.Take(values.Length * Numbers.WidthOf(type))), values, where, list.Field.Name);
    }

    private static void Put<T>(StoreList list, T[]? values)
        where T : unmanaged => values?.CopyTo(list.Take<T>(values.Length));

    /// <summary>Whether spans follow one another from 0, each at most 65,535 bytes long, so that lengths say all.</summary>
    private static bool IsChained((int Start, int End)[] spans)
    {
        int end = 0;
        foreach ((int start, int stop) in spans)
        {
            if (start != end || stop < start || stop - start > MaxLength)
                return false;
            end = stop;
        }

        return true;
    }

    /// <summary>Spans as lengths where these say all, else as they are.</summary>
    /// <returns>Bytes of the text.</returns>
    private long PutSpans((int Start, int End)[] spans, bool chained)
    {
        if (chained)
        {
            Span<ushort> lengths = _lengths.Take<ushort>(spans.Length);
            for (int t = 0; t < spans.Length; t++)
                lengths[t] = (ushort)(spans[t].End - spans[t].Start);
        }
        else
        {
            MemoryMarshal.Cast<(int, int), int>(spans).CopyTo(_offsets.Take<int>(2 * spans.Length));
        }

        return StoreColumns.TextBytesOf(spans);
    }

    private void RequireId(int bad, int[] ids, string where, string column, int perRow)
    {
        if (bad >= 0)
        {
            throw new AlignmentDataException(
                $"{where}, {column}, position {bad / perRow}: {ids[bad]} is no id of {_header.Tokenizer.Name}, which has {_header.Tokenizer.Tokens} tokens; give the tokenizer that made the ids.");
        }
    }

    private static void RequireNumber(int bad, double[] values, string where, string column)
    {
        if (bad >= 0)
            throw new AlignmentDataException(FormattableString.Invariant($"{where}, {column}, value {bad}: {values[bad]} is beyond the store's number type; take --values float32."));
    }
}
