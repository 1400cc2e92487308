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
}
