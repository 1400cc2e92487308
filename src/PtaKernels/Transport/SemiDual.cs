namespace PtaKernels.Transport;

/// <summary>Damped Newton on the semi-dual of entropic transport: rows are met exactly, column potentials are the unknowns.</summary>
/// <remarks>
/// Minimises Σ_i a_i·log Σ_j exp(G_j − K_ij) + Σ_j t_j(G_j) with K = C/ε, G = g/ε and t_j = −b_j·G_j (balanced) or
/// (1/r)·b_j·exp(−r·G_j) with r = ε/ρ (unbalanced). The gradient is column sum − wanted column mass; the Hessian is the
/// graph Laplacian of <see cref="LaplacianSystem"/>, grounded by the penalty. All masses are positive here.
/// Source: Cuturi and Peyré, Semidual regularized optimal transport, SIAM Review 2018.
/// </remarks>
internal ref struct SemiDual
{
    // Steps are capped at a number of ε that doubles while the slope stays steep and follows the secant when it overshoots.
    private const double FirstRadius = 4, SmallestRadius = 1e-3, Overshoot = 0.5, Undershoot = 0.25;

    // Links that carry less mass than the residual's rounding would otherwise ask for steps of any size and stall the others.
    private const double RelativeRidge = 1e-6, SmallestRidge = 1e-17;

    // Below this a column sum has lost digits to underflow and is formed in the log domain instead.
    private const double SmallestSum = 1e-290;

    private readonly int _n, _m;
    private readonly double _penalty;
    private readonly ReadOnlySpan<double> _scaledCost, _a, _b;
    private readonly Span<double> _weights, _ground, _direction;
    private Span<double> _conditional, _trialConditional;
    private Span<double> _gradient, _trialGradient;
    private Span<double> _trialPotential;

    /// <summary>G [m], in units of ε.</summary>
    internal Span<double> Potential;

    /// <summary>L1 norm of the column residual at <see cref="Potential"/>.</summary>
    internal double Error { get; private set; }

    /// <summary>Doubles of scratch that one problem needs.</summary>
    internal static int ScratchLength(int n, int m) => 2 * n * m + m * m + 6 * m;

    /// <param name="scaledCost">[n·m], C/ε row by row.</param>
    /// <param name="a">[n], positive.</param>
    /// <param name="b">[m], positive.</param>
    /// <param name="penalty">ε/ρ; 0 is the balanced problem.</param>
    /// <param name="scratch"><see cref="ScratchLength"/> doubles.</param>
    internal SemiDual(
        ReadOnlySpan<double> scaledCost, ReadOnlySpan<double> a, ReadOnlySpan<double> b, double penalty, Span<double> scratch)
    {
        _n = a.Length;
        _m = b.Length;
        _scaledCost = scaledCost;
        _a = a;
        _b = b;
        _penalty = penalty;
        int cells = _n * _m;
        _conditional = scratch[..cells];
        _trialConditional = scratch.Slice(cells, cells);
        _weights = scratch.Slice(2 * cells, _m * _m);
        Span<double> rest = scratch.Slice(2 * cells + _m * _m, 6 * _m);
        _gradient = rest[.._m];
        _trialGradient = rest.Slice(_m, _m);
        _trialPotential = rest.Slice(2 * _m, _m);
        _ground = rest.Slice(3 * _m, _m);
        _direction = rest.Slice(4 * _m, _m);
        Potential = rest.Slice(5 * _m, _m);
        Error = double.PositiveInfinity;
    }

    /// <summary>Re-evaluates after <see cref="Potential"/> was written.</summary>
    internal void Evaluate() => Error = Evaluate(Potential, _conditional, _gradient);

    /// <summary>One Sinkhorn sweep: columns are met exactly, then the rows again.</summary>
    internal void Sweep()
    {
        // A log-domain sum reads the old potentials, so the new ones take their place only after the last column.
        Potential.CopyTo(_trialPotential);
        for (int j = 0; j < _m; j++)
        {
            double sum = 0;
            for (int i = 0; i < _n; i++)
                sum += _a[i] * _conditional[i * _m + j];
            double logSum = sum > SmallestSum ? Math.Log(sum) : LogColumnSum(j);
            // Balanced: the step is log(b/sum). A penalised wanted mass moves along with G, hence the contraction by ρ/(ρ+ε).
            _trialPotential[j] += (Math.Log(_b[j]) - logSum - _penalty * Potential[j]) / (1 + _penalty);
        }

        _trialPotential.CopyTo(Potential);
        Evaluate();
    }

    /// <summary>Newton steps from <see cref="Potential"/> until the residual reaches target or stops shrinking.</summary>
    /// <returns>Steps taken.</returns>
    internal int Descend(double target, int maxSteps)
    {
        double radius = FirstRadius;
        for (int step = 0; step < maxSteps; step++)
        {
            if (Error <= target)
                return step;
            double ridge = Math.Max(SmallestRidge, RelativeRidge * Error);
            LaplacianSystem.FromConditionals(_conditional, _a, _weights);
            for (int j = 0; j < _m; j++)
            {
                _ground[j] = _penalty * Wanted(Potential[j], j) + (j < _m - 1 ? ridge : 0);
                _direction[j] = -_gradient[j];
            }

            LaplacianSystem.Solve(_weights, _ground, _direction);
            double slope = Dot(_gradient, _direction);
            double reach = LargestMagnitude(_direction);
            double length = Math.Min(1, radius / reach);
            while (true)
            {
                for (int j = 0; j < _m; j++)
                    _trialPotential[j] = Potential[j] + length * _direction[j];
                double error = Evaluate(_trialPotential, _trialConditional, _trialGradient);
                double trialSlope = Dot(_trialGradient, _direction);
                if (trialSlope <= -Overshoot * slope || error <= target)
                {
                    // Once certified, the first step that gains nothing has met the rounding of float64.
                    if (error <= TransportCertificate.MarginalTolerance && error >= Error)
                        return step + 1;
                    Accept(error);
                    if (length < 1 && trialSlope < Undershoot * slope)
                        radius *= 2;
                    break;
                }

                // The slope of a convex function crosses zero before the overshoot: the secant points near the crossing.
                length *= Math.Clamp(slope / (slope - trialSlope), 0.1, 0.5);
                radius = Math.Min(radius, length * reach);
                if (!(radius >= SmallestRadius))
                    return step + 1;
            }
        }

        return maxSteps;
    }

    /// <summary>f_i/ε of the row: log a_i − log Σ_j exp(G_j − K_ij).</summary>
    internal readonly double RowPotential(int row)
    {
        ReadOnlySpan<double> cost = _scaledCost.Slice(row * _m, _m);
        double largest = double.NegativeInfinity;
        for (int j = 0; j < _m; j++)
            largest = Math.Max(largest, Potential[j] - cost[j]);
        double sum = 0;
        for (int j = 0; j < _m; j++)
            sum += Math.Exp(Potential[j] - cost[j] - largest);
        return Math.Log(_a[row]) - largest - Math.Log(sum);
    }

    private readonly double LogColumnSum(int column)
    {
        double largest = double.NegativeInfinity, sum = 0;
        for (int i = 0; i < _n; i++)
        {
            double term = RowPotential(i) + Potential[column] - _scaledCost[i * _m + column];
            double next = Math.Max(largest, term);
            sum = sum * Math.Exp(largest - next) + Math.Exp(term - next);
            largest = next;
        }

        return largest + Math.Log(sum);
    }

    private readonly double Wanted(double potential, int column) =>
        _penalty == 0 ? _b[column] : _b[column] * Math.Exp(-_penalty * potential);

    private readonly double Evaluate(ReadOnlySpan<double> potential, Span<double> conditional, Span<double> gradient)
    {
        gradient.Clear();
        for (int i = 0; i < _n; i++)
        {
            ReadOnlySpan<double> cost = _scaledCost.Slice(i * _m, _m);
            Span<double> row = conditional.Slice(i * _m, _m);
            double largest = double.NegativeInfinity;
            for (int j = 0; j < row.Length; j++)
            {
                row[j] = potential[j] - cost[j];
                largest = Math.Max(largest, row[j]);
            }

            double sum = 0;
            for (int j = 0; j < row.Length; j++)
            {
                row[j] = Math.Exp(row[j] - largest);
                sum += row[j];
            }

            double scale = 1 / sum, mass = _a[i];
            for (int j = 0; j < row.Length; j++)
            {
                row[j] *= scale;
                gradient[j] += mass * row[j];
            }
        }

        double error = 0;
        for (int j = 0; j < gradient.Length; j++)
        {
            gradient[j] -= Wanted(potential[j], j);
            error += Math.Abs(gradient[j]);
        }

        return error;
    }

    private void Accept(double error)
    {
        Span<double> swap = Potential;
        Potential = _trialPotential;
        _trialPotential = swap;
        swap = _conditional;
        _conditional = _trialConditional;
        _trialConditional = swap;
        swap = _gradient;
        _gradient = _trialGradient;
        _trialGradient = swap;
        Error = error;
    }

    private static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double sum = 0;
        for (int j = 0; j < x.Length; j++)
            sum += x[j] * y[j];
        return sum;
    }

    private static double LargestMagnitude(ReadOnlySpan<double> x)
    {
        double largest = 0;
        foreach (double value in x)
            largest = Math.Max(largest, Math.Abs(value));
        return largest;
    }
}
