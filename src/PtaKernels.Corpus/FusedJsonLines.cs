using System.Buffers;
using System.IO.Compression;
using PtaKernels.Alignment;

namespace PtaKernels.Corpus;

/// <summary>Aligned documents as JSON lines.</summary>
/// <remarks>
/// Every line has <c>id</c>, <c>input_ids</c>, <c>per_step_logits</c>, <c>per_step_indices</c> of the target, and its <c>metric_ce</c>, <c>per_step_metric_ce</c>, <c>per_step_lse</c> where given. Output <c>official</c> adds, per source k in listing order,
/// <c>per_step_aligned_logits_k</c>, <c>per_step_aligned_indices_k</c>, <c>metric_ce_aligned_k</c> where known and <c>rules_k</c>. Output <c>probabilities</c> adds
/// <c>fused_indices</c>, <c>fused_probs</c>, <c>fused_missing</c> (the missing mass s of each row), <c>kappa</c> (SPEC A3.2), <c>rules</c> (one letter per row, <see cref="RowProvenance.Letter"/>)
/// and <c>source</c> (its index per row, -1 where none).
/// </remarks>
internal sealed class FusedJsonLines : IDocumentWriter
{
    private readonly AtomicFile _file;
    private readonly Stream _stream;

    /// <summary>Opens an output; a name ending in <c>.gz</c> is compressed.</summary>
    public FusedJsonLines(string path, bool replace)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _file = new AtomicFile(path, replace);
        _stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(_file.Stream, CompressionLevel.Fastest, leaveOpen: true) : _file.Stream;
    }

    /// <inheritdoc/>
    public IOutputBatch OpenBatch() => new Batch(_stream);

    /// <summary>Writes one document.</summary>
    public void Write(TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, FusedDocument fused)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(fused);
        var line = new ArrayBufferWriter<byte>();
        FusedJson.WriteLine(line, target, sources, fused);
        _stream.Write(line.WrittenSpan);
    }

    /// <summary>Publishes the file under its final name.</summary>
    public void Commit()
    {
        if (!ReferenceEquals(_stream, _file.Stream))
            _stream.Dispose(); // writes the end of the gzip stream
        _file.Commit();
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose() => _file.Dispose();

    private sealed class Batch(Stream stream) : IOutputBatch
    {
        private readonly ArrayBufferWriter<byte> _lines = new();

        public void Add(OutputDocument document) => FusedJson.WriteLine(_lines, document.Target, document.Sources, document.Fused);

        public Action End(OutputBatch batch) => () => stream.Write(_lines.WrittenSpan);
    }
}
