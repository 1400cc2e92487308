namespace PtaKernels.Pipeline;

/// <summary>
/// The texts of a document's tokens, each once. Target tokens keep an entry each, so that a text's index names the token; of those that look the same, as bytes
/// and characters can, all but the first that came bear their ids.
/// </summary>
internal sealed class ViewerTexts
{
    private readonly List<string> _all = [];
    private readonly Dictionary<string, int> _texts = [];
    private readonly Dictionary<int, int> _targets = [];
    private readonly HashSet<string> _targetTexts = [];

    /// <summary>The texts by index.</summary>
    public string[] All => [.. _all];

    /// <summary>The index of a text that stands for no target token.</summary>
    public int OfText(string text) => IndexOf(_texts, text, text);

    /// <summary>The index of a target token.</summary>
    public int OfTarget(int token, TokenVocabulary vocabulary)
    {
        if (_targets.TryGetValue(token, out int at))
            return at;
        string text = VisibleText.Of(vocabulary, token);
        return IndexOf(_targets, token, _targetTexts.Add(text) ? text : $"{text} #{token}");
    }

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
