namespace PtaKernels.Corpus.Stores;

/// <summary>Aligned documents as a store: fused rows with a byte of provenance each, beside the target's tokens. The target's own candidates stay in its own store.</summary>
internal sealed class AlignedStoreWriter : IDocumentWriter
{
    private readonly StoreWriter _writer;
    private readonly OutputRequest _request;
    private readonly IReadOnlyList<string> _splits;
    private StoreHeader? _header;

    private AlignedStoreWriter(StoreWriter writer, OutputRequest request, IReadOnlyList<string> splits) => (_writer, _request, _splits) = (writer, request, splits);

    /// <inheritdoc/>
    public bool KeepsQuarantine => true;

    /// <inheritdoc/>
    public string? Part => _writer.Part;

    /// <inheritdoc/>
    public IReadOnlyList<int>? KnownSourceOrder =>
        _writer.Former is { SourceOrder: { } order } former && former.Producer.Inputs.SequenceEqual(InputsOf(_request)) && order.Count == _request.Sources.Count ? order : null;

    /// <summary>Opens a store, new, left by a stopped run, or to repair.</summary>
    /// <exception cref="AlignmentDataException">The name is taken, or the store cannot hold such rows.</exception>
    public static AlignedStoreWriter Open(OutputRequest request, IReadOnlyList<string> splits)
    {
        request.Store.Require();
        if (request.Sources.Count > Provenance.MaxSources)
            throw new AlignmentDataException($"{request.Path}: a store tells at most {Provenance.MaxSources} sources apart, and there are {request.Sources.Count}; align in several runs, or into JSON lines.");
        _ = TokenIds.For(request.Target.Count, request.Store.Ids);
        return new AlignedStoreWriter(StoreWriter.Open(request.Path, request.Repair, request.Replace, request.Inputs, request.Notice, takeOver: request.Selection.Part.Count > 1), request, splits);
    }

    /// <inheritdoc/>
    public void Begin(IReadOnlyList<int> sourceOrder)
    {
        _header = HeaderOf(_request, _splits, sourceOrder);
        _writer.Begin(_header, [], () => new AlignedBatch(_header), again: _request.Replace);
    }

    /// <summary>The option of a manifest that says what embeddings the rows were aligned with.</summary>
    public const string EmbeddingsKey = "embeddings";

    /// <summary>What holds for all shards of such an output.</summary>
    /// <param name="request">What the alignment asks.</param>
    /// <param name="splits">The target's splits.</param>
    /// <param name="sourceOrder">Indices of the sources, best first.</param>
    public static StoreHeader HeaderOf(OutputRequest request, IReadOnlyList<string> splits, IReadOnlyList<int> sourceOrder)
    {
        AlignmentOptions options = request.Options;
        return new StoreHeader
        {
            Kind = StoreKind.Aligned,
            Tokenizer = StoreTokenizer.Of(request.Target),
            Ids = TokenIds.For(request.Target.Count, request.Store.Ids).Encoding,
            Values = request.Store.Values,
            Splits = splits,
            ShardTokens = request.Store.ShardTokens,
            Zstd = request.Store.Zstd,
            Producer = request.Producer with
            {
                Options = new Dictionary<string, string>(
                [
                    .. AlignmentSwitches.All.Select(s => KeyValuePair.Create(s.Name, s.Get(options))), .. request.Selection.Described(),
                    KeyValuePair.Create("on-error", AlignmentSwitches.Kebab(request.OnError.ToString())),
                    .. request.Embeddings is { } embeddings ? [KeyValuePair.Create(EmbeddingsKey, embeddings)] : (KeyValuePair<string, string>[])[],
                ]),
                Inputs = InputsOf(request),
            },
            Sources = [.. request.SourceVocabularies.Select(StoreTokenizer.Of)],
            SourceOrder = sourceOrder,
            Unit = options.Output,
        };
    }

    /// <inheritdoc/>
    public StoreShard? WrittenAt(string split, long row) => _writer.WrittenAt(split, row);

    /// <inheritdoc/>
    public long? NextWritten(string split, long row) => _writer.NextWritten(split, row);

    /// <inheritdoc/>
    public IOutputBatch OpenBatch() => new Batch(_writer);

    /// <inheritdoc/>
    public void Skip(StoreShard part) => _writer.Skip(part);

    /// <inheritdoc/>
    public void Commit() => _writer.Commit();

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    private sealed class Batch(StoreWriter writer) : IOutputBatch
    {
        private readonly StoreEncoder _encoder = writer.Rent();

        public void Add(OutputDocument document) => ((AlignedBatch)_encoder.Batch).Add(document);

        public Action End(OutputBatch batch)
        {
            _encoder.Encode();
            return () => writer.Append(_encoder, batch.Split, batch.FirstRow, batch.Rows, batch.Quarantined, batch.Report);
        }
    }

    private static StoreInput[] InputsOf(OutputRequest request) => [.. request.Inputs.Select(static i => new StoreInput(i.Path, i.Identity))];
}
