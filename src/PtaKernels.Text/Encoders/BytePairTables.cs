namespace PtaKernels.Text;

/// <summary>The tables of a byte-level encoder, from ranks or from a list of merges.</summary>
internal static class BytePairTables
{
    /// <summary>The token of each byte.</summary>
    /// <exception cref="AlignmentDataException">A byte has none.</exception>
    public static int[] Bytes(string file, Func<byte[], int> find)
    {
        int[] bytes = new int[256];
        for (int value = 0; value < bytes.Length; value++)
        {
            bytes[value] = find([(byte)value]);
            if (bytes[value] < 0)
                throw new AlignmentDataException($"{file}: has no token for byte 0x{value:X2}, so it cannot encode every text; expected all 256.");
        }

        return bytes;
    }

    /// <summary>Pairs from ranks: two tokens are joined where their bytes together are a token, in the order of its rank.</summary>
    /// <param name="tokens">Bytes and ids; the id is the rank.</param>
    /// <param name="trie">The same tokens.</param>
    /// <param name="bytes">[256] the token of each byte.</param>
    public static MergeTable FromRanks(IReadOnlyList<(byte[] Text, int Id)> tokens, PieceTrie trie, int[] bytes)
    {
        var merges = new MergeTable(4 * tokens.Count);
        foreach ((byte[] text, int id) in tokens)
        {
            AddNeighbours(merges, text, bytes);
            int node = PieceTrie.Root;
            for (int cut = 1; cut < text.Length; cut++)
            {
                trie.Step(ref node, text[cut - 1]);
                if (trie.ValueAt(node) is >= 0 and int left && trie.Find(text.AsSpan(cut)) is >= 0 and int right)
                    merges.Add(left, right, id, id);
            }
        }

        return merges;
    }

    /// <summary>An encoder from byte-level strings and a list of merges.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="pattern">Cuts the text; null for one piece.</param>
    /// <param name="ids">The model's own tokens: string to id.</param>
    /// <param name="merges">Pairs in the order in which they are joined.</param>
    /// <param name="looksUpWhole">A piece that is a token is taken as it is.</param>
    /// <param name="steps">What happens to a text before it is cut.</param>
    /// <exception cref="AlignmentDataException">A byte or a merge has no token.</exception>
    public static ByteLevelEncoder Encoder(
        string file, TokenVocabulary vocabulary, PretokenPattern? pattern, Dictionary<string, int> ids, IReadOnlyList<(string Left, string Right)> merges,
        bool looksUpWhole, ByteLevelText steps)
    {
        int[] bytes = Bytes(file, b => ids.GetValueOrDefault(TokenText.ToByteLevel(b), -1));
        MergeTable table = FromMerges(file, ids, merges);
        List<(byte[], int)> whole = [];
        foreach ((string token, int id) in ids)
        {
            if (TokenText.FromByteLevel(token) is not { Length: > 0 } text)
                continue;
            AddNeighbours(table, text, bytes);
            whole.Add((text, id));
        }

        return new ByteLevelEncoder(vocabulary, pattern, table, bytes, looksUpWhole ? new PieceTrie(whole) : null, steps);
    }

    /// <summary>Pairs from a list, in its order.</summary>
    /// <exception cref="AlignmentDataException">A merge has a part or a result that is no token.</exception>
    public static MergeTable FromMerges(string file, Dictionary<string, int> ids, IReadOnlyList<(string Left, string Right)> merges)
    {
        var table = new MergeTable(2 * merges.Count);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (string left, string right) = merges[rank];
            if (!ids.TryGetValue(left, out int first) || !ids.TryGetValue(right, out int second) || !ids.TryGetValue(left + right, out int joined))
                throw new AlignmentDataException($"{file}: merge {rank}, {Quoted.Text(left)} with {Quoted.Text(right)}, has a part or a result that is no token; expected the merges of this vocabulary.");
            table.Add(first, second, rank, joined);
        }

        return table;
    }

    /// <summary>Says which bytes stand side by side in a token.</summary>
    public static void AddNeighbours(MergeTable merges, ReadOnlySpan<byte> text, int[] bytes)
    {
        for (int i = 1; i < text.Length; i++)
            merges.AddNeighbours(bytes[text[i - 1]], bytes[text[i]]);
    }
}
