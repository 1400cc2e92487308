using Apache.Arrow;
using PtaKernels.Alignment;

namespace PtaKernels.Corpus.Stores;

/// <summary>Aligned documents on their way into a record batch.</summary>
internal sealed class AlignedBatch : IStoreBatch
{
    private readonly StoreHeader _header;
    private readonly TokenIds _encoding;
    private readonly StringArray.Builder _names = new();
    private readonly Int64Array.Builder _textBytes = new(), _rows = new();
    private readonly StoreList _ids;
    private readonly Group[] _groups;

    /// <summary>An empty batch.</summary>
    /// <param name="header">The store's header.</param>
    public AlignedBatch(StoreHeader header)
    {
        _header = header;
        _encoding = header.TokenIds;
        Dictionary<string, Field> fields = StoreColumns.FieldsOf(header).ToDictionary(static f => f.Name);
        _ids = new StoreList(StoreColumns.Ids, fields[StoreColumns.Ids].DataType);
        _groups = [.. StoreColumns.GroupsOf(header).Select(suffix => new Group(header, suffix, fields))];
    }

    /// <inheritdoc/>
    public int Documents { get; private set; }

    /// <inheritdoc/>
    public long Tokens { get; private set; }

    /// <inheritdoc/>
    public long TextBytes { get; private set; }

    /// <summary>Adds a document.</summary>
    public void Add(OutputDocument document)
    {
        (IDocumentRecord record, TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, FusedDocument fused) = document;
        long? textBytes = target.Spans is { Length: > 0 } spans ? StoreColumns.TextBytesOf(spans) : null;
        int[] ids = target.Ids;
        AlignedDocument[] groups = fused.Merged is { } merged ? [merged] : fused.PerSource;
        double?[] means = fused.Merged is null ? [.. sources.Select(static s => s.MeanCrossEntropy)] : [null];
        _ids.Begin();
        if (_encoding.Write(ids, _ids.Take(_encoding.BytesOf(ids.Length))) is var bad and >= 0)
            throw new AlignmentDataException($"{record.Where}, {StoreColumns.Ids} {bad}: {ids[bad]} is no id of {_header.Tokenizer.Name}, which has {_header.Tokenizer.Tokens} tokens.");
        for (int g = 0; g < _groups.Length; g++)
            _groups[g].Add(groups[g], means[g]);
        _ids.End();
        _names.Append(target.Id == record.DefaultId ? null : target.Id);
        _rows.Append(record.Number >= 0 ? record.Number : null);
        _textBytes.Append(textBytes);
        Documents++;
        Tokens += ids.Length;
        TextBytes += textBytes ?? 0;
    }

    /// <inheritdoc/>
    public ArrayData[] Build() => [_names.Build().Data, _textBytes.Build().Data, _ids.Build(), _rows.Build().Data, .. _groups.SelectMany(static g => g.Build())];

    /// <inheritdoc/>
    public void Clear()
    {
        _names.Clear();
        _textBytes.Clear();
        _rows.Clear();
        _ids.Clear();
        foreach (Group group in _groups)
            group.Clear();
        (Documents, Tokens, TextBytes) = (0, 0, 0);
    }

    /// <summary>The columns of one group of fused rows.</summary>
    private sealed class Group
    {
        private readonly StoreHeader _header;
        private readonly TokenIds _encoding;
        private readonly StoreList _counts, _tokens, _values, _missing, _kappa, _rules;
        private readonly DoubleArray.Builder _means = new();
        private readonly string _suffix;

        public Group(StoreHeader header, string suffix, Dictionary<string, Field> fields)
        {
            (_header, _encoding, _suffix) = (header, header.TokenIds, suffix);
            StoreList List(string name) => new(name + suffix, fields[name + suffix].DataType);
            (_counts, _tokens, _values) = (List(StoreColumns.Counts), List(StoreColumns.Tokens), List(StoreColumns.Fused));
            (_missing, _kappa, _rules) = (List(StoreColumns.Missing), List(StoreColumns.Kappa), List(StoreColumns.Rules));
        }

        private StoreList[] Lists => [_counts, _tokens, _values, _missing, _kappa, _rules];

        public void Add(AlignedDocument document, double? mean)
        {
            foreach (StoreList list in Lists)
                list.Begin();
            int rows = document.Rows, width = Numbers.WidthOf(_header.Values);
            Span<byte> counts = _counts.Take(rows), rules = _rules.Take(rows);
            Span<double> one = stackalloc double[1];
            bool anyMissing = false, anyKappa = false;
            ReadOnlySpan<int> starts = document.Starts;
            for (int t = 0; t < rows; t++)
            {
                RowProvenance row = document[t];
                counts[t] = checked((byte)(starts[t + 1] - starts[t]));
                rules[t] = Provenance.Of(row);
                anyMissing |= row.Missing != 0;
                if (!AlignedRows.HasKappa(row.Rule))
                    continue;
                anyKappa = true;
                one[0] = row.Kappa;
                Numbers.Narrow(one, _header.Values, _kappa.Take(width));
            }

            ReadOnlySpan<int> tokens = document.Indices;
            if (_encoding.Write(tokens, _tokens.Take(_encoding.BytesOf(tokens.Length))) is var bad and >= 0)
                throw new AlignmentDataException($"{document.Id}, fused token {bad}: {tokens[bad]} is no id of {_header.Tokenizer.Name}.");
            ReadOnlySpan<double> values = document.Values;
            if (Numbers.Narrow(values, _header.Values, _values.Take(values.Length * width)) is var over and >= 0)
                throw new AlignmentDataException(FormattableString.Invariant($"{document.Id}, fused value {over}: {values[over]} is beyond the store's number type; take --values float32."));
            if (anyMissing)
            {
                Span<byte> missing = _missing.Take(rows * width);
                for (int t = 0; t < rows; t++)
                {
                    one[0] = document[t].Missing;
                    Numbers.Narrow(one, _header.Values, missing.Slice(t * width, width));
                }

            }

            _counts.End();
            _rules.End();
            _tokens.End();
            _values.End();
            _missing.End(isNull: !anyMissing);
            _kappa.End(isNull: !anyKappa);
            _means.Append(mean);
        }

        public ArrayData[] Build() => [_counts.Build(), _tokens.Build(), _values.Build(), _missing.Build(), _kappa.Build(), _rules.Build(), _means.Build().Data];

        public void Clear()
        {
            foreach (StoreList list in Lists)
                list.Clear();
            _means.Clear();
        }
    }
}
