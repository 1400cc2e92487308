namespace PtaKernels.CorpusBench;

/// <summary>A document before any model saw it.</summary>
/// <param name="Id">Kind, file and number in it.</param>
/// <param name="Text">UTF-8.</param>
/// <param name="Tokens">[tokenizers] tokens by each, its end of sequence included.</param>
internal sealed record CorpusDocument(string Id, byte[] Text, int[] Tokens)
{
    /// <summary>Tokens of the target, which is the first tokenizer.</summary>
    public int TargetTokens => Tokens[0];
}
