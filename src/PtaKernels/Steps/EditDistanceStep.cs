using System.Runtime.CompilerServices;

namespace PtaKernels.Steps;

/// <summary>One cell of the Levenshtein recurrence with unit costs.</summary>
public static class EditDistanceStep
{
    /// <summary>D[i, j] from its three neighbours: substitution when the symbols differ, insertion, deletion.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Cell(int diagonal, int up, int left, bool equal) =>
        Math.Min(Math.Min(up, left) + 1, equal ? diagonal : diagonal + 1);
}
