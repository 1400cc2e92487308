using System.Runtime.CompilerServices;

namespace PtaKernels.Steps;

/// <summary>Where a cell of the alignment table comes from. The order is the tie-break: diagonal, up, left (SPEC B 3b.1).</summary>
internal enum PathDirection : byte
{
    /// <summary>From (i - 1, j - 1).</summary>
    Diagonal = 0,

    /// <summary>From (i - 1, j): another source token for the same target token.</summary>
    Up = 1,

    /// <summary>From (i, j - 1): another target token for the same source token.</summary>
    Left = 2,
}

/// <summary>One cell of dynamic time warping (paper Eq 1; SPEC B 3b.1).</summary>
internal static class WavefrontStep
{
    /// <summary>The cheapest neighbour and its direction, first of diagonal, up, left on ties.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Cell(long diagonal, long up, long left, out PathDirection from)
    {
        long best = diagonal;
        from = PathDirection.Diagonal;
        if (up < best)
        {
            best = up;
            from = PathDirection.Up;
        }

        if (left < best)
        {
            best = left;
            from = PathDirection.Left;
        }

        return best;
    }
}
