namespace PtaKernels.Training;

/// <summary>How well a model predicts one document.</summary>
/// <param name="Id">Its name, the same for every tokenizer.</param>
/// <param name="Domain">What it is counted under; empty where nothing was said.</param>
/// <param name="Nats">Sum of - ln p over the predicted tokens.</param>
/// <param name="Tokens">Predicted tokens.</param>
/// <param name="Bytes">UTF-8 bytes that the predicted tokens stand for.</param>
public readonly record struct DocumentScore(string Id, string Domain, double Nats, int Tokens, int Bytes);

/// <summary>Sums over documents.</summary>
/// <param name="Documents">How many.</param>
/// <param name="Nats">Sum of - ln p.</param>
/// <param name="Tokens">Predicted tokens.</param>
/// <param name="Bytes">UTF-8 bytes that they stand for.</param>
public readonly record struct DomainScore(int Documents, double Nats, long Tokens, long Bytes)
{
    /// <summary>Bits per UTF-8 byte: comparable across tokenizers.</summary>
    public double BitsPerByte => Nats / Math.Log(2) / Bytes;

    /// <summary>exp of the mean nats per token: comparable only where the tokenizer is the same.</summary>
    public double Perplexity => Math.Exp(Nats / Tokens);

    /// <summary>Sums a set of documents.</summary>
    public static DomainScore Of(IReadOnlyCollection<DocumentScore> documents) =>
        new(documents.Count, documents.Sum(static d => d.Nats), documents.Sum(static d => (long)d.Tokens), documents.Sum(static d => (long)d.Bytes));
}
