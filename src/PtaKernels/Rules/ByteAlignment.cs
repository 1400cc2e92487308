namespace PtaKernels.Rules;

/// <summary>Byte-by-byte alignment of two nearly equal texts by banded edit distance; the band doubles until it holds the optimum (Ukkonen).</summary>
internal static class ByteAlignment
{
    /// <summary>Bytes of moves that one alignment may take; texts that differ more than this allows count as too different.</summary>
    private const long LargestTable = 1L << 30;

    private enum Move : byte
    {
        Diagonal,
        SourceOnly,
        TargetOnly,
    }

    /// <summary>For each target byte the source byte it is matched to, or -1.</summary>
    /// <remarks>Ties prefer gaps as late as possible, so that equal beginnings stay matched and a cut-off text shows as one unmatched tail.</remarks>
    /// <param name="source">Source text.</param>
    /// <param name="target">Target text.</param>
    /// <param name="limit">Largest distance wanted.</param>
    /// <param name="distance">The edit distance, or a lower bound of it where the result is null.</param>
    /// <returns>[target.Length], or null when the distance is over the limit, or the texts are too long to align at that distance.</returns>
    public static int[]? Match(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target, int limit, out int distance)
    {
        for (int band = 16; ; band *= 2)
        {
            int width = Math.Min(band, limit);
            int[]? match = MatchWithin(source, target, width, out distance);
            if (match is not null || width == limit || (source.Length + 1L) * ((4L * width) + 1) > LargestTable)
                return match;
        }
    }

    /// <summary>Null unless the distance is at most the band: a path that leaves the band costs more than it. O(source.Length * band) time and bytes.</summary>
    private static int[]? MatchWithin(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target, int band, out int distance)
    {
        distance = band + 1;
        if (Math.Abs(source.Length - target.Length) > band)
            return null;
        const int Outside = int.MaxValue / 2;
        int width = (2 * band) + 1; // column d of row i is target position i + d - band
        byte[] moves = new byte[(source.Length + 1L) * width];
        int[] previous = new int[width], current = new int[width];
        for (int i = 0; i <= source.Length; i++)
        {
            for (int d = 0; d < width; d++)
            {
                int j = i + d - band;
                current[d] = Outside;
                if (j < 0 || j > target.Length)
                    continue;
                if (i == 0 && j == 0)
                {
                    current[d] = 0;
                    continue;
                }

                int best = Outside;
                var move = Move.Diagonal;
                // Gaps are tried first and kept on ties: traced from the end, they come as late as they can.
                if (j > 0 && d > 0 && current[d - 1] + 1 < best)
                    (best, move) = (current[d - 1] + 1, Move.TargetOnly);
                if (i > 0 && d + 1 < width && previous[d + 1] + 1 < best)
                    (best, move) = (previous[d + 1] + 1, Move.SourceOnly);
                if (i > 0 && j > 0 && previous[d] + (source[i - 1] == target[j - 1] ? 0 : 1) < best)
                    (best, move) = (previous[d] + (source[i - 1] == target[j - 1] ? 0 : 1), Move.Diagonal);
                current[d] = best;
                moves[((long)i * width) + d] = (byte)move;
            }

            (previous, current) = (current, previous);
        }

        distance = previous[target.Length - source.Length + band];
        if (distance > band)
            return null;
        int[] match = new int[target.Length];
        Array.Fill(match, -1);
        int s = source.Length, t = target.Length;
        while (s > 0 || t > 0)
        {
            switch ((Move)moves[((long)s * width) + (t - s + band)])
            {
                case Move.TargetOnly:
                    t--;
                    break;
                case Move.SourceOnly:
                    s--;
                    break;
                default:
                    s--;
                    t--;
                    if (source[s] == target[t])
                        match[t] = s;
                    break;
            }
        }

        return match;
    }
}
