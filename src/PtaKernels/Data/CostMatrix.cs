using CommunityToolkit.HighPerformance;

namespace PtaKernels;

/// <summary>A batch of cost matrices, [batch, rows, columns] row-major: <c>cost[i, j]</c> is the distance from source candidate i to target candidate j.</summary>
/// <typeparam name="T"><see cref="byte"/> for edit distances 0..254, <see cref="double"/> for real-valued costs.</typeparam>
public readonly ref struct CostMatrix<T>
    where T : unmanaged
{
    /// <summary>Views existing values.</summary>
    /// <exception cref="ArgumentException">The values are not <c>batch * rows * columns</c>.</exception>
    public CostMatrix(ReadOnlySpan<T> values, int batch, int rows, int columns)
    {
        Shapes.Require(values.Length, batch, rows, columns, nameof(values));
        Values = values;
        Batch = batch;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>All values.</summary>
    public ReadOnlySpan<T> Values { get; }

    /// <summary>Number of problems.</summary>
    public int Batch { get; }

    /// <summary>Source candidates per problem, 1..64 for transports.</summary>
    public int Rows { get; }

    /// <summary>Target candidates per problem, 1..64 for transports.</summary>
    public int Columns { get; }

    /// <summary>One problem's matrix.</summary>
    public ReadOnlySpan2D<T> this[int problem] =>
        ReadOnlySpan2D<T>.DangerousCreate(Values[problem * Rows * Columns], Rows, Columns, 0);
}

/// <summary>A batch of marginals: a [batch, rows] of the source, b [batch, columns] of the target. Non-negative; each sums to 1 except under <c>tail</c> and <c>reference</c>.</summary>
public readonly ref struct Marginals(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
{
    /// <summary>Source marginals, [batch, rows].</summary>
    public ReadOnlySpan<double> A { get; } = a;

    /// <summary>Target marginals, [batch, columns].</summary>
    public ReadOnlySpan<double> B { get; } = b;
}

/// <summary>A batch of transport plans, and the potentials that certify them.</summary>
public readonly ref struct TransportPlan
{
    /// <summary>Views caller-owned memory.</summary>
    /// <param name="values">[batch, rows, columns] receives the plans.</param>
    /// <param name="rowPotentials">[batch, rows] receives f (entropic) or u (exact), or empty when the caller needs none.</param>
    /// <param name="columnPotentials">[batch, columns] receives g or v, or empty.</param>
    /// <param name="batch">Number of problems.</param>
    /// <param name="rows">Source candidates per problem.</param>
    /// <param name="columns">Target candidates per problem.</param>
    /// <exception cref="ArgumentException">A span has another size.</exception>
    public TransportPlan(Span<double> values, Span<double> rowPotentials, Span<double> columnPotentials, int batch, int rows, int columns)
    {
        Shapes.Require(values.Length, batch, rows, columns, nameof(values));
        if (!rowPotentials.IsEmpty)
            Shapes.Require(rowPotentials.Length, batch, rows, 1, nameof(rowPotentials));
        if (!columnPotentials.IsEmpty)
            Shapes.Require(columnPotentials.Length, batch, columns, 1, nameof(columnPotentials));
        Values = values;
        RowPotentials = rowPotentials;
        ColumnPotentials = columnPotentials;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>All plans.</summary>
    public Span<double> Values { get; }

    /// <summary>f or u of every problem, or empty.</summary>
    public Span<double> RowPotentials { get; }

    /// <summary>g or v of every problem, or empty.</summary>
    public Span<double> ColumnPotentials { get; }

    /// <summary>Source candidates per problem.</summary>
    public int Rows { get; }

    /// <summary>Target candidates per problem.</summary>
    public int Columns { get; }

    /// <summary>One problem's plan.</summary>
    public Span2D<double> this[int problem] => Span2D<double>.DangerousCreate(ref Values[problem * Rows * Columns], Rows, Columns, 0);
}
