using System.Text.Json;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.CorpusBench;

/// <summary>Where one model's documents go. Nothing stands under the final name before <see cref="Commit"/>.</summary>
internal interface ITeacherSink : IDisposable
{
    /// <summary>Writes the next document.</summary>
    void Write(TokenizedDocument document);

    /// <summary>Publishes what was written.</summary>
    void Commit();
}

/// <summary>A teacher store.</summary>
internal sealed class StoreSink(string path, TokenVocabulary vocabulary) : ITeacherSink
{
    private readonly TeacherStoreWriter _store = new(path, replace: true, vocabulary, TeacherModel.K, ValueKind.RawLogit, "pta-corpus");

    /// <inheritdoc/>
    public void Write(TokenizedDocument document) => _store.Write(document);

    /// <inheritdoc/>
    public void Commit() => _store.Commit();

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();
}

/// <summary>JSON lines, for corpora small enough to look at.</summary>
internal sealed class JsonLinesSink(string path) : ITeacherSink
{
    private readonly AtomicFile _file = new(path, replace: true);

    /// <inheritdoc/>
    public void Write(TokenizedDocument document)
    {
        JsonSerializer.Serialize(_file.Stream, new
        {
            id = document.Id,
            input_ids = document.Ids,
            per_step_indices = Enumerable.Range(0, document.Length).Select(t => document.Candidates.IndicesOf(t).ToArray()),
            per_step_logits = Enumerable.Range(0, document.Length).Select(t => document.Candidates.ValuesOf(t).ToArray()),
            per_step_lse = document.LogSumExp,
            per_step_metric_ce = document.LabelCrossEntropy,
            byte_offsets = document.Spans!.Select(static s => new[] { s.Start, s.End }),
        });
        _file.Stream.WriteByte((byte)'\n');
    }

    /// <inheritdoc/>
    public void Commit() => _file.Commit();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}

/// <summary>Nowhere: how fast documents are made.</summary>
internal sealed class NoSink : ITeacherSink
{
    /// <inheritdoc/>
    public void Write(TokenizedDocument document)
    {
    }

    /// <inheritdoc/>
    public void Commit()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
