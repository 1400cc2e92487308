namespace PtaKernels.Corpus.Servers;

/// <summary>What a server says of one token: the best tokens in its place, and itself.</summary>
internal sealed class ServerPosition
{
    private readonly List<(int Token, double LogProbability)> _best;
    private readonly bool _ranked;

    /// <summary>Sorts the entries.</summary>
    /// <param name="token">The token that stands there.</param>
    /// <param name="own">Its log-probability where it is given apart, else it is one of the entries.</param>
    /// <param name="entries">Tokens in any order, each once; ranks from 1, or 0 where the server gives none.</param>
    /// <exception cref="InvalidDataException">The token has no log-probability, a token is there twice, or a value is no log-probability.</exception>
    public ServerPosition(int token, double? own, IReadOnlyList<(int Token, double LogProbability, long Rank)> entries)
    {
        HashSet<int> seen = [];
        foreach ((int id, double value, _) in entries)
        {
            if (!seen.Add(id))
                throw new InvalidDataException($"token {id} twice");
            if (double.IsNaN(value) || value > 1e-3)
                throw new InvalidDataException($"{value} as the log-probability of token {id}, which is above 0");
        }

        Own = own ?? (seen.Contains(token) ? entries.First(e => e.Token == token).LogProbability : throw new InvalidDataException($"no entry of its own token {token}"));
        _ranked = entries.Count > 0 && entries.All(static e => e.Rank > 0);
        // A token that was added to the best k may share its rank with one of them, and comes after it then.
        var sorted = entries.OrderBy(e => _ranked ? e.Rank : 0).ThenByDescending(static e => e.LogProbability).ThenBy(e => e.Token == token).ToArray();
        _best = [];
        foreach ((int id, double value, long rank) in sorted)
        {
            if (!_ranked || rank == _best.Count + 1)
                _best.Add((id, value));
            else if (rank > _best.Count)
                break;
        }

        OwnIsLast = !_ranked && _best.Count > 0 && (_best[^1].Token == token || !seen.Contains(token));
    }

    /// <summary>Log-probability of the token that stands there.</summary>
    public double Own { get; }

    /// <summary>Entries from the best down without a gap.</summary>
    public int Count => _best.Count;

    /// <summary>Whether the server gives no ranks, and the token that stands there is the least of the entries: it may be one that was added to the best.</summary>
    public bool OwnIsLast { get; }

    /// <summary>How many best tokens all of some positions have.</summary>
    /// <param name="positions">The positions, from 1.</param>
    /// <param name="replacing">Whether the token itself takes the last of the places where it is not among the best, as in chats, instead of one more.</param>
    /// <exception cref="InvalidDataException">A position has fewer entries than were asked for, or none.</exception>
    public static int Shared(IReadOnlyList<ServerPosition> positions, bool replacing)
    {
        int most = positions.Max(static p => p.Count), least = positions.Min(static p => p.Count);
        for (int t = 0; t < positions.Count; t++)
        {
            if (positions[t].Count == 0 || positions[t].Count < most - 1)
                throw new InvalidDataException($"position {t + 1}: {positions[t].Count} entries from the best down, where another position has {most}; every one needs the same k");
        }

        bool last = replacing ? positions.Any(static p => p.OwnIsLast) : most == least && positions.All(static p => p.OwnIsLast);
        int k = last ? least - 1 : least;
        return k > 0 ? Math.Min(k, TopKLogits.MaxK) : throw new InvalidDataException("only the tokens themselves; ask the server for more log-probabilities");
    }

    /// <summary>Writes the k best.</summary>
    public void CopyTo(Span<int> tokens, Span<double> values)
    {
        for (int c = 0; c < tokens.Length; c++)
            (tokens[c], values[c]) = _best[c];
    }
}
