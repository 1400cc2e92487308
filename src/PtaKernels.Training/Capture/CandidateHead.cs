using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Output matrix and what is kept of its logits in one: hidden states in; top-k logits, log-sum-exp and label cross-entropy out.</summary>
/// <remarks>
/// Only ids with a token take part: rows of a padded vocabulary and holes are left out before the top k and out of the log-sum-exp. Logits are float32 (a product in
/// bfloat16 is widened), exponentials float32, their sums float64. The k largest come by value descending, equal values by id ascending, also across the border of
/// the k: where the value there stands outside as well, the row is looked at once more. Rows are taken in chunks, so that memory is bounded.
/// </remarks>
internal sealed class CandidateHead : IDisposable
{
    /// <summary>Bytes of a chunk's logits.</summary>
    private const long ChunkBytes = 16 << 20;

    private readonly Tensor _head; // [width, ids]
    private readonly int[]? _ids; // of its columns, ascending; null = their own numbers
    private readonly int _columns;
    private readonly long _chunkBytes;

    /// <summary>Takes a model's output matrix.</summary>
    /// <param name="model">The model, which must outlive this.</param>
    /// <param name="vocabulary">Its tokenizer's tokens, at most as many as the model has rows.</param>
    /// <param name="k">Candidates per row.</param>
    /// <param name="temperature">Divides every logit, over 0.</param>
    /// <param name="chunkBytes">Bytes of a chunk's logits; for tests.</param>
    /// <exception cref="ArgumentException">There are fewer tokens than candidates.</exception>
    public CandidateHead(CausalModel model, TokenVocabulary vocabulary, int k, double temperature = 1, long chunkBytes = ChunkBytes)
    {
        (K, _chunkBytes) = (k, chunkBytes);
        int[] ids = [.. Enumerable.Range(0, vocabulary.Count).Where(vocabulary.HasToken)];
        _columns = ids.Length;
        if (k > _columns)
            throw new ArgumentException($"--top-k {k} is more than the {_columns} tokens of {vocabulary.Name}; give a smaller one.");
        _ids = _columns == vocabulary.Count ? null : ids;
        using var scope = NewDisposeScope();
        Tensor head = model.Weights[model.HeadName];
        Tensor chosen = _ids is null ? head.narrow(0, 0, _columns) : head.index_select(0, tensor(Array.ConvertAll(ids, static i => (long)i)).to(head.device));
        // Dividing the matrix once divides all logits; at 1 it stays the model's own memory.
        _head = (temperature == 1 ? chosen : chosen / temperature).t().DetachFromDisposeScope();
    }

    /// <summary>Candidates per row.</summary>
    public int K { get; }

    /// <summary>What is kept of some rows.</summary>
    /// <param name="hidden">[rows, width], of the model's type.</param>
    /// <param name="labels">[rows] the next token, or -1.</param>
    public CapturedRows Take(Tensor hidden, ReadOnlySpan<int> labels)
    {
        using var quiet = no_grad();
        var rows = new CapturedRows(labels.Length, K);
        int step = (int)Math.Clamp(_chunkBytes / (sizeof(float) * (long)_columns), 1, 1 << 20);
        for (int start = 0; start < labels.Length; start += step)
        {
            using var scope = NewDisposeScope();
            int count = Math.Min(step, labels.Length - start);
            Tensor logits = hidden.narrow(0, start, count).matmul(_head).to(ScalarType.Float32);
            TakeChunk(logits, labels.Slice(start, count), rows, start);
        }

        return rows;
    }

    /// <inheritdoc/>
    public void Dispose() => _head.Dispose();

    private void TakeChunk(Tensor logits, ReadOnlySpan<int> labels, CapturedRows rows, int start)
    {
        int count = labels.Length, wide = Math.Min(K + 1, _columns);
        (Tensor best, Tensor columns) = logits.topk(wide, 1, largest: true, sorted: true);
        long[] places = new long[count];
        for (int r = 0; r < count; r++)
            places[r] = labels[r] < 0 ? 0 : ColumnOf(labels[r]);
        float[] own = Numbers(logits.gather(1, tensor(places, [count, 1]).to(logits.device))), values = Numbers(best);
        long[] indices = columns.cpu().data<long>().ToArray();
        List<long> tied = [];
        for (int r = 0; r < count; r++)
        {
            for (int j = 0; j < K; j++)
                rows.Set(start + r, j, IdOf(indices[(r * wide) + j]), values[(r * wide) + j]);
            if (wide > K && values[(r * wide) + K] == values[(r * wide) + K - 1])
                tied.Add(r);
        }

        if (tied.Count > 0)
            ResolveTies(logits, [.. tied], values, wide, rows, start);
        Tensor largest = best.narrow(1, 0, 1);
        // In place: the logits are not needed any more.
        double[] sums = logits.sub_(largest).exp_().sum(1, type: ScalarType.Float64).cpu().data<double>().ToArray();
        for (int r = 0; r < count; r++)
            rows.Finish(start + r, values[r * wide] + Math.Log(sums[r]), labels[r] < 0 ? null : own[r]);
    }

    /// <summary>Rows whose k-th value stands more than once takes the smallest ids that have it.</summary>
    private void ResolveTies(Tensor logits, long[] tied, float[] values, int wide, CapturedRows rows, int start)
    {
        float[] border = new float[tied.Length];
        for (int i = 0; i < tied.Length; i++)
            border[i] = values[(tied[i] * wide) + K - 1];
        Tensor some = logits.index_select(0, tensor(tied).to(logits.device)), least = tensor(border, [tied.Length, 1]).to(logits.device);
        Tensor above = some.gt(least), equal = some.eq(least);
        Tensor room = K - above.sum(1, true, ScalarType.Int64);
        Tensor kept = above.logical_or(equal.logical_and(equal.cumsum(1).le(room)));
        long[] columns = kept.nonzero().select(1, 1).cpu().data<long>().ToArray(); // row by row, ascending: K of each
        float[] chosen = Numbers(some.masked_select(kept));
        for (int i = 0; i < columns.Length; i++)
            rows.Set(start + (int)tied[i / K], i % K, IdOf(columns[i]), chosen[i]);
    }

    private static float[] Numbers(Tensor tensor) => tensor.cpu().contiguous().data<float>().ToArray();

    private int IdOf(long column) => _ids is null ? (int)column : _ids[column];

    private int ColumnOf(int id) => _ids is null ? id : Array.BinarySearch(_ids, id);
}
