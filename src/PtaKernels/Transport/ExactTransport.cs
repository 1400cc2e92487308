using CommunityToolkit.HighPerformance;
using CommunityToolkit.HighPerformance.Buffers;

namespace PtaKernels.Transport;

/// <summary>Unregularised optimal transport: argmin ⟨P, C⟩ with P·1 = a, Pᵀ·1 = b, and its dual potentials.</summary>
public static class ExactTransport
{
    /// <summary>Solves one transportation problem by successive shortest augmenting paths.</summary>
    /// <remarks>
    /// Sums of a and b may differ by rounding; what is left when either side is used up is dropped and shows in the marginal error.
    /// Ties: a path is chosen by (length, number of hops, column), so each of the finitely many augmentations empties a row, a column
    /// or a plan entry exactly (the Edmonds-Karp argument) and the search ends for any masses.
    /// Source: Ahuja, Magnanti and Orlin, Network Flows, 9.7.
    /// </remarks>
    /// <param name="cost">[n, m], finite and non-negative; n, m in 1..64, not necessarily equal.</param>
    /// <param name="a">[n], masses of the rows, finite and non-negative.</param>
    /// <param name="b">[m], masses of the columns, finite and non-negative.</param>
    /// <param name="plan">[n, m], receives the optimum, at most n + m − 1 positive entries when the optimum is unique.</param>
    /// <param name="u">[n], receives u: u_i + v_j ≤ C_ij for all i, j up to rounding, with equality where the plan is positive.</param>
    /// <param name="v">[m], receives v. Integer costs give integer u, v. Tight pairs connect all rows and columns, even massless.</param>
    /// <returns>
    /// Converged, with the augmentations as iterations; NotFinite, and NaN in every output, if a value is NaN, infinite or negative.
    /// </returns>
    /// <exception cref="ArgumentException">The shapes do not agree or are out of range.</exception>
    public static TransportOutcome Solve(
        ReadOnlySpan2D<double> cost, ReadOnlySpan<double> a, ReadOnlySpan<double> b,
        Span2D<double> plan, Span<double> u, Span<double> v)
    {
        TransportInput.CheckShapes(cost, a, b, u, v);
        TransportInput.CheckShapes(plan, a, b, u, v);
        if (!TransportInput.IsUsable(cost) || !TransportInput.IsUsable(a) || !TransportInput.IsUsable(b))
            return TransportInput.NotFinite(plan, u, v);

        int n = a.Length, m = b.Length;
        using SpanOwner<double> real = SpanOwner<double>.Allocate(2 * (n + m));
        using SpanOwner<int> whole = SpanOwner<int>.Allocate(2 * n + 3 * m);
        PathSearch search = new(cost, plan, u, v, real.Span, whole.Span);
        a.CopyTo(search.Supply);
        b.CopyTo(search.Demand);

        search.FillTightPairs();
        // Never met with integer costs. Rounded reduced costs void the proof for masses below one ulp: there it ends the search.
        int augmentations = 0, limit = n * m * (n + m);
        for (int i = 0; i < n; i++)
        {
            while (search.Supply[i] > 0 && augmentations < limit)
            {
                int sink = search.FindPath(i);
                if (sink < 0)
                    break;
                search.Augment(i, sink);
                augmentations++;
            }
        }

        search.ConnectTightPairs(a);
        double error = TransportCertificate.PlanMarginalError(plan, a, b);
        return new TransportOutcome(TransportStatus.Converged, augmentations, error);
    }

