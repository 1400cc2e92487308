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

    /// <summary>Says which bytes stand side by side in a token.</summary>
    public static void AddNeighbours(MergeTable merges, ReadOnlySpan<byte> text, int[] bytes)
    {
        for (int i = 1; i < text.Length; i++)
            merges.AddNeighbours(bytes[text[i - 1]], bytes[text[i]]);
    }
}
