namespace PtaKernels.Training;

/// <summary>A token near another one.</summary>
/// <param name="Token">Its id.</param>
/// <param name="Cosine">Of both vectors, before rounding about 0.005 to either side.</param>
internal readonly record struct Neighbour(int Token, double Cosine);

/// <summary>Which target tokens lie nearest to a source token: what a reader judges a map by.</summary>
internal static class TokenNeighbours
{
    /// <summary>Fewest letters of a token that says something to a reader.</summary>
    private const int Letters = 3;

    /// <summary>The nearest target tokens with a vector, nearest first; of equals the lower id.</summary>
    public static Neighbour[] Of(TokenEmbeddings embeddings, int source, int count)
    {
        ReadOnlySpan<sbyte> theirs = embeddings.OfSource(source);
        var nearest = new PriorityQueue<int, (int Dot, int Id)>();
        for (int token = 0; token < embeddings.TargetKnown.Length; token++)
        {
            if (!embeddings.TargetKnown[token])
                continue;
            nearest.Enqueue(token, (Dot(theirs, embeddings.OfTarget(token)), -token));
            if (nearest.Count > count)
                nearest.Dequeue();
        }

        var found = new Neighbour[nearest.Count];
        for (int i = found.Length - 1; i >= 0 && nearest.TryDequeue(out int token, out (int Dot, int Id) near); i--)
            found[i] = new Neighbour(token, near.Dot / (double)(TokenEmbeddings.Length * TokenEmbeddings.Length));
        return found;
    }

    /// <summary>Source tokens to show: drawn of the words that the target has no token for, which no map was fitted on, then of all others.</summary>
    public static int[] Examples(TokenEmbeddings embeddings, TokenVocabulary source, TokenVocabulary target, int count)
    {
        HashSet<string> shared = [.. Enumerable.Range(0, target.Count).Where(target.HasToken).Select(t => Convert.ToHexString(target.Bytes[t]))];
        bool[] known = embeddings.SourceKnown.ToArray();
        return
        [
            .. Enumerable.Range(0, source.Count).Where(t => known[t])
                .OrderByDescending(t => !shared.Contains(Convert.ToHexString(source.Bytes[t])) && source.Display(t).Count(char.IsLetter) >= Letters)
                .ThenBy(t => SharedTokens.Draw(source.Bytes[t])).Take(count),
        ];
    }

    private static int Dot(ReadOnlySpan<sbyte> one, ReadOnlySpan<sbyte> other)
    {
        int sum = 0;
        for (int i = 0; i < one.Length; i++)
            sum += one[i] * other[i];
        return sum;
    }
}
