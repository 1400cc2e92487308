using CommunityToolkit.HighPerformance;

namespace PtaKernels.Transport;

/// <summary>What every transport asks of its input: shapes are the caller's error, values are data.</summary>
internal static class TransportInput
{
    /// <summary>Largest n or m: k of a row and columns of a union are both at most 64.</summary>
    internal const int MaxSide = 64;

    /// <summary>Throws unless matrix is [n, m] with n, m in 1..64, a and f are [n], b and g are [m].</summary>
    internal static void CheckShapes(
        ReadOnlySpan2D<double> matrix, ReadOnlySpan<double> a, ReadOnlySpan<double> b,
        ReadOnlySpan<double> f, ReadOnlySpan<double> g)
    {
        int n = a.Length, m = b.Length;
        CheckShape(matrix, n);
        if (matrix.Width != m)
            throw new ArgumentException($"The matrix has {matrix.Width} columns, the target marginal {m} entries.");
        if (f.Length != n || g.Length != m)
            throw new ArgumentException($"The potentials have {f.Length} and {g.Length} entries, the marginals {n} and {m}.");
    }

    /// <summary>Throws unless matrix is [rows, m] with rows, m in 1..64.</summary>
    internal static void CheckShape(ReadOnlySpan2D<double> matrix, int rows)
    {
        if (matrix.Height is < 1 or > MaxSide || matrix.Width is < 1 or > MaxSide)
            throw new ArgumentException($"A transport problem has 1..{MaxSide} rows and columns, not {matrix.Height} x {matrix.Width}.");
        if (matrix.Height != rows)
            throw new ArgumentException($"The matrix has {matrix.Height} rows, the source marginal {rows} entries.");
    }

    /// <summary>Throws unless value is finite and positive.</summary>
    internal static void CheckPositive(double value, string name)
    {
        if (!(double.IsFinite(value) && value > 0))
            throw new ArgumentOutOfRangeException(name, value, "Must be finite and positive.");
    }

    /// <summary>Whether every value is finite and non-negative.</summary>
    internal static bool IsUsable(ReadOnlySpan<double> values)
    {
        foreach (double value in values)
        {
            if (!(value >= 0 && value <= double.MaxValue))
                return false;
        }

        return true;
    }

    /// <summary>Whether every value is finite and non-negative.</summary>
    internal static bool IsUsable(ReadOnlySpan2D<double> values)
    {
        for (int i = 0; i < values.Height; i++)
        {
            if (!IsUsable(values.GetRowSpan(i)))
                return false;
        }

        return true;
    }

    /// <summary>Whether no entry has mass.</summary>
    internal static bool IsEmpty(ReadOnlySpan<double> masses) => !masses.ContainsAnyExcept(0.0);

    /// <summary>The answer to unusable values: everything NaN, nothing thrown.</summary>
    internal static TransportOutcome NotFinite(Span2D<double> plan, Span<double> f, Span<double> g)
    {
        plan.Fill(double.NaN);
        f.Fill(double.NaN);
        g.Fill(double.NaN);
        return new TransportOutcome(TransportStatus.NotFinite, 0, double.NaN);
    }
}
