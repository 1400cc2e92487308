namespace PtaKernels.Tests.Oracles;

/// <summary>Decoded texts by id, and the same tokens as symbols.</summary>
internal sealed record PlainVocabulary(byte[][] Texts, PlainToken[] Tokens, bool DummyPrefix);

/// <summary>One model's view of a document, with the spans its splitting really had.</summary>
/// <param name="Vocabulary">The vocabulary.</param>
/// <param name="Ids">Tokens.</param>
/// <param name="Spans">Byte spans in <paramref name="Text"/>.</param>
/// <param name="Text">The document without any dummy prefix.</param>
/// <param name="SpansGiven">Whether the encoder's spans are part of the input; then the text is not.</param>
/// <param name="Candidates">Candidate ids by row.</param>
/// <param name="Logits">Their logits.</param>
/// <param name="LogSumExp">Log-sum-exp by row, or null.</param>
internal sealed record PlainSide(
    PlainVocabulary Vocabulary, int[] Ids, (int Start, int End)[] Spans, byte[] Text, bool SpansGiven, int[][] Candidates, double[][] Logits, double[]? LogSumExp)
{
    public bool StartsWithBos => TokenAt(0).Roles.Contains('b', StringComparison.Ordinal);

    public PlainToken TokenAt(int row) => Vocabulary.Tokens[Ids[row]];

    public bool HasWidth(int row) => Spans[row].End > Spans[row].Start;

    /// <summary>Whether the token after this row is the first of the text.</summary>
    public bool PredictsTextStart(int row) => Enumerable.Range(0, row + 1).All(t => TokenAt(t).Special && !HasWidth(t));
}

/// <summary>Step transfer from the definitions of SPEC A3.2, token by token.</summary>
internal static class TransferOracle
{
    /// <param name="source">The giving side.</param>
    /// <param name="target">The receiving side.</param>
    /// <param name="row">Target row.</param>
    /// <param name="withPrefix">Rule (b) too.</param>
    /// <param name="sourceBoundary">Where a target boundary lies in the source's text, or -1.</param>
    public static (char Rule, int SourceRow, string Prefix) ByBoundary(PlainSide source, PlainSide target, int row, bool withPrefix, Func<int, int> sourceBoundary)
    {
        if (row == target.Ids.Length - 1)
            return ('.', -1, "");
        if (row == 0 && source.StartsWithBos && target.StartsWithBos)
            return ('Z', 0, "");
        int o = target.HasWidth(row) ? sourceBoundary(target.Spans[row].End) : -1;
        for (int j = 0; o >= 0 && j < source.Ids.Length; j++)
        {
            if (source.HasWidth(j) && source.Spans[j].End == o)
                return ('B', j, "");
        }

        for (int j = 1; o >= 0 && withPrefix && j < source.Ids.Length; j++)
        {
            (int start, int end) = source.Spans[j];
            // Without the text, only a token's own bytes tell what its span holds.
            bool known = !source.SpansGiven || !source.TokenAt(j).Special;
            if (start < o && o < end && known)
                return ('P', j - 1, Convert.ToHexString(source.Text[start..o]));
        }

        return ('.', -1, "");
    }

    /// <summary>Tokens whose spans share a byte; two leading begin-of-sequence tokens.</summary>
    public static bool[,] Overlaps(PlainSide source, PlainSide target)
    {
        bool[,] paired = new bool[source.Ids.Length, target.Ids.Length];
        for (int j = 0; j < source.Ids.Length; j++)
        {
            for (int i = 0; i < target.Ids.Length; i++)
                paired[j, i] = Math.Max(source.Spans[j].Start, target.Spans[i].Start) < Math.Min(source.Spans[j].End, target.Spans[i].End);
        }

        paired[0, 0] |= source.StartsWithBos && target.StartsWithBos;
        return paired;
    }

    /// <summary>Source row by target row: the last of a connected group to the last of it, -1 elsewhere.</summary>
    public static int[] ByGroup(bool[,] paired)
    {
        int n = paired.GetLength(0), m = paired.GetLength(1);
        int[] parent = [.. Enumerable.Range(0, n + m)];
        for (int j = 0; j < n; j++)
        {
            for (int i = 0; i < m; i++)
            {
                if (paired[j, i])
                    parent[Root(j)] = Root(n + i);
            }
        }

        int[] rows = new int[m];
        for (int i = 0; i < m; i++)
        {
            int[] group = [.. Enumerable.Range(0, n + m).Where(node => Root(node) == Root(n + i))];
            bool last = group.Max() == n + i && i < m - 1;
            rows[i] = last && group.Length > 1 ? group.Where(node => node < n).Max() : -1;
        }

        return rows;

        int Root(int node) => parent[node] == node ? node : Root(parent[node]);
    }
}
