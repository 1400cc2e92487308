namespace PtaKernels.Gpu;

/// <summary>The host's part of a chunk of documents (staging, decisions, assembly of results) with the device left out, so that it can be timed anywhere. Not thread-safe.</summary>
/// <remarks>The documents are aligned once in earnest. Replayed chunks hold them several times over; no other call may use the backend meanwhile.</remarks>
internal sealed class ChunkRehearsal
{
    private readonly GpuBackend _backend;
    private readonly VocabularyPair _vocabularies;
    private readonly AlignmentOptions _options;
    private readonly DocumentPair[] _documents;
    private readonly AlignedDocument[] _aligned;
    private readonly Rehearsal _rehearsal = new();

    /// <summary>Aligns the documents, which must all be good and fit one chunk, and keeps what came back from the device.</summary>
    /// <param name="backend">The device, or the emulator.</param>
    /// <param name="documents">Few enough for it.</param>
    /// <param name="vocabularies">Their vocabularies.</param>
    /// <param name="options">One of the presets.</param>
    /// <param name="copies">How often a replayed chunk holds them.</param>
    public ChunkRehearsal(GpuBackend backend, IReadOnlyList<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, int copies)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(documents);
        (_backend, _vocabularies, _options) = (backend, vocabularies, options);
        var once = new AlignedDocument[documents.Count];
        Expected = once;
        // Maps are searched and kernels are compiled now: a recording is of a call that finds them ready.
        backend.AlignBatch([.. documents], vocabularies, options, once, new AlignmentReport());
        Rehearse(() => backend.AlignBatch([.. documents], vocabularies, _options, once, new AlignmentReport()));
        _rehearsal.Replays = true;
        _documents = [.. Enumerable.Repeat(documents, copies).SelectMany(static d => d)];
        _aligned = new AlignedDocument[_documents.Length];
        Tokens = _documents.Sum(static d => (long)d.Target.Length);
    }

    /// <summary>The documents as the device aligns them.</summary>
    public IReadOnlyList<AlignedDocument> Expected { get; }

    /// <summary>The last replay's documents: <see cref="Expected"/> again and again.</summary>
    public IReadOnlyList<AlignedDocument> Aligned => _aligned;

    /// <summary>Target tokens of a replay.</summary>
    public long Tokens { get; }

    /// <summary>One chunk, on the calling thread.</summary>
    /// <param name="report">Receives the seconds of each stage.</param>
    public void Replay(AlignmentReport report) => Rehearse(() => _backend.AlignBatch(_documents, _vocabularies, _options, _aligned, report));

    private void Rehearse(Action call)
    {
        _backend.Device.Rehearsal = _rehearsal;
        int positions = _backend.ChunkPositions;
        _backend.ChunkPositions = int.MaxValue;
        try
        {
            call();
        }
        finally
        {
            _backend.Device.Rehearsal = null;
            _backend.ChunkPositions = positions;
        }
    }
}
