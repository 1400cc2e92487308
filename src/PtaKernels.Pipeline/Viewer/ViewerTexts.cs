namespace PtaKernels.Pipeline;

/// <summary>The texts of a document's tokens, each once. Target tokens keep an entry each, even where two look the same: a text's index names the token.</summary>
internal sealed class ViewerTexts
{
    private readonly List<string> _all = [];
    private readonly Dictionary<string, int> _texts = [];
    private readonly Dictionary<int, int> _targets = [];

    /// <summary>The texts by index.</summary>
    public string[] All => [.. _all];

    /// <summary>The index of a text that stands for no target token.</summary>
    public int OfText(string text) => IndexOf(_texts, text, text);

    /// <summary>The index of a target token.</summary>
    public int OfTarget(int token, TokenVocabulary vocabulary) => _targets.TryGetValue(token, out int at) ? at : IndexOf(_targets, token, VisibleText.Of(vocabulary, token));

    private int IndexOf<TKey>(Dictionary<TKey, int> indices, TKey key, string text)
        where TKey : notnull
    {
        if (!indices.TryGetValue(key, out int at))
        {
            indices[key] = at = _all.Count;
            _all.Add(text);
        }

        return at;
    }
}
