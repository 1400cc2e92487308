using PtaKernels.Rules;

namespace PtaKernels.Gpu;

/// <summary>Cuts a batch into chunks: neighbours of one k per side, as many as fill the device and fit its memory. Results do not depend on the cut.</summary>
internal static class ChunkPlan
{
    /// <summary>Chunks in the order of their documents; a document whose shapes do not hold is in none.</summary>
    /// <param name="documents">The batch.</param>
    /// <param name="options">All switches.</param>
    /// <param name="positions">Target positions after which a chunk is full.</param>
    /// <param name="bytes">Device bytes of pairing after which it is.</param>
    /// <returns>Indices of each chunk's documents.</returns>
    public static List<int[]> Cut(ReadOnlySpan<DocumentPair> documents, in AlignmentOptions options, int positions, long bytes)
    {
        var chunks = new List<int[]>();
        var chunk = new List<int>();
        long length = 0, held = 0;
        for (int d = 0; d < documents.Length; d++)
        {
            DocumentPair pair = documents[d];
            bool priorFits = pair.Prior is not { } prior || (options.Transport == TransportKind.Balanced && prior.Rows == pair.Target.Length);
            if (!priorFits || !DocumentChecks.ShapesHold(pair, options))
                continue;
            long needed = options.Pairing == PairingRule.ByteOffsets ? 0 : ChunkPairing.BytesFor(pair);
            bool full = length + pair.Target.Length > positions || held + needed > bytes;
            if (chunk.Count > 0 && (full || !AreAlike(documents[chunk[0]], pair)))
                Close();
            chunk.Add(d);
            length += pair.Target.Length;
            held += needed;
        }

        Close();
        return chunks;

        void Close()
        {
            if (chunk.Count > 0)
                chunks.Add([.. chunk]);
            chunk.Clear();
            (length, held) = (0, 0);
        }
    }

    private static bool AreAlike(DocumentPair one, DocumentPair other) =>
        one.Source.Candidates.K == other.Source.Candidates.K && one.Target.Candidates.K == other.Target.Candidates.K && one.Prior is null == other.Prior is null;
}
