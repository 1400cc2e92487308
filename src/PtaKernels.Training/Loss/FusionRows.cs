namespace PtaKernels.Training;

/// <summary>What the rows of a batch are to learn: next tokens, and sparse distributions with what they leave out.</summary>
/// <remarks>Rows are positions of the flattened batch. Nothing here has the width of a vocabulary.</remarks>
public sealed class FusionRows
{
    /// <summary>A row without a next token.</summary>
    public const int NoLabel = -1;

    /// <summary>[rows] next token, or <see cref="NoLabel"/>.</summary>
    public required int[] Labels { get; init; }

    /// <summary>[rows + 1] where each row's tokens start; a masked row has none.</summary>
    public required int[] Offsets { get; init; }

    /// <summary>Tokens of the rows, distinct within a row.</summary>
    public required int[] Ids { get; init; }

    /// <summary>Their masses; a row's sum is 1 - missing.</summary>
    public required float[] Masses { get; init; }

    /// <summary>[rows] mass outside the row's tokens, in [0, 1] (SPEC A3.3 <c>tail</c>); 0 under <c>renormalised</c>.</summary>
    public required float[] Missing { get; init; }

    /// <summary>Number of rows.</summary>
    public int Count => Labels.Length;

    /// <summary>Rows with a next token.</summary>
    public int Labelled => Labels.Count(static l => l != NoLabel);

    /// <summary>Rows with a distribution: those not masked.</summary>
    public int Taught
    {
        get
        {
            int taught = 0;
            for (int row = 0; row < Count; row++)
                taught += Offsets[row + 1] > Offsets[row] ? 1 : 0;
            return taught;
        }
    }

    /// <summary>Checks what the properties promise.</summary>
    /// <param name="tokens">Ids and labels are below this.</param>
    /// <exception cref="ArgumentException">A row breaks a promise; the message says which and how.</exception>
    internal void Require(int tokens)
    {
        if (Offsets.Length != Count + 1 || Missing.Length != Count || Offsets[0] < 0 || Offsets[^1] > Ids.Length || Ids.Length != Masses.Length)
            throw new ArgumentException($"{Count} labels, {Offsets.Length} offsets, {Missing.Length} missing masses, {Ids.Length} ids and {Masses.Length} masses are no rows.");
        int[] sorted = [];
        for (int row = 0; row < Count; row++)
        {
            int from = Offsets[row], taught = Offsets[row + 1] - from;
            if (taught < 0)
                throw new ArgumentException($"row {row}: its offsets fall.");
            if (Labels[row] != NoLabel && (Labels[row] < 0 || Labels[row] >= tokens))
                throw new ArgumentException($"row {row}: its next token {Labels[row]} is none of {tokens}.");
            if (sorted.Length < taught)
                sorted = new int[Math.Max(64, 2 * taught)];
            Span<int> ids = sorted.AsSpan(0, taught);
            Ids.AsSpan(from, taught).CopyTo(ids);
            ids.Sort();
            for (int k = 0; k < taught; k++)
            {
                if (ids[k] < 0 || ids[k] >= tokens)
                    throw new ArgumentException($"row {row}: its token {ids[k]} is none of {tokens}.");
                if (k > 0 && ids[k] == ids[k - 1])
                    throw new ArgumentException($"row {row}: token {ids[k]} stands twice.");
                if (!(Masses[from + k] >= 0 && Masses[from + k] <= 1.01f))
                    throw new ArgumentException($"row {row}: mass {Masses[from + k]} is not in [0, 1].");
            }

            if (taught > 0 && !(Missing[row] >= 0 && Missing[row] <= 1))
                throw new ArgumentException($"row {row}: missing mass {Missing[row]} is not in [0, 1].");
        }
    }
}
