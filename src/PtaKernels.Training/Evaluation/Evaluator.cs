using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Scores documents by a model: how many nats its next-token distributions need for them.</summary>
/// <param name="model">The model.</param>
/// <param name="vocabulary">Its tokenizer's tokens.</param>
/// <param name="device">Where the model is.</param>
public sealed class Evaluator(CausalModel model, TokenVocabulary vocabulary, Device device)
{
    /// <summary>Least <see cref="Length"/>: a position before, and one to predict.</summary>
    public const int LeastLength = 2;

    private const int LogitsAtOnce = 1 << 23;

    /// <summary>Positions that the model sees at most; longer documents are scored in windows that overlap by half.</summary>
    public int Length { get; init; } = 2048;

    /// <summary>Positions of a batch, padding included.</summary>
    public int BatchTokens { get; init; } = 4096;

    /// <summary>Put before every document, so that its first token is predicted as well; null where the documents have their own, or to leave it out.</summary>
    public int? StartToken { get; init; }

    /// <summary>Scores all documents, in their order.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="progress">Told the tokens done and their share.</param>
    /// <param name="cancellation">Stops.</param>
    /// <remarks>A document's sum does not depend on the others but for rounding: batches are cut by length. Every token but the first of a document is predicted.</remarks>
    public DocumentScore[] Score(IReadOnlyList<EvaluationDocument> documents, Action<long, double>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentOutOfRangeException.ThrowIfLessThan(Length, LeastLength);
        using var frozen = no_grad();
        int[][] tokens = [.. documents.Select(d => StartToken is { } start ? [start, .. d.Tokens] : d.Tokens)];
        Window[] windows = [.. Enumerable.Range(0, tokens.Length).SelectMany(d => WindowsOf(d, tokens[d].Length)).OrderBy(static w => w.Length)];
        double[] nats = new double[documents.Count];
        long total = windows.Sum(static w => (long)w.Length), done = 0;
        for (int first = 0; first < windows.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = 1;
            while (first + count < windows.Length && windows[first + count].Length * (count + 1L) <= BatchTokens)
                count++;
            Span<Window> batch = windows.AsSpan(first, count);
            ScoreBatch(batch, tokens, nats);
            foreach (Window window in batch)
                done += window.Length;
            progress?.Invoke(done, (double)done / total);
            first += count;
        }

        return [.. documents.Select((d, i) => new DocumentScore(d.Id, d.Domain, nats[i], Math.Max(0, tokens[i].Length - 1), BytesOf(d)))];
    }

    private IEnumerable<Window> WindowsOf(int document, int length)
    {
        int scored = 1; // the first token has nothing before it
        while (scored < length)
        {
            int start = scored == 1 ? 0 : Math.Max(0, scored - (Length / 2)), end = Math.Min(length, start + Length);
            yield return new Window(document, start, end, scored);
            scored = end;
        }
    }

    private void ScoreBatch(ReadOnlySpan<Window> batch, int[][] tokens, double[] nats)
    {
        using var scope = NewDisposeScope();
        int length = batch[^1].Length, width = model.Config.Width;
        long[] ids = new long[batch.Length * length];
        for (int b = 0; b < batch.Length; b++)
        {
            for (int t = 0; t < batch[b].Length; t++)
                ids[(b * length) + t] = tokens[batch[b].Document][batch[b].Start + t];
        }

        using AttentionPattern attention = AttentionPattern.Causal(batch.Length, length, device);
        Tensor hidden = model.Hidden(tensor(ids, [batch.Length, length]).to(device), attention);
        Tensor head = model.Weights[model.HeadName];
        int rows = Math.Max(1, LogitsAtOnce / model.Config.Vocabulary);
        for (int b = 0; b < batch.Length; b++)
        {
            Window window = batch[b];
            // Row t predicts token t + 1.
            int from = window.Scored - window.Start - 1, until = window.Length - 1;
            for (int row = from; row < until; row += rows)
            {
                using var part = NewDisposeScope();
                int count = Math.Min(rows, until - row);
                Tensor labels = tensor(ids.AsSpan((b * length) + row + 1, count).ToArray(), [count, 1]).to(device);
                Tensor logits = hidden.narrow(0, b, 1).view(length, width).narrow(0, row, count).matmul(head.t()).to(ScalarType.Float32);
                Tensor own = logits.gather(1, labels).squeeze(1);
                nats[window.Document] += (logits.logsumexp(1) - own).sum(ScalarType.Float64).item<double>();
            }
        }
    }

    private int BytesOf(EvaluationDocument document)
    {
        int bytes = 0;
        bool atStart = true;
        for (int t = 0; t < document.Tokens.Length; t++)
        {
            ReadOnlySpan<byte> text = vocabulary.IsSpecial(document.Tokens[t]) ? [] : vocabulary.Bytes[document.Tokens[t]];
            int length = text.Length;
            if (length > 0 && atStart && vocabulary.AddsDummyPrefix && text[0] == ' ')
                length--; // the encoder's own space
            atStart &= text.IsEmpty;
            if (t > 0 || StartToken is not null)
                bytes += length;
        }

        return bytes;
    }

    private readonly record struct Window(int Document, int Start, int End, int Scored)
    {
        public int Length => End - Start;
    }
}
