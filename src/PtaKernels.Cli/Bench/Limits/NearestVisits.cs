using System.Numerics;

namespace PtaKernels.Cli.Bench;

/// <summary>What a nearest-token search cannot do without (<c>native/kernels/nearest.inl.h</c>): visits that no bound of it rules out, even with the final distance known beforehand.</summary>
internal static class NearestVisits
{
    /// <summary>About so many queries stand for all.</summary>
    private const int Sample = 600;

    /// <summary>Symbols kept for the next query (<c>kNearestShared</c>).</summary>
    private const int MostShared = 15;

    /// <summary>Tokens of more symbols are searched another way (<c>NearestBlock::kLongest</c>).</summary>
    private const int MostSymbols = 64;

    /// <summary>Symbols of queries times vectors of tokens that they meet. Distances 0 and 1 are found by hash.</summary>
    public static double VectorSymbols(TokenTape source, ReadOnlySpan<int> queries, TokenTape target, ReadOnlySpan<int> distance, int vectorBytes)
    {
        var byLength = new List<UInt128>[MostSymbols + 1];
        for (int length = 0; length <= MostSymbols; length++)
            byLength[length] = [];
        for (int t = 0; t < target.Count; t++)
        {
            if (target[t].Length <= MostSymbols && target.RolesOf(t) == TokenRoles.None)
                byLength[target[t].Length].Add(SymbolsOf(target[t]));
        }

        int[] order = Sorted(source, queries);
        int stride = Math.Max(1, order.Length / Sample), counted = 0;
        double sum = 0;
        for (int k = stride / 2; k < order.Length; k += stride)
        {
            counted++;
            int most = distance[order[k]] - 1; // a tie may be left alone for its id
            ReadOnlySpan<int> query = source[queries[order[k]]];
            if (most < 1)
                continue;
            // Leading symbols that the query before has too, whichever of the queries before it was the last to be looked at.
            int fresh = query.Length - (k == 0 ? 0 : Math.Min(MostShared, query.CommonPrefixLength(source[queries[order[k - 1]]])));
            for (int length = Math.Max(0, query.Length - most); length <= Math.Min(MostSymbols, query.Length + most); length++)
                sum += fresh * (double)Meeting(query, byLength[length], most - Math.Max(0, length - query.Length)) * LaneBytes(length) / vectorBytes;
        }

        return counted == 0 ? 0 : sum / counted * order.Length;
    }

    /// <summary>Tokens that lack no more classes of the query's symbols than allowed. Rarer symbols count as lacking everywhere, which allows more to be left out than the search does.</summary>
    private static int Meeting(ReadOnlySpan<int> query, List<UInt128> tokens, int allowed)
    {
        UInt128 wanted = SymbolsOf(query);
        int rare = 0;
        for (int i = 0; i < query.Length; i++)
            rare += query[i] >= 128 && !query[..i].Contains(query[i]) ? 1 : 0;
        int count = 0;
        foreach (UInt128 token in tokens)
            count += rare + BitOperations.PopCount((ulong)(wanted & ~token)) + BitOperations.PopCount((ulong)((wanted & ~token) >> 64)) <= allowed ? 1 : 0;
        return count;
    }

    private static UInt128 SymbolsOf(ReadOnlySpan<int> token)
    {
        UInt128 set = 0;
        foreach (int symbol in token)
            set |= symbol < 128 ? UInt128.One << symbol : 0;
        return set;
    }

    private static int LaneBytes(int length) => length <= 8 ? 1 : length <= 16 ? 2 : length <= 32 ? 4 : 8;

    /// <summary>Queries by length, then by text.</summary>
    private static int[] Sorted(TokenTape tape, ReadOnlySpan<int> queries)
    {
        int[] tokens = queries.ToArray(), order = [.. Enumerable.Range(0, tokens.Length)];
        Array.Sort(order, (a, b) => tape[tokens[a]].Length != tape[tokens[b]].Length ? tape[tokens[a]].Length.CompareTo(tape[tokens[b]].Length) : tape[tokens[a]].SequenceCompareTo(tape[tokens[b]]));
        return order;
    }
}
