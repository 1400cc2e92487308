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
    /// <param name="mask">An official attention mask that is not all ones, or null.</param>
    /// <param name="labels">Official labels that are not the tokens, or null.</param>
    /// <param name="copyOther">Appends the row of the input's n-th other column; null where there is none.</param>
    /// <exception cref="AlignmentDataException">It does not fit the store.</exception>
    public void Add(TokenizedDocument document, string where, sbyte[]? mask = null, long[]? labels = null, Action<int, ValueCopier>? copyOther = null)
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
        Put(_sums, _header.ValueKind == Stores.ValueKind.Logprob ? null : document.LogSumExp, _sumType, where);
        Put(_labels, document.LabelCrossEntropy, _header.LabelType!.Value, where);
        long? bytes = PutSpans(document.Spans);
        Put(_mask, mask);
        Put(_officialLabels, labels);
        // From here on everything fits, but for the other columns of a damaged input.
        IsBroken = true;
        for (int c = 0; c < _others.Length; c++)
            copyOther!(c, _others[c]);
        IsBroken = false;
        End(_ids);
        End(_candidates);
        End(_values);
        End(_sums, document.LogSumExp is null || _header.ValueKind == Stores.ValueKind.Logprob);
        End(_labels, document.LabelCrossEntropy is null);
        bool chained = IsChained(document.Spans);
        End(_lengths, document.Spans is null || !chained);
        End(_offsets, document.Spans is null || chained);
        End(_mask, mask is null);
        End(_officialLabels, labels is null);
        TextBytes += bytes ?? 0;
        if (bytes is { } known)
            _textBytes.Append(known);
        else
            _textBytes.AppendNull();
        _names.Append(document.Id);
        if (document.MeanCrossEntropy is { } mean)
            _means.Append(mean);
        else
            _means.AppendNull();
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

    private static void End(StoreList list, bool isNull = false)
    {
        if (isNull)
            list.EndNull();
        else
            list.End();
    }

    /// <summary>Whether spans follow one another from 0, each at most 65,535 bytes long, so that lengths say all.</summary>
    private static bool IsChained((int Start, int End)[]? spans)
    {
        int end = 0;
        foreach ((int start, int stop) in spans ?? [])
        {
            if (start != end || stop < start || stop - start > MaxLength)
                return false;
            end = stop;
        }

        return true;
    }

    /// <summary>Spans as lengths where these say all, else as they are.</summary>
    /// <returns>Bytes of the text, or null where no spans are known.</returns>
    private long? PutSpans((int Start, int End)[]? spans)
    {
        if (spans is null)
            return null;
        int most = 0;
        if (IsChained(spans))
        {
            Span<ushort> lengths = _lengths.Take<ushort>(spans.Length);
            for (int t = 0; t < spans.Length; t++)
                lengths[t] = (ushort)(spans[t].End - spans[t].Start);
            return spans.Length == 0 ? 0 : spans[^1].End;
        }

        MemoryMarshal.Cast<(int, int), int>(spans).CopyTo(_offsets.Take<int>(2 * spans.Length));
        foreach ((_, int stop) in spans)
            most = Math.Max(most, stop);
        return most;
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
