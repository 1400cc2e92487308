namespace PtaKernels.Corpus.Stores;

/// <summary>Writes a model's documents as a store, one after another: for programs that produce them. Not thread-safe.</summary>
/// <remarks>The store takes its name at <see cref="Commit"/>; without it nothing stays. <c>pta store import</c> does the same from files, on all cores, and goes on where it was stopped.</remarks>
public sealed class TeacherStoreWriter : IDisposable
{
    private const int DocumentsOfBatch = 32;
    private const long TokensOfBatch = 1 << 16;

    private readonly StoreWriter _writer;
    private readonly string _split;
    private StoreEncoder? _open;
    private long _first, _documents;

    /// <summary>Starts a store.</summary>
    /// <param name="path">Its final name.</param>
    /// <param name="replace">Whether one of that name is replaced.</param>
    /// <param name="vocabulary">The model's tokenizer.</param>
    /// <param name="k">Candidates per position, 1..64.</param>
    /// <param name="kind">What the values are.</param>
    /// <param name="program">Name and version of the program, for the manifest.</param>
    /// <param name="options">How rows are kept; null for the defaults.</param>
    /// <param name="split">The split that the documents belong to; empty where there are none.</param>
    /// <exception cref="ArgumentException">k is out of range, or the ids do not fit the encoding.</exception>
    /// <exception cref="AlignmentDataException">The name is taken.</exception>
    public TeacherStoreWriter(string path, bool replace, TokenVocabulary vocabulary, int k, ValueKind kind, string program, StoreOptions? options = null, string split = "")
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        options ??= new StoreOptions();
        options.Require();
        if (k is < 1 or > TopKLogits.MaxK)
            throw new ArgumentException($"k is {k}; it must be 1..{TopKLogits.MaxK}.", nameof(k));
        _split = split;
        var header = new StoreHeader
        {
            Kind = StoreKind.Teacher,
            Tokenizer = StoreTokenizer.Of(vocabulary),
            Ids = TokenIds.For(vocabulary.Count, options.Ids).Encoding,
            Values = options.Values,
            Splits = [split],
            Producer = StoreProducer.Of(program),
            ShardTokens = options.ShardTokens,
            Zstd = options.Zstd,
            K = k,
            ValueKind = kind,
            LabelType = options.Values == NumberType.Float64 ? NumberType.Float64 : NumberType.Float32,
        };
        _writer = StoreWriter.Create(path, replace, [], null, resume: false);
        try
        {
            _writer.Begin(header, [], () => new TeacherBatch(header, []), again: true);
        }
        catch
        {
            _writer.Dispose();
            throw;
        }
    }

    /// <summary>Writes a document.</summary>
    /// <exception cref="AlignmentDataException">It does not fit the store, or the disk is full.</exception>
    public void Write(TokenizedDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        _open ??= _writer.Rent();
        ((TeacherBatch)_open.Batch).Add(document, document.Id);
        _documents++;
        if (_open.Batch.Documents == DocumentsOfBatch || _open.Batch.Tokens >= TokensOfBatch)
            EndBatch();
    }

    /// <summary>Publishes the store.</summary>
    public void Commit()
    {
        EndBatch();
        _writer.Commit();
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose() => _writer.Dispose();

    private void EndBatch()
    {
        if (_open is not { } encoder)
            return;
        encoder.Encode();
        _writer.Append(encoder, _split, _first, _documents - _first, [], null);
        (_open, _first) = (null, _documents);
    }
}
