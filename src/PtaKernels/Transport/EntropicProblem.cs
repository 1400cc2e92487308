using CommunityToolkit.HighPerformance;
using CommunityToolkit.HighPerformance.Buffers;

namespace PtaKernels.Transport;

/// <summary>The rows and columns of positive mass of one entropic problem, packed, with scratch for its solver.</summary>
/// <remarks>The heaviest column is packed last: the semi-dual pins it, and a heavy pin keeps the pivots large.</remarks>
internal ref struct EntropicProblem
{
    private readonly SpanOwner<double> _real;
    private readonly SpanOwner<int> _whole;
    private readonly double _epsilon, _rho;
    private readonly ReadOnlySpan<int> _rows, _columns;
    private readonly Span<double> _scaledCost, _f, _g, _packedPlan, _columnSums;
    private readonly ReadOnlySpan<double> _a, _b;

    internal SemiDual Dual;

    /// <param name="cost">[n, m], usable.</param>
    /// <param name="a">[n], usable, not all zero.</param>
    /// <param name="b">[m], usable, not all zero.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="rho">ρ, +∞ if balanced.</param>
    internal EntropicProblem(
        ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double epsilon, double rho)
    {
        int n = a.Length, m = b.Length;
        _epsilon = epsilon;
        _rho = rho;
        _whole = SpanOwner<int>.Allocate(n + m);
        int rowCount = Select(a, _whole.Span[..n]);
        int columnCount = Select(b, _whole.Span.Slice(n, m));
        Span<int> columns = _whole.Span.Slice(n, columnCount);
        _rows = _whole.Span[..rowCount];
        _columns = columns;
        for (int j = 0; j < columnCount - 1; j++)
        {
            if (b[columns[j]] > b[columns[^1]])
                (columns[j], columns[^1]) = (columns[^1], columns[j]);
        }

        int cells = rowCount * columnCount, sides = rowCount + columnCount;
        _real = SpanOwner<double>.Allocate(2 * cells + 2 * sides + columnCount + SemiDual.ScratchLength(rowCount, columnCount));
        Span<double> rest = _real.Span;
        _scaledCost = rest[..cells];
        _packedPlan = rest.Slice(cells, cells);
        rest = rest[(2 * cells)..];
        Span<double> packedA = rest[..rowCount], packedB = rest.Slice(rowCount, columnCount);
        _a = packedA;
        _b = packedB;
        _f = rest.Slice(sides, rowCount);
        _g = rest.Slice(sides + rowCount, columnCount);
        _columnSums = rest.Slice(2 * sides, columnCount);
        for (int i = 0; i < rowCount; i++)
        {
            packedA[i] = a[_rows[i]];
            for (int j = 0; j < columnCount; j++)
                _scaledCost[i * columnCount + j] = cost[_rows[i], _columns[j]] / epsilon;
        }

        for (int j = 0; j < columnCount; j++)
            packedB[j] = b[_columns[j]];
        Dual = new SemiDual(_scaledCost, _a, _b, epsilon / rho, rest[(2 * sides + columnCount)..]);
    }

    internal readonly void Dispose()
    {
        _real.Dispose();
        _whole.Dispose();
    }

    /// <summary>Starts the solver from column potentials in units of the cost.</summary>
    internal void StartFrom(ReadOnlySpan<double> g)
    {
        for (int j = 0; j < _columns.Length; j++)
            Dual.Potential[j] = g[_columns[j]] / _epsilon;
        Dual.Evaluate();
    }

    /// <summary>Forms the final potentials and the plan they imply, in packed scratch.</summary>
    /// <returns>The certificate's marginal error, measured on that plan.</returns>
    internal readonly double Finish(ReadOnlySpan2D<double> cost)
    {
        double error = 0;
        for (int j = 0; j < _g.Length; j++)
            _g[j] = _epsilon * Dual.Potential[j];
        _columnSums.Clear();
        for (int i = 0; i < _f.Length; i++)
        {
            _f[i] = _epsilon * Dual.RowPotential(i);
            double sum = 0;
            for (int j = 0; j < _g.Length; j++)
            {
                double entry = TransportCertificate.ImpliedEntry(_f[i], _g[j], cost[_rows[i], _columns[j]], _epsilon);
                _packedPlan[i * _g.Length + j] = entry;
                sum += entry;
                _columnSums[j] += entry;
            }

            error += Math.Abs(sum - _a[i]);
        }

        for (int j = 0; j < _g.Length; j++)
            error += Math.Abs(_columnSums[j] - TransportCertificate.WantedMass(_b[j], _g[j], _rho));
        return error;
    }

    /// <summary>Reads the column potentials that <see cref="Finish"/> formed, so that another problem can start from them.</summary>
    internal readonly void ReadPotentials(Span<double> g)
    {
        for (int j = 0; j < _g.Length; j++)
            g[_columns[j]] = _g[j];
    }

    /// <summary>Writes what <see cref="Finish"/> formed; rows and columns without mass get 0 and −∞.</summary>
    internal readonly void Write(Span2D<double> plan, Span<double> f, Span<double> g)
    {
        plan.Clear();
        f.Fill(double.NegativeInfinity);
        g.Fill(double.NegativeInfinity);
        ReadPotentials(g);
        for (int i = 0; i < _f.Length; i++)
        {
            f[_rows[i]] = _f[i];
            for (int j = 0; j < _g.Length; j++)
                plan[_rows[i], _columns[j]] = _packedPlan[i * _g.Length + j];
        }
    }

    private static int Select(ReadOnlySpan<double> masses, Span<int> indices)
    {
        int count = 0;
        for (int i = 0; i < masses.Length; i++)
        {
            if (masses[i] > 0)
                indices[count++] = i;
        }

        return count;
    }
}
