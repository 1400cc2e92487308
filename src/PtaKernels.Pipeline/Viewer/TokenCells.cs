using PtaKernels.Rules;

namespace PtaKernels.Pipeline;

/// <summary>Which source tokens stand below a target token where both token lines are written one under the other.</summary>
internal static class TokenCells
{
    /// <summary>
    /// [target tokens] how many source tokens stand below each: those that end no later in the text than it does, in order. Tokens without text wait for one of
    /// the other side at the same place; the last target token takes what is left. Where the two texts do not meet, tokens are spread evenly.
    /// </summary>
    public static int[] Of(DocumentPair pair, VocabularyPair vocabularies)
    {
        DocumentSpans source = DocumentSpans.Of(pair.Source, vocabularies.Source), target = DocumentSpans.Of(pair.Target, vocabularies.Target);
        Func<int, int> boundary;
        try
        {
            boundary = BoundaryMap.Between(pair.Target.Id, source, target).SourceBoundary;
        }
        catch (AlignmentDataException)
        {
            // Rules that go by strings align such documents all the same.
            return [.. Enumerable.Range(0, target.Length).Select(i => ((i + 1) * source.Length / target.Length) - (i * source.Length / target.Length))];
        }

        int[] cells = new int[target.Length];
        int next = 0;
        for (int i = 0; i < cells.Length; i++)
        {
            int end = boundary(target[i].End);
            bool bare = IsBare(target[i]), bareFollows = i + 1 < cells.Length && IsBare(target[i + 1]);
            for (; next < source.Length && source[next].End <= end; next++)
            {
                if (IsBare(source[next]) && !bare && bareFollows && source[next].End == end)
                    break;
                cells[i]++;
            }
        }

        if (cells.Length > 0)
            cells[^1] += source.Length - next;
        return cells;
    }

    private static bool IsBare((int Start, int End) span) => span.Start == span.End;
}
