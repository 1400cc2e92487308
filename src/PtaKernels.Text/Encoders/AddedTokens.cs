using System.Text;

namespace PtaKernels.Text;

/// <summary>Tokens that are found in a text before anything else is done: the longest one at the first place where one starts.</summary>
internal sealed class AddedTokens
{
    private readonly PieceTrie _trie;
    private readonly System.Buffers.SearchValues<byte> _first;

    private AddedTokens(IReadOnlyList<(byte[] Text, int Id)> tokens)
    {
        _trie = new PieceTrie(tokens);
        _first = System.Buffers.SearchValues.Create([.. tokens.Select(static t => t.Text[0]).Distinct()]);
    }

    /// <summary>The tokens that are matched; null for none.</summary>
    public static AddedTokens? Of(string file, IEnumerable<(long Id, string Content)> tokens, TokenVocabulary vocabulary)
    {
        Dictionary<string, int> distinct = new(StringComparer.Ordinal);
        foreach ((long id, string content) in tokens)
        {
            if (content.Length == 0)
                throw new AlignmentDataException($"{file}: added token {id} is empty; expected text to find.");
            // What a role made special is ordinary text.
            if (!vocabulary.IsSpecial((int)id))
                distinct[content] = (int)id;
        }

        return distinct.Count == 0 ? null : new AddedTokens([.. distinct.Select(static t => (Encoding.UTF8.GetBytes(t.Key), t.Value))]);
    }

    /// <summary>Length in bytes of the longest token that starts at a place, 0 for none.</summary>
    public int At(ReadOnlySpan<byte> text, int start, out int id) => _trie.LongestPrefix(text[start..], out id);

    /// <summary>Where the next token starts, the end of the text for none.</summary>
    public int Next(ReadOnlySpan<byte> text, int start)
    {
        while (start < text.Length && text[start..].IndexOfAny(_first) is >= 0 and int skip)
        {
            start += skip;
            if (At(text, start, out _) > 0)
                return start;
            start++;
        }

        return text.Length;
    }
}
