namespace PtaKernels.Rules;

/// <summary>A sparse distribution under construction: masses by token in order of first appearance, at most 64 x 2 tokens. Reused from row to row.</summary>
public sealed class FusedRow
{
    private readonly List<int> _tokens = [];
    private readonly List<double> _masses = [];

    /// <summary>Token ids in order of first appearance, or heaviest first after <see cref="Finish"/>.</summary>
    public ReadOnlySpan<int> Tokens => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_tokens);

    /// <summary>Masses in the order of <see cref="Tokens"/>.</summary>
    public ReadOnlySpan<double> Masses => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_masses);

    /// <summary>Empties the row.</summary>
    public void Clear()
    {
        _tokens.Clear();
        _masses.Clear();
    }

    /// <summary>Adds mass to a token.</summary>
    public void Add(int token, double mass)
    {
        int at = _tokens.IndexOf(token);
        if (at >= 0)
        {
            _masses[at] += mass;
            return;
        }

        _tokens.Add(token);
        _masses.Add(mass);
    }

    /// <summary>Whether any mass is NaN or infinite.</summary>
    public bool HasNonFinite
    {
        get
        {
            foreach (double mass in _masses)
            {
                if (!double.IsFinite(mass))
                    return true;
            }

            return false;
        }
    }

    /// <summary>
    /// Drops tokens without mass, scales the rest to <paramref name="total"/>, orders them by mass descending and id ascending and keeps the heaviest;
    /// what is cut goes to the missing mass under <c>tail</c> and is renormalised away otherwise (SPEC A3.3).
    /// </summary>
    /// <param name="total">Mass of all tokens together.</param>
    /// <param name="keep">Tokens to keep.</param>
    /// <param name="tail">What is cut goes to the missing mass.</param>
    /// <param name="given">Mass of all tokens where lighter ones were cut before they came here; else it is summed up.</param>
    /// <returns>The missing mass of the finished row: 1 - its sum under <c>tail</c>, else 0.</returns>
    public double Finish(double total, int keep, bool tail, double? given = null)
    {
        (int Token, double Mass)[] rows =
            [.. _tokens.Zip(_masses).Where(static r => r.Second > 0).OrderByDescending(static r => r.Second).ThenBy(static r => r.First)];
        double all = 0, kept = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            all += rows[i].Mass;
            if (i < keep)
                kept += rows[i].Mass;
        }

        double scale = total / (tail ? given ?? all : kept);
        Clear();
        foreach ((int token, double mass) in rows.Take(keep))
        {
            _tokens.Add(token);
            _masses.Add(mass * scale);
        }

        return tail ? Math.Max(0, 1 - (kept * scale)) : 0;
    }
}
