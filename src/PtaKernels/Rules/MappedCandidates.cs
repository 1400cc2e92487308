namespace PtaKernels.Rules;

/// <summary>FuseLLM's candidate list (SPEC B 3b.2): the source row's tokens replaced by mapped target tokens, duplicates dropped. Reused from row to row.</summary>
public sealed class MappedCandidates
{
    private readonly List<int> _tokens = [];
    private readonly List<double> _logits = [];

    /// <summary>Target tokens in the source row's order; the first of duplicates, so the one with the largest logit.</summary>
    public ReadOnlySpan<int> Tokens => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_tokens);

    /// <summary>Their source logits.</summary>
    public ReadOnlySpan<double> Logits => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_logits);

    /// <summary>Collects a row: by equal string when hard, through the map when soft.</summary>
    /// <exception cref="AlignmentDataException">Soft, and the map has no entry for a candidate: the official code ends with a KeyError there.</exception>
    public void Collect(TokenizedDocument document, VocabularyPair vocabularies, int row, bool soft)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(vocabularies);
        _tokens.Clear();
        _logits.Clear();
        ReadOnlySpan<int> candidates = document.Candidates.IndicesOf(row);
        ReadOnlySpan<double> values = document.Candidates.ValuesOf(row);
        for (int c = 0; c < candidates.Length; c++)
        {
            int target = soft ? vocabularies.Official.Map[candidates[c]] : vocabularies.Official.SameString(candidates[c]);
            if (soft && target == VocabularyMap.None)
            {
                throw new AlignmentDataException(document.Id,
                    $"row {row}, column {c}: {vocabularies.Source.Name} token {candidates[c]} (\"{vocabularies.Source.StringOf(candidates[c])}\") is not in the vocabulary map; make the map from the same tokenizers.");
            }

            if (target >= 0 && !_tokens.Contains(target))
            {
                _tokens.Add(target);
                _logits.Add(values[c]);
            }
        }
    }
}
