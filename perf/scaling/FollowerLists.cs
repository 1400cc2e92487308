namespace PtaKernels.Scaling;

/// <summary>Next-token candidates by counting: the tokens that followed a token in the text, the most frequent first, and after them the most frequent tokens of all.</summary>
internal sealed class FollowerLists
{
    private const int K = TopKLogits.MaxK;

    private readonly Dictionary<int, (int[] Ids, double[] Values)> _lists = [];
    private readonly int[] _frequent;
    private readonly Dictionary<int, Dictionary<int, int>> _followers = [];

    /// <summary>Counts a text.</summary>
    /// <param name="ids">Its tokens.</param>
    /// <param name="vocabulary">Number of ids.</param>
    public FollowerLists(int[] ids, int vocabulary)
    {
        int[] counts = new int[vocabulary];
        for (int t = 0; t < ids.Length; t++)
        {
            counts[ids[t]]++;
            if (t + 1 == ids.Length)
                break;
            if (!_followers.TryGetValue(ids[t], out Dictionary<int, int>? next))
                _followers[ids[t]] = next = [];
            next[ids[t + 1]] = next.GetValueOrDefault(ids[t + 1]) + 1;
        }

        _frequent = [.. Enumerable.Range(0, vocabulary).OrderByDescending(id => counts[id]).ThenBy(static id => id).Take(2 * K)];
    }

    /// <summary>The lists after each of some tokens.</summary>
    public TopKLogits Of(int[] ids, int k)
    {
        int[] indices = new int[ids.Length * k];
        double[] values = new double[indices.Length];
        for (int t = 0; t < ids.Length; t++)
        {
            (int[] list, double[] logits) = After(ids[t]);
            list.AsSpan(0, k).CopyTo(indices.AsSpan(t * k));
            logits.AsSpan(0, k).CopyTo(values.AsSpan(t * k));
        }

        return new TopKLogits(indices, values, k);
    }

    private (int[] Ids, double[] Values) After(int token)
    {
        if (_lists.TryGetValue(token, out (int[] Ids, double[] Values) known))
            return known;
        var seen = new HashSet<int>();
        var list = new List<int>();
        var values = new List<double>();
        foreach ((int id, int count) in _followers.GetValueOrDefault(token, []).OrderByDescending(static f => f.Value).ThenBy(static f => f.Key).Take(K))
        {
            seen.Add(id);
            list.Add(id);
            values.Add(Math.Log(1 + count));
        }

        foreach (int id in _frequent)
        {
            if (list.Count == K)
                break;
            if (!seen.Add(id))
                continue;
            list.Add(id);
            values.Add((values.Count == 0 ? 0 : values[^1]) - 0.05);
        }

        return _lists[token] = ([.. list], [.. values]);
    }
}
