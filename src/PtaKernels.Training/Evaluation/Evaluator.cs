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
        int[][] tokens = [.. documents.Select(d => StartToken is { } start ? [start, .. d.Tokens] : d.Tokens)];
        (int Document, Continuation Part)[] windows = [.. Enumerable.Range(0, tokens.Length).SelectMany(d => WindowsOf(tokens[d]).Select(part => (d, part)))];
        ContinuationScore[] scores = new ContinuationScorer(model, device) { BatchTokens = BatchTokens }.Score([.. windows.Select(static w => w.Part)], progress, cancellation);
        double[] nats = new double[documents.Count];
        foreach ((int i, ContinuationScore score) in scores.Index())
            nats[windows[i].Document] -= score.LogLikelihood;
        return [.. documents.Select((d, i) => new DocumentScore(d.Id, d.Domain, nats[i], Math.Max(0, tokens[i].Length - 1), d.Bytes ?? BytesOf(d)))];
    }

    private IEnumerable<Continuation> WindowsOf(int[] tokens)
    {
        int scored = 1; // the first token has nothing before it
        while (scored < tokens.Length)
        {
            int start = scored == 1 ? 0 : Math.Max(0, scored - (Length / 2)), end = Math.Min(tokens.Length, start + Length);
            yield return new Continuation(tokens[start..end], scored - start);
            scored = end;
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
}
