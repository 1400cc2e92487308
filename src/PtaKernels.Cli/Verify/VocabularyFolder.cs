using System.Collections.Concurrent;
using PtaKernels.Text;

namespace PtaKernels.Cli.Verify;

/// <summary>The vocabularies of a folder, <c>NAME.json</c> or <c>NAME.json.gz</c>, read when first asked for.</summary>
internal sealed class VocabularyFolder(string folder)
{
    private readonly ConcurrentDictionary<string, Lazy<TokenVocabulary?>> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string, string), Lazy<VocabularyPair?>> _pairs = new();

    public string Folder => folder;

    /// <summary>A vocabulary, or null when the folder does not have it.</summary>
    public TokenVocabulary? Find(string name) => _known.GetOrAdd(name, n => new Lazy<TokenVocabulary?>(() =>
    {
        string[] paths = [Path.Combine(folder, n + ".json.gz"), Path.Combine(folder, n + ".json")];
        return paths.FirstOrDefault(File.Exists) is { } path ? VocabularyFile.Read(path) : null;
    })).Value;

    /// <summary>A pair with its nearest tokens searched on demand, or null when a vocabulary is missing.</summary>
    public VocabularyPair? FindPair(string source, string target) => _pairs.GetOrAdd((source, target), names => new Lazy<VocabularyPair?>(() =>
        Find(names.Item1) is { } s && Find(names.Item2) is { } t ? VocabularyPair.OfTokens(s, t) : null)).Value;
}
