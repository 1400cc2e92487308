using System.Runtime.InteropServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>One document's part of a batch of alignment paths.</summary>
internal struct DocumentPath
{
    /// <summary>Where its source positions start in the batch.</summary>
    public int SourceStart;

    /// <summary>Source positions, at least 1.</summary>
    public int SourceLength;

    /// <summary>Where its target positions start in the batch.</summary>
    public int TargetStart;

    /// <summary>Target positions, at least 1.</summary>
    public int TargetLength;

    /// <summary>Rows of its cost table.</summary>
    public int TableRows;

    /// <summary>Columns, and stride, of its cost table.</summary>
    public int TableColumns;

    /// <summary>Where its cost table starts.</summary>
    public long CostStart;
}

/// <summary>A <see cref="DocumentPath"/> with the places of its device memory: 64 bytes.</summary>
internal struct PathPlan
{
    /// <summary>The document.</summary>
    public DocumentPath Document;

    /// <summary>First vector of its expanded costs: [row of the table][strip][part][lane].</summary>
    public long Costs;

    /// <summary>First word of its directions: [strip][step][lane].</summary>
    public long Directions;

    /// <summary>First of its row offsets, <see cref="WavefrontKernel.RowsBefore"/> of them before row 0.</summary>
    public int Rows;

    /// <summary>First value of the column between two strips: [row].</summary>
    public int Border;

    /// <summary>Its number in the batch.</summary>
    public int Index;

    /// <summary>First word of its table with four rows to a word.</summary>
    public int Words;

    /// <summary>Strips of <see cref="WavefrontKernel.StripColumns"/> columns.</summary>
    public readonly int Strips => (int)(((uint)Document.TargetLength + WavefrontKernel.StripColumns - 1) / WavefrontKernel.StripColumns);
}

/// <summary>16 bytes, loaded as one vector: 16 costs of 8 bits or 8 of 16.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct CostVector
{
    public uint X;
    public uint Y;
    public uint Z;
    public uint W;
}

/// <summary>Arguments of the kernels that fill the tables.</summary>
/// <typeparam name="TValue">Two cells.</typeparam>
internal struct WavefrontArguments<TValue>
    where TValue : unmanaged
{
    /// <summary>[documents] longest first.</summary>
    public ArrayView<PathPlan> Plans;

    /// <summary>Expanded costs.</summary>
    public ArrayView<CostVector> Costs;

    /// <summary>For each source position the offset of its row of expanded costs.</summary>
    public ArrayView<int> Rows;

    /// <summary>Receives the directions.</summary>
    public ArrayView<uint> Directions;

    /// <summary>Scratch: last column of each strip.</summary>
    public ArrayView<TValue> Border;

    /// <summary>[documents] totals; documents whose total is not negative are done already.</summary>
    public ArrayView<long> Totals;
}
