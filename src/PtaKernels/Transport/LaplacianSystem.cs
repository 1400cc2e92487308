namespace PtaKernels.Transport;

/// <summary>Linear systems of weighted graph Laplacians, solved without a single subtraction of weights.</summary>
/// <remarks>
/// The semi-dual's Hessian is such a Laplacian whose weights span three hundred decades at small ε. Cholesky on the assembled matrix
/// would lose the small ones to cancellation; eliminating a node here only adds products to the weights of its neighbours, so every
/// pivot keeps its full relative accuracy. Source: Grassmann, Taksar and Heyman 1985; O'Cinneide 1996.
/// </remarks>
internal static class LaplacianSystem
{
    // Below this a pivot's node is cut off from all later ones within float64; dividing by it could only overflow.
    private const double SmallestPivot = 1e-290;

    /// <summary>weights[j, k] = Σ_i a_i·p_ij·p_ik for j &lt; k; the rest of the matrix is not written.</summary>
    /// <param name="conditional">[n·m], p row by row, rows sum to 1.</param>
    /// <param name="a">[n].</param>
    /// <param name="weights">[m·m].</param>
    internal static void FromConditionals(ReadOnlySpan<double> conditional, ReadOnlySpan<double> a, Span<double> weights)
    {
        int m = conditional.Length / a.Length;
        weights.Clear();
        for (int i = 0; i < a.Length; i++)
        {
            ReadOnlySpan<double> row = conditional.Slice(i * m, m);
            for (int j = 0; j < m; j++)
            {
                double factor = a[i] * row[j];
                if (factor == 0)
                    continue;
                Span<double> into = weights.Slice(j * m, m);
                for (int k = j + 1; k < m; k++)
                    into[k] += factor * row[k];
            }
        }
    }

    /// <summary>Solves (L(weights) + diag(ground))·x = x₀ in place; without ground the last unknown is pinned at 0.</summary>
    /// <param name="weights">[m·m], upper triangle used, overwritten.</param>
    /// <param name="ground">[m], non-negative, overwritten.</param>
    /// <param name="x">[m], the right side in, the solution out. Nodes cut off from later ones and from ground get 0.</param>
    internal static void Solve(Span<double> weights, Span<double> ground, Span<double> x)
    {
        int m = x.Length;
        for (int k = 0; k < m; k++)
        {
            Span<double> row = weights.Slice(k * m, m);
            double pivot = ground[k];
            for (int j = k + 1; j < m; j++)
                pivot += row[j];
            if (pivot < SmallestPivot)
            {
                row.Clear();
                x[k] = 0;
                continue;
            }

            double inverse = 1 / pivot;
            x[k] *= inverse;
            for (int j = k + 1; j < m; j++)
            {
                double weight = row[j];
                if (weight == 0)
                    continue;
                row[j] = weight * inverse;
                x[j] += weight * x[k];
                ground[j] += row[j] * ground[k];
                Span<double> into = weights.Slice(j * m, m);
                for (int l = j + 1; l < m; l++)
                    into[l] += row[j] * row[l];
            }
        }

        for (int k = m - 2; k >= 0; k--)
        {
            ReadOnlySpan<double> row = weights.Slice(k * m, m);
            double sum = x[k];
            for (int j = k + 1; j < m; j++)
                sum += row[j] * x[j];
            x[k] = sum;
        }
    }
}
