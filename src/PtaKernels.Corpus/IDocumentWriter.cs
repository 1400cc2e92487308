using PtaKernels.Alignment;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus;

/// <summary>Aligned documents out. Nothing appears under the final name before <see cref="Commit"/>; what an output keeps of a run that did not come so far, it says.</summary>
/// <remarks>An alignment calls <see cref="Begin"/>; then, for its batches in the documents' order, the actions that <see cref="IOutputBatch.End"/> gave; then <see cref="Commit"/>.</remarks>
public interface IDocumentWriter : IDisposable
{
    /// <summary>Whether <see cref="OutputBatch"/> brings the documents that were set aside; if not, they go to a file beside the output.</summary>
    bool KeepsQuarantine => false;

    /// <summary>The order of the sources that a stopped run has computed, or null.</summary>
    IReadOnlyList<int>? KnownSourceOrder => null;

    /// <summary>What is being written, as <c>shard 3</c>; null where the output has no parts.</summary>
    string? Part => null;

    /// <summary>Starts writing.</summary>
    /// <param name="sourceOrder">Indices of the sources, best first.</param>
    void Begin(IReadOnlyList<int> sourceOrder)
    {
    }

    /// <summary>What is written already from a row of a split on, or null; never the same row twice.</summary>
    StoreShard? WrittenAt(string split, long row) => null;

    /// <summary>The first row from one on with which something begins that is written already; null where there is none.</summary>
    long? NextWritten(string split, long row) => null;

    /// <summary>An empty batch; any thread may ask for one and fill it, while other threads fill others.</summary>
    IOutputBatch OpenBatch();

    /// <summary>Goes behind a part that <see cref="WrittenAt"/> gave; in the documents' order.</summary>
    void Skip(StoreShard part)
    {
    }

    /// <summary>Publishes the output under its final name.</summary>
    void Commit();
}

/// <summary>Documents that follow one another, made ready to be written by one thread while another one writes.</summary>
public interface IOutputBatch
{
    /// <summary>Adds a document, of which nothing need be kept that is not written.</summary>
    /// <exception cref="AlignmentDataException">It does not fit the output.</exception>
    void Add(OutputDocument document);

    /// <summary>Completes the batch.</summary>
    /// <returns>Writes it; called by one thread at a time, in the documents' order.</returns>
    Action End(OutputBatch batch);
}

/// <summary>An aligned document.</summary>
/// <param name="Record">The target's record, from the reader that opened the output.</param>
/// <param name="Target">The target's view.</param>
/// <param name="Sources">Each source's view, in listing order.</param>
/// <param name="Fused">The fused rows.</param>
public sealed record OutputDocument(IDocumentRecord Record, TokenizedDocument Target, IReadOnlyList<TokenizedDocument> Sources, FusedDocument Fused);

/// <summary>What a batch stands for.</summary>
/// <param name="Split">The split.</param>
/// <param name="FirstRow">The first input row.</param>
/// <param name="Rows">Input rows that the batch stands for, those not taken included.</param>
/// <param name="Quarantined">Documents that were set aside, a JSON line each.</param>
/// <param name="Report">Counts of these and of the documents that were added.</param>
public sealed record OutputBatch(string Split, long FirstRow, long Rows, IReadOnlyList<byte[]> Quarantined, AlignmentRunReport Report);

/// <summary>What an alignment asks of its output.</summary>
public sealed record OutputRequest
{
    /// <summary>The final name.</summary>
    public required string Path { get; init; }

    /// <summary>Whether it may exist.</summary>
    public bool Replace { get; init; }

    /// <summary>Whether the output exists and lacks shards, which are made again in place.</summary>
    public bool Repair { get; init; }

    /// <summary>The sources' readers, of the target's kind and splits.</summary>
    public required IReadOnlyList<IDocumentReader> Sources { get; init; }

    /// <summary>All readers, the target's first.</summary>
    public required IReadOnlyList<IDocumentReader> Inputs { get; init; }

    /// <summary>All switches.</summary>
    public required AlignmentOptions Options { get; init; }

    /// <summary>The target's vocabulary.</summary>
    public required TokenVocabulary Target { get; init; }

    /// <summary>The sources' vocabularies, in listing order.</summary>
    public required IReadOnlyList<TokenVocabulary> SourceVocabularies { get; init; }

    /// <summary>What the sources' embeddings are known by, of <see cref="EmbeddingsOf"/>; null where the costs read none.</summary>
    public string? Embeddings { get; init; }

    /// <summary>Program and command line that a store notes.</summary>
    public StoreProducer Producer { get; init; } = StoreProducer.Of("PtaKernels");

    /// <summary>Which documents are taken.</summary>
    public DocumentSelection Selection { get; init; } = new();

    /// <summary>What happens to bad documents.</summary>
    public OnError OnError { get; init; }

    /// <summary>How a store keeps its rows.</summary>
    public StoreOptions Store { get; init; } = new();

    /// <summary>Takes sentences.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Fingerprints of embeddings in the sources' order, as a store's manifest notes them.</summary>
    /// <param name="cost">Where it reads none there is nothing to note.</param>
    /// <param name="embeddings">Each source's.</param>
    public static string? EmbeddingsOf(CandidateCost cost, IEnumerable<TokenEmbeddings?> embeddings) =>
        Rules.SemanticCosts.Reads(cost) ? string.Join(',', embeddings.Select(static e => e?.Fingerprint ?? "none")) : null;
}
