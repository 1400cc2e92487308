using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Shared memory of one balanced problem. Matrices have an odd pitch, so that a column meets as many banks as a row.</summary>
internal struct BalancedScratch
{
    private const int Vectors = 10;

    /// <summary>Doubles of a problem in 16 lanes.</summary>
    public const int SmallLength = (3 * BalancedKernel.SmallSide * (BalancedKernel.SmallSide + 1)) + (Vectors * BalancedKernel.SmallSide);

    /// <summary>Doubles of a problem in 32 lanes.</summary>
    public const int LargeLength = (3 * BalancedKernel.LargeSide * (BalancedKernel.LargeSide + 1)) + (Vectors * BalancedKernel.LargeSide);

    /// <summary>Lanes of a problem.</summary>
    public int Side;

    /// <summary>[n, m] P; 0 in columns without mass, and after one evaluation in rows without mass.</summary>
    public ArrayView<double> Plan;

    /// <summary>[n, m] costs; 0 where row or column has no mass.</summary>
    public ArrayView<double> Cost;

    /// <summary>[m, side] the eliminated system.</summary>
    public ArrayView<double> System;

    /// <summary>[n] a.</summary>
    public ArrayView<double> A;

    /// <summary>[n] 1 / a, or 0.</summary>
    public ArrayView<double> InverseA;

    /// <summary>[m] column sums less b.</summary>
    public ArrayView<double> Gradient;

    /// <summary>[m] right side of the tangent system.</summary>
    public ArrayView<double> Tangent;

    /// <summary>[n] factor, then whatever.</summary>
    public ArrayView<double> Scale;

    /// <summary>[n] mean cost.</summary>
    public ArrayView<double> Mean;

    /// <summary>[side] exchange between lanes.</summary>
    public ArrayView<double> First;

    /// <summary>[m] b, in the order of the lanes.</summary>
    public ArrayView<double> B;

    /// <summary>Where an entry of a matrix stands.</summary>
    public readonly int At(int row, int column) => (row * (Side + 1)) + column;

    /// <summary>The part of a block's shared memory that belongs to one problem.</summary>
    public static BalancedScratch Of(ArrayView<double> memory, int side, int index)
    {
        int matrix = side * (side + 1), length = (3 * matrix) + (Vectors * side), at = index * length;
        int vectors = at + (3 * matrix);
        return new BalancedScratch
        {
            Side = side,
            Plan = memory.SubView(at, matrix),
            Cost = memory.SubView(at + matrix, matrix),
            System = memory.SubView(at + (2 * matrix), matrix),
            A = memory.SubView(vectors, side),
            InverseA = memory.SubView(vectors + side, side),
            Gradient = memory.SubView(vectors + (2 * side), side),
            Tangent = memory.SubView(vectors + (3 * side), side),
            Scale = memory.SubView(vectors + (4 * side), side),
            Mean = memory.SubView(vectors + (5 * side), side),
            First = memory.SubView(vectors + (6 * side), side),
            B = memory.SubView(vectors + (7 * side), side),
        };
    }
}

/// <summary>What one lane keeps of a balanced problem: its column, and what is the same in all lanes of the problem.</summary>
internal struct BalancedLane
{
    /// <summary>Rows and columns in use; 0 while there is no problem.</summary>
    public int Rows, Columns;

    /// <summary>The problem's column that this lane has: the heaviest changes places with the last one, which the system pins.</summary>
    public int Column;

    /// <summary>1 if the kernel takes the problem.</summary>
    public int Usable;

    /// <summary>Evaluations so far, and doublings of β still to come.</summary>
    public int Iterations, Doublings;

    /// <summary>1 if the next evaluation squares first; 1 if there is no earlier error or slope to compare with.</summary>
    public int Squares, Fresh;

    /// <summary>Mass of the column; G at the end of the step; the logarithm of the column factor that leads there.</summary>
    public double B, Potential, Step;

    /// <summary>Column sum less mass; the last direction that was accepted.</summary>
    public double Gradient, Direction;

    /// <summary>Inverse temperature.</summary>
    public double Beta;

    /// <summary>Of the last direction: share taken, largest entry, gradient · direction, and the cap on length times reach.</summary>
    public double Length, Reach, Slope, Radius;

    /// <summary>L1 norm of the gradient now and before; gradient · direction now.</summary>
    public double Error, PreviousError, TrialSlope;

    /// <summary>Upper bound on the logarithm of the share in its row of any entry that was rounded to 0.</summary>
    public double Lost;
}
