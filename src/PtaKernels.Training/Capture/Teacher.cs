using System.Globalization;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>A model that gives its distributions: documents in batches of like length, what is kept of each in their own order.</summary>
internal sealed class Teacher : IDisposable
{
    private readonly CausalModel _model;
    private readonly CandidateHead _head;
    private readonly Device _device;
    private readonly int _batchTokens;

    /// <summary>Takes a model, which it owns from now on.</summary>
    /// <param name="model">The model.</param>
    /// <param name="vocabulary">Its tokenizer's tokens.</param>
    /// <param name="k">Candidates per row.</param>
    /// <param name="device">Where the model is.</param>
    /// <param name="batchTokens">Positions of a batch, padding included.</param>
    /// <param name="temperature">Divides every logit, over 0.</param>
    public Teacher(CausalModel model, TokenVocabulary vocabulary, int k, Device device, int batchTokens, double temperature = 1)
    {
        (_model, _device, _batchTokens) = (model, device, batchTokens);
        _head = new CandidateHead(model, vocabulary, k, temperature);
    }

    /// <summary>Runs the model over a window.</summary>
    /// <param name="window">The documents.</param>
    /// <param name="progress">Told the tokens of each batch.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>For each document, in order, where its rows are.</returns>
    /// <exception cref="AlignmentDataException">A logit is NaN or +Infinity, or all of a row are -Infinity.</exception>
    public (CapturedRows Rows, int First)[] Run(CaptureWindow window, Action<int>? progress, CancellationToken cancellation)
    {
        using var quiet = no_grad();
        IReadOnlyList<CaptureDocument> documents = window.Documents;
        var results = new (CapturedRows Rows, int First)[documents.Count];
        int[] order = [.. Enumerable.Range(0, documents.Count).OrderBy(d => documents[d].Length)]; // stable
        for (int first = 0; first < order.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = 1;
            while (first + count < order.Length && documents[order[first + count]].Length * (count + 1L) <= _batchTokens)
                count++;
            ReadOnlySpan<int> batch = order.AsSpan(first, count);
            CapturedRows rows = Run(documents, batch);
            int start = 0;
            foreach (int d in batch)
            {
                Require(documents[d], rows, start);
                results[d] = (rows, start);
                start += documents[d].Length;
            }

            progress?.Invoke(start);
            first += count;
        }

        return results;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _head.Dispose();
        _model.Dispose();
    }

    /// <summary>A batch's rows, document after document without padding.</summary>
    private CapturedRows Run(IReadOnlyList<CaptureDocument> documents, ReadOnlySpan<int> batch)
    {
        using var scope = NewDisposeScope();
        int length = documents[batch[^1]].Length, total = 0;
        foreach (int d in batch)
            total += documents[d].Length;
        long[] ids = new long[batch.Length * length], places = new long[total];
        int[] labels = new int[total];
        for (int b = 0, row = 0; b < batch.Length; b++)
        {
            int[] tokens = documents[batch[b]].Tokens.Ids;
            for (int t = 0; t < tokens.Length; t++, row++)
            {
                ids[(b * length) + t] = tokens[t];
                places[row] = (b * length) + t;
                labels[row] = t + 1 < tokens.Length ? tokens[t + 1] : -1;
            }
        }

        using AttentionPattern attention = AttentionPattern.Causal(batch.Length, length, _device);
        Tensor hidden = _model.Hidden(tensor(ids, [batch.Length, length]).to(_device), attention).view(-1, _model.Config.Width);
        return _head.Take(total == ids.Length ? hidden : hidden.index_select(0, tensor(places).to(_device)), labels);
    }

    private void Require(CaptureDocument document, CapturedRows rows, int first)
    {
        int bad = Array.FindIndex(rows.LogSumExp, first, document.Length, static v => !double.IsFinite(v));
        if (bad < 0)
            return;
        float largest = rows.Logits[bad * _head.K];
        string what = float.IsNegativeInfinity(largest) ? "every logit is -Infinity" : $"the logit of id {rows.Ids[bad * _head.K]} is {largest.ToString(CultureInfo.InvariantCulture)}";
        throw new AlignmentDataException(
            $"{document.Text.Where}: document {document.Text.Id}, row {bad - first}: {what}; use --compute float32 if it was bfloat16, else the checkpoint is damaged.");
    }
}
