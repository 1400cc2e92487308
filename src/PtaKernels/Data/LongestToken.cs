namespace PtaKernels;

/// <summary>Stands for the encoder of a vocabulary of which only the tokens are known: the longest ordinary token that the text starts with, of several the lowest id. Thread-safe.</summary>
public sealed class LongestToken : IFirstToken
{
    private readonly TokenVocabulary _vocabulary;
    private readonly Lazy<SortedTokens> _sorted;

    /// <summary>Takes a vocabulary; its tokens are sorted when the first text comes.</summary>
    public LongestToken(TokenVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        _vocabulary = vocabulary;
        _sorted = new Lazy<SortedTokens>(() => new SortedTokens(vocabulary));
    }

    /// <inheritdoc/>
    public int? FirstToken(ReadOnlySpan<byte> text)
    {
        SortedTokens sorted = _sorted.Value;
        for (int length = Math.Min(text.Length, _vocabulary.Bytes.Longest); length > 0; length--)
        {
            int place = sorted.FirstNotBefore(text[..length]);
            if (place < sorted.Ids.Length && _vocabulary.Bytes[sorted.Ids[place]].SequenceEqual(text[..length]))
                return sorted.Ids[place];
        }

        return null;
    }
}