    /// <summary>State of the path search: the residual graph is the plan, the reduced costs are C − u − v.</summary>
    private readonly ref struct PathSearch
    {
        private const int None = -1;

        private readonly ReadOnlySpan2D<double> _cost;
        private readonly Span2D<double> _plan;
        private readonly Span<double> _u, _v;

        // Distances from the path's first row; a row's distance is that of the column it was entered by.
        private readonly Span<double> _rowDistance, _columnDistance;
        private readonly Span<int> _rowEntry, _columnEntry, _hops, _state;

        internal readonly Span<double> Supply, Demand;

        internal PathSearch(
            ReadOnlySpan2D<double> cost, Span2D<double> plan, Span<double> u, Span<double> v, Span<double> real, Span<int> whole)
        {
            int n = u.Length, m = v.Length;
            _cost = cost;
            _plan = plan;
            _u = u;
            _v = v;
            Supply = real[..n];
            Demand = real.Slice(n, m);
            _rowDistance = real.Slice(n + m, n);
            _columnDistance = real.Slice(2 * n + m, m);
            _rowEntry = whole[..n];
            _columnEntry = whole.Slice(n, m);
            _hops = whole.Slice(n + m, m);
            _state = whole.Slice(n + 2 * m, m);
        }

        /// <summary>Feasible duals by row, then column minima; mass is placed greedily where they are tight.</summary>
        internal void FillTightPairs()
        {
            _plan.Clear();
            for (int i = 0; i < _u.Length; i++)
            {
                double least = double.PositiveInfinity;
                foreach (double entry in _cost.GetRowSpan(i))
                    least = Math.Min(least, entry);
                _u[i] = least;
            }

            for (int j = 0; j < _v.Length; j++)
            {
                double least = double.PositiveInfinity;
                for (int i = 0; i < _u.Length; i++)
                    least = Math.Min(least, _cost[i, j] - _u[i]);
                _v[j] = least;
            }

            for (int i = 0; i < _u.Length; i++)
            {
                for (int j = 0; j < _v.Length && Supply[i] > 0; j++)
                {
                    if (ReducedCost(i, j) > 0)
                        continue;
                    double amount = Math.Min(Supply[i], Demand[j]);
                    _plan[i, j] = amount;
                    Supply[i] -= amount;
                    Demand[j] -= amount;
                }
            }
        }

        /// <summary>Shortest path from a row to a column with demand; duals rise so that it is tight. −1 if no demand is left.</summary>
        internal int FindPath(int source)
        {
            Start(source);
            int column;
            while ((column = TakeNearest()) != None)
            {
                if (Demand[column] > 0)
                    break;
                EnterRows(column);
            }

            if (column == None)
                return None;

            double length = _columnDistance[column];
            for (int i = 0; i < _u.Length; i++)
            {
                if (_rowEntry[i] != None)
                    _u[i] += length - _rowDistance[i];
            }

            for (int j = 0; j < _v.Length; j++)
            {
                if (_state[j] != 0)
                    _v[j] -= length - _columnDistance[j];
            }

            return column;
        }

        /// <summary>Moves as much as the path allows; the smallest of its amounts becomes exactly zero.</summary>
        internal void Augment(int source, int sink)
        {
            double amount = Math.Min(Supply[source], Demand[sink]);
            for (int j = sink, i = _columnEntry[j]; i != source; i = _columnEntry[j])
            {
                j = _rowEntry[i];
                amount = Math.Min(amount, _plan[i, j]);
            }

            for (int j = sink, i = _columnEntry[j]; ; i = _columnEntry[j])
            {
                _plan[i, j] += amount;
                if (i == source)
                    break;
                j = _rowEntry[i];
                _plan[i, j] -= amount;
            }

            Supply[source] -= amount;
            Demand[sink] -= amount;
        }

        /// <summary>Shifts the duals by the distances from the heaviest row: still optimal, and now tight along a spanning tree.</summary>
        internal void ConnectTightPairs(ReadOnlySpan<double> a)
        {
            int root = 0;
            for (int i = 1; i < a.Length; i++)
                root = a[i] > a[root] ? i : root;

            Start(root);
            for (int column = TakeNearest(); column != None; column = TakeNearest())
                EnterRows(column);

            for (int j = 0; j < _v.Length; j++)
                _v[j] += _columnDistance[j];
            for (int i = 0; i < _u.Length; i++)
            {
                if (_rowEntry[i] != None)
                    _u[i] -= _rowDistance[i];
                else
                    _u[i] = LargestFeasible(i);
            }
        }

        private double LargestFeasible(int row)
        {
            double largest = double.PositiveInfinity;
            for (int j = 0; j < _v.Length; j++)
                largest = Math.Min(largest, _cost[row, j] - _v[j]);
            return largest;
        }

        // Real-valued costs can leave a reduced cost a rounding error below zero, which Dijkstra must not see.
        private double ReducedCost(int i, int j) => Math.Max(0, _cost[i, j] - _u[i] - _v[j]);

        private void Start(int source)
        {
            _rowEntry.Fill(None);
            _state.Clear();
            _rowDistance[source] = 0;
            for (int j = 0; j < _v.Length; j++)
            {
                _columnDistance[j] = ReducedCost(source, j);
                _columnEntry[j] = source;
                _hops[j] = 1;
            }

            // The source is never re-entered: its mark is any column, and paths end on reaching the row itself.
            _rowEntry[source] = 0;
        }

        private int TakeNearest()
        {
            int nearest = None;
            for (int j = 0; j < _v.Length; j++)
            {
                if (_state[j] != 0)
                    continue;
                if (nearest == None || _columnDistance[j] < _columnDistance[nearest]
                    || (_columnDistance[j] == _columnDistance[nearest] && _hops[j] < _hops[nearest]))
                    nearest = j;
            }

            if (nearest != None)
                _state[nearest] = 1;
            return nearest;
        }

        private void EnterRows(int column)
        {
            double distance = _columnDistance[column];
            for (int i = 0; i < _u.Length; i++)
            {
                if (_rowEntry[i] != None || _plan[i, column] == 0)
                    continue;
                _rowEntry[i] = column;
                _rowDistance[i] = distance;
                for (int j = 0; j < _v.Length; j++)
                {
                    if (_state[j] != 0)
                        continue;
                    double through = distance + ReducedCost(i, j);
                    int hops = _hops[column] + 2;
                    if (through < _columnDistance[j] || (through == _columnDistance[j] && hops < _hops[j]))
                    {
                        _columnDistance[j] = through;
                        _columnEntry[j] = i;
                        _hops[j] = hops;
                    }
                }
            }
        }
    }
}
