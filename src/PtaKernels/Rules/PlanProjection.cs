using CommunityToolkit.HighPerformance;

namespace PtaKernels.Rules;

/// <summary>From a transport plan to masses per target token (paper Eq 5; SPEC A3.4).</summary>
public static class PlanProjection
{
    /// <summary>Entries this close to a row's maximum tie with it, so that backends whose plans differ by rounding choose the same column.</summary>
    public const double TieTolerance = 1e-8;

    /// <summary>A row's further columns count as empty below this: some solvers round entries of 1e-26 of a row to 0, and a token of such a mass teaches nothing.</summary>
    public const double SmallestMass = 1e-20;

    /// <summary>Adds a plan's mass to a row.</summary>
    /// <param name="plan">[n, m].</param>
    /// <param name="columns">[m] target token of each column.</param>
    /// <param name="rule">Projection.</param>
    /// <param name="heaviest">r of <see cref="ProjectionRule.Topk"/>.</param>
    /// <param name="tie"><see cref="TieTolerance"/>, or 0 for the official strict first maximum.</param>
    /// <param name="destination">Receives the masses; tokens appear in the order in which rows choose them.</param>
    /// <returns>Choices in which a later column lay within <paramref name="tie"/> of the one taken; after a row's first choice only columns over it count.</returns>
    public static int Project(ReadOnlySpan2D<double> plan, ReadOnlySpan<int> columns, ProjectionRule rule, int heaviest, double tie, FusedRow destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        Span<bool> taken = stackalloc bool[plan.Width];
        int ties = 0;
        for (int i = 0; i < plan.Height; i++)
        {
            ReadOnlySpan<double> row = plan.GetRowSpan(i);
            if (rule == ProjectionRule.Barycentric)
            {
                for (int j = 0; j < row.Length; j++)
                {
                    if (!(row[j] < SmallestMass)) // a NaN is kept
                        destination.Add(columns[j], row[j]);
                }

                continue;
            }

            taken.Clear();
            for (int r = 0; r < (rule == ProjectionRule.Top1 ? 1 : Math.Min(heaviest, row.Length)); r++)
            {
                int column = FirstMaximum(row, taken, tie);
                double least = r == 0 ? 0 : tie; // further choices come to entries that some backends round to 0
                for (int j = column + 1; j < row.Length; j++)
                {
                    if (!taken[j] && row[j] > least && Math.Abs(row[j] - row[column]) <= tie)
                    {
                        ties++;
                        break;
                    }
                }

                taken[column] = true;
                if (r == 0 || !(row[column] < SmallestMass))
                    destination.Add(columns[column], row[column]);
            }
        }

        return ties;
    }

    /// <summary>The first entry within <paramref name="tie"/> of the largest one not taken; a NaN counts as largest, as in NumPy.</summary>
    private static int FirstMaximum(ReadOnlySpan<double> row, ReadOnlySpan<bool> taken, double tie)
    {
        double max = double.NegativeInfinity;
        for (int j = 0; j < row.Length; j++)
        {
            if (!taken[j])
                max = Math.Max(max, row[j]);
        }

        for (int j = 0; j < row.Length; j++)
        {
            if (!taken[j] && (row[j] >= max - tie || double.IsNaN(row[j])))
                return j;
        }

        return taken.IndexOf(false);
    }
}
