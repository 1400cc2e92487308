using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Finds documents that hold bad input of SPEC A5, one thread per position; what is wrong is said by <see cref="Rules.DocumentChecks"/>.</summary>
internal static class DocumentCheckKernel
{
    /// <summary>Marks the document of a position whose id, candidates or logits no preset takes.</summary>
    /// <param name="side">One side of a chunk.</param>
    [GpuKernel(threads: 256, registers: 40)]
    public static void Positions(Side side)
    {
        int t = Grid.GlobalIndex.X;
        if (t >= side.Count)
            return;
        bool good = HasToken(side, side.Ids[t]), any = false;
        for (int c = 0; c < side.K; c++)
        {
            long at = ((long)t * side.K) + c;
            double logit = side.Logits[at];
            good &= HasToken(side, side.Candidates[at]);
            // NaN fails both comparisons.
            good &= side.Official != 0 || logit < double.PositiveInfinity;
            any |= logit > double.NegativeInfinity;
        }

        if (!good || (!any && side.Official == 0))
            side.Bad[side.DocumentOf[t]] = 1; // every writer writes the same
    }

    private static bool HasToken(Side side, int id) => (uint)id < (uint)side.Vocabulary && side.Tokens[id] != 0;

    /// <summary>Arguments: the positions of one side.</summary>
    internal struct Side
    {
        /// <summary>Positions.</summary>
        public int Count;

        /// <summary>Candidates per position.</summary>
        public int K;

        /// <summary>Ids of the vocabulary.</summary>
        public int Vocabulary;

        /// <summary>1: NaN and infinity pass, because the official code lets them.</summary>
        public int Official;

        /// <summary>[vocabulary] 1 where an id has a token.</summary>
        public ArrayView<byte> Tokens;

        /// <summary>[positions] document of each.</summary>
        public ArrayView<int> DocumentOf;

        /// <summary>[positions] ids.</summary>
        public ArrayView<int> Ids;

        /// <summary>[positions, k] candidates.</summary>
        public ArrayView<int> Candidates;

        /// <summary>[positions, k] logits.</summary>
        public ArrayView<double> Logits;

        /// <summary>[documents] receives 1 where something is wrong.</summary>
        public ArrayView<int> Bad;
    }
}
