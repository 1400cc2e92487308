using Apache.Arrow;
using Apache.Arrow.Ipc;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Serving;

/// <summary>Aligned documents, or what is wrong with them, as a stream of answers; flushed after each record batch.</summary>
internal sealed class AnswerWriter : IDisposable
{
    private const int BufferBytes = 1 << 16;

    private readonly BufferedStream _output;
    private readonly ArrowStreamWriter _writer;
    private readonly Schema _schema;
    private readonly Dictionary<string, StoreList> _columns;

    /// <summary>Writes the schema.</summary>
    /// <param name="output">Where to; it is not closed.</param>
    /// <param name="schema">Of <see cref="ServingProtocol.AnswersOf"/>.</param>
    public AnswerWriter(Stream output, Schema schema)
    {
        _schema = schema;
        _columns = schema.FieldsList.ToDictionary(static f => f.Name, static f => new StoreList(f.Name, f.DataType), StringComparer.Ordinal);
        _output = new BufferedStream(output, BufferBytes);
        _writer = new ArrowStreamWriter(_output, schema, leaveOpen: true);
        _writer.WriteStart();
        _output.Flush();
    }

    /// <summary>Answers a batch of requests.</summary>
    public void Write(IReadOnlyList<Answer> answers)
    {
        foreach (StoreList column in _columns.Values)
            column.Clear();
        foreach (Answer answer in answers)
            Add(answer);
        using var batch = new RecordBatch(_schema, _schema.FieldsList.Select(f => ArrowArrayFactory.BuildArray(_columns[f.Name].Build())), answers.Count);
        _writer.WriteRecordBatch(batch);
        _output.Flush();
    }

    /// <summary>Ends the stream.</summary>
    public void End()
    {
        _writer.WriteEnd();
        _output.Flush();
    }

    /// <summary>Leaves what was not flushed unwritten.</summary>
    public void Dispose() => _writer.Dispose();

    private void Add(in Answer answer)
    {
        StoreList error = _columns[ServingProtocol.Error];
        if (answer.Aligned is not { } aligned)
        {
            foreach (StoreList column in _columns.Values)
                column.Begin();
            byte[] sentence = System.Text.Encoding.UTF8.GetBytes(answer.Error!);
            sentence.CopyTo(error.Take(sentence.Length));
            foreach (StoreList column in _columns.Values)
                column.End(isNull: column != error);
            return;
        }

        error.Begin();
        error.End(isNull: true);
        Add(ServingProtocol.Starts, aligned.Starts);
        Add(ServingProtocol.Tokens, aligned.Indices);
        Add(ServingProtocol.Fused, aligned.Values);
        AddRows(ServingProtocol.Rule, aligned, static r => (byte)r.Rule);
        AddRows(ServingProtocol.SourceRow, aligned, static r => r.SourceRow);
        AddRows(ServingProtocol.Missing, aligned, static r => r.Missing);
        AddRows(ServingProtocol.Kappa, aligned, static r => r.Kappa);
        AddRows(ServingProtocol.Signal, aligned, static r => r.SignalKept);
        AddRows(ServingProtocol.Transport, aligned, static r => r.Transport is { } outcome ? (sbyte)outcome.Status : (sbyte)-1);
        AddRows(ServingProtocol.Iterations, aligned, static r => r.Transport?.Iterations ?? 0);
        AddRows(ServingProtocol.MarginalError, aligned, static r => r.Transport?.MarginalError ?? 0);
        Add<long>(ServingProtocol.Counts, [answer.Repaired ? 1 : 0, answer.Ties]);
        Add<double>(ServingProtocol.Seconds, answer.Seconds);
    }

    private void Add<T>(string name, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        StoreList column = _columns[name];
        column.Begin();
        values.CopyTo(column.Take<T>(values.Length));
        column.End();
    }

    private void AddRows<T>(string name, AlignedDocument aligned, Func<RowProvenance, T> value)
        where T : unmanaged
    {
        StoreList column = _columns[name];
        column.Begin();
        Span<T> values = column.Take<T>(aligned.Rows);
        for (int t = 0; t < values.Length; t++)
            values[t] = value(aligned[t]);
        column.End();
    }
}

/// <summary>What became of one document.</summary>
/// <param name="Aligned">Its rows, or null where it is bad input.</param>
/// <param name="Error">What is wrong with it then.</param>
/// <param name="Repaired">Its decoded texts differed and were byte-aligned first.</param>
/// <param name="Ties">Choices that only the tie rule decided.</param>
/// <param name="Seconds">[5] by stage.</param>
internal readonly record struct Answer(AlignedDocument? Aligned, string? Error, bool Repaired = false, long Ties = 0, double[]? Seconds = null);
