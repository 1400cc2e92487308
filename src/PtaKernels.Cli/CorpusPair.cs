using PtaKernels.Alignment;
using PtaKernels.Corpus;

namespace PtaKernels.Cli;

/// <summary>The corpus of a co-occurrence refinement: the same documents as two models saw them.</summary>
internal sealed class CorpusPair(IDocumentReader source, IDocumentReader target)
{
    /// <summary>The official code counts this split only; the training split is too large.</summary>
    private const string CountedSplit = "validation";

    /// <summary>The pair that two options name, or null when neither is given.</summary>
    /// <exception cref="ArgumentException">One is missing, or the map compares texts, which the official mode does not.</exception>
    public static CorpusPair? Of(string? source, string? target, bool texts)
    {
        if (source is null && target is null)
            return null;
        if (source is null || target is null)
            throw new ArgumentException("--corpus-source and --corpus-target belong together: give the same documents as both models saw them.");
        if (texts)
            throw new ArgumentException("co-occurrence refines the official map: use --rule strings.");
        return new CorpusPair(DocumentFiles.Open(source), DocumentFiles.Open(target));
    }

    /// <summary>The refined map and the number of tokens it changed.</summary>
    public (VocabularyMap Map, int Changed) Refine(IKernelBackend backend, VocabularyPair pair, int window, CancellationToken cancellation)
    {
        if (window < 1)
            throw new ArgumentException($"--window-size {window} must be at least 1.");
        var refinement = new CooccurrenceRefinement(backend, pair, window);
        foreach ((TokenizedDocument fromSource, TokenizedDocument fromTarget) in Documents(source).Zip(Documents(target)))
        {
            cancellation.ThrowIfCancellationRequested();
            if (fromSource.Id != fromTarget.Id)
                throw new AlignmentDataException($"{source.Path}: document {fromSource.Id}, but {target.Path} has {fromTarget.Id} there; give the same documents in the same order.");
            refinement.Count(fromSource.Ids, fromTarget.Ids);
        }

        IReadOnlyList<(int SourceToken, int Before, int After)> changes = refinement.Refine();
        return (pair.Official.Map.Replacing(changes.Select(static c => (c.SourceToken, c.After))), changes.Count);
    }

    private static IEnumerable<TokenizedDocument> Documents(IDocumentReader reader)
    {
        IEnumerable<string> splits = reader.Splits.Contains(CountedSplit) ? [CountedSplit] : reader.Splits;
        return splits.SelectMany(split => reader.Read(split)).Select(static record => record.Parse());
    }
}
