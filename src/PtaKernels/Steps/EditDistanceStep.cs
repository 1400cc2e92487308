using System.Runtime.CompilerServices;

namespace PtaKernels.Steps;

/// <summary>One cell of the Levenshtein recurrence with unit costs.</summary>
internal static class EditDistanceStep
{
    /// <summary>D[i, j] from its three neighbours: substitution when the symbols differ, insertion, deletion.</summary>
    /// <remarks>
    /// Neighbours in the table differ by at most 1, so the cell is the diagonal if the symbols are equal or a neighbour is below the diagonal, else one more.
    /// Written with sign bits: which of them holds is random, and a mispredicted branch costs more than the cell.
    /// </remarks>
    /// <param name="diagonal">D[i - 1, j - 1].</param>
    /// <param name="up">D[i - 1, j].</param>
    /// <param name="left">D[i, j - 1].</param>
    /// <param name="difference">The two symbols' exclusive or: 0 when they are equal, positive otherwise.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Cell(int diagonal, int up, int left, int difference) =>
        diagonal + 1 + (((up - diagonal) | (left - diagonal) | (difference - 1)) >> 31);
}
