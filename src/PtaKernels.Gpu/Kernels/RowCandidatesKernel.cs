using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Collects the candidates and columns of rows, one thread per row (SPEC A3.3; B 3b.2).</summary>
internal static class RowCandidatesKernel
{
    /// <summary>Preset <c>reference</c>: the source's candidates as mapped target tokens, duplicates dropped; see <see cref="Rules.MappedCandidates"/>.</summary>
    /// <param name="rows">The rows.</param>
    [GpuKernel(threads: 128, registers: 96, ExactFloat64 = true)]
    public static void Mapped(RowArguments rows)
    {
        int r = Grid.GlobalIndex.X;
        if (r >= rows.Count)
            return;
        int k = rows.SourceK, window = rows.Used;
        long source = (long)rows.SourceRow[r] * k, target = (long)rows.TargetRow[r] * rows.TargetK, own = (long)r * k;
        int mapped = 0;
        for (int c = 0; c < k; c++)
        {
            int token = rows.OfficialMap[rows.SourceCandidates[source + c]];
            if (token < 0)
            {
                rows.MappedCounts[r] = -1;
                rows.RowCounts[r] = 0;
                // The costs of all rows are computed: without ids there are none here, and the columns' are not read.
                for (int i = 0; i < window; i++)
                    rows.RowIds[((long)r * window) + i] = -1;
                return;
            }

            if (!Holds(rows.MappedTokens, own, mapped, token))
            {
                rows.MappedTokens[own + mapped] = token;
                rows.MappedLogits[own + mapped] = rows.SourceLogits[source + c];
                mapped++;
            }
        }

        rows.MappedCounts[r] = mapped;
        RowMassKernel.Softmax(rows.SourceLogits, source, k, rows.Temperature, rows.Powers, rows.WholeMass, own);
        // Fewer mapped tokens than the window: the candidates' logits stand as they are (SPEC B 3b.3).
        bool transports = mapped >= window && rows.ColumnsUsed >= window;
        rows.RowCounts[r] = transports ? window : 0;
        rows.ColumnCounts[r] = transports ? rows.ColumnsUsed : 0;
        for (int c = 0; c < window; c++)
        {
            rows.RowIds[((long)r * window) + c] = transports ? rows.MappedTokens[own + c] : -1;
            rows.RowMass[((long)r * window) + c] = rows.WholeMass[own + c];
        }

        if (!transports)
            return;
        // The softmax over all k, then cut (O6): room for all k stands in the results, which come later.
        long results = (long)r * rows.ResultRoom, columns = (long)r * rows.ColumnRoom;
        RowMassKernel.Softmax(rows.TargetLogits, target, rows.TargetK, rows.Temperature, rows.Powers, rows.ResultValues, results);
        for (int j = 0; j < rows.ColumnsUsed; j++)
        {
            int token = rows.TargetCandidates[target + j];
            rows.ColumnIds[columns + j] = token;
            rows.ColumnTokens[columns + j] = token;
            rows.ColumnMass[columns + j] = rows.ResultValues[results + j];
        }
    }

    /// <summary>Presets <c>paper</c> and <c>fusion</c>: candidates by their texts; see <see cref="Rules.RowCandidates"/> and <see cref="Rules.ColumnCandidates"/>.</summary>
    /// <param name="rows">The rows.</param>
    [GpuKernel(threads: 128, registers: 96, ExactFloat64 = true)]
    public static void Texts(RowArguments rows)
    {
        int r = Grid.GlobalIndex.X;
        if (r >= rows.Count)
            return;
        long own = (long)r * rows.Used;
        int n = CollectSource(rows, r, own);
        if (rows.RowTokens.Length > 0)
            CollectTokens(rows, r, own, n);
        int m = rows.PriorStarts.Length > 0 ? CollectPrior(rows, r) : CollectColumns(rows, r, own, n);
        // A prior's masked row offers no column, and so nothing arrives.
        rows.RowCounts[r] = m == 0 ? 0 : n;
        rows.ColumnCounts[r] = m;
        long columns = (long)r * rows.ColumnRoom;
        for (int j = 0; j < rows.ColumnRoom; j++)
        {
            int id = j < m ? rows.ColumnTokens[columns + j] : -1;
            if (id < 0)
                rows.ColumnTokens[columns + j] = -1;
            if (id >= 0 && rows.DropsSpace[r] != 0)
                id = rows.WithoutSpace[id];
            rows.ColumnIds[columns + j] = id;
        }
    }

    /// <summary>Preset <c>fusion</c> under projection <c>byte</c>: the source's candidates alone.</summary>
    /// <param name="rows">The rows.</param>
    [GpuKernel(threads: 128, registers: 96, ExactFloat64 = true)]
    public static void Fits(RowArguments rows)
    {
        int r = Grid.GlobalIndex.X;
        if (r < rows.Count)
            rows.RowCounts[r] = CollectSource(rows, r, (long)r * rows.Used);
    }

    /// <summary>The source's candidates, by the host or whole; returns how many.</summary>
    private static int CollectSource(RowArguments rows, int r, long own)
    {
        int prepared = rows.Prepared[r], n = rows.Used;
        if (prepared >= 0)
        {
            n = rows.PreparedCount[prepared];
            long from = (long)prepared * rows.Used;
            bool needsNearest = NeedsNearest(rows);
            for (int c = 0; c < n; c++)
            {
                rows.RowIds[own + c] = rows.PreparedIds[from + c];
                rows.RowMass[own + c] = rows.PreparedMass[from + c];
                if (needsNearest)
                    rows.Nearest[own + c] = rows.PreparedNearest[from + c];
            }

            rows.Missing[r] = rows.PreparedMissing[prepared];
        }
        else
        {
            CollectWhole(rows, r, own);
        }

        for (int c = n; c < rows.Used; c++)
        {
            rows.RowIds[own + c] = -1;
            rows.RowMass[own + c] = 0;
        }

        return n;
    }

    /// <summary>The source tokens of the candidates, by the host or whole.</summary>
    private static void CollectTokens(RowArguments rows, int r, long own, int n)
    {
        int prepared = rows.Prepared[r];
        ArrayView<int> tokens = prepared < 0 ? rows.SourceCandidates : rows.PreparedTokens;
        long from = prepared < 0 ? (long)rows.SourceRow[r] * rows.SourceK : (long)prepared * rows.Used;
        for (int c = 0; c < rows.Used; c++)
            rows.RowTokens[own + c] = c < n ? tokens[from + c] : -1;
    }

    private static bool NeedsNearest(RowArguments rows) => rows.Union != 0 || rows.Signal != 0;

    /// <summary>The leading candidates of a source row, whole.</summary>
    private static void CollectWhole(RowArguments rows, int r, long own)
    {
        long source = (long)rows.SourceRow[r] * rows.SourceK;
        double missing = 0;
        if (rows.Tail != 0)
        {
            double logSumExp = rows.LogSumExp[rows.SourceRow[r]], sum = 0;
            for (int c = 0; c < rows.Used; c++)
            {
                double mass = DeviceMath.StableExp(rows.SourceLogits[source + c] - logSumExp, rows.Powers);
                rows.RowMass[own + c] = mass;
                sum += mass;
            }

            missing = sum < 1 ? 1 - sum : 0;
        }
        else
        {
            RowMassKernel.Softmax(rows.SourceLogits, source, rows.Used, rows.Temperature, rows.Powers, rows.RowMass, own);
        }

        bool needsNearest = NeedsNearest(rows), byFit = rows.FitOfToken.Length > 0;
        for (int c = 0; c < rows.Used; c++)
        {
            int token = rows.SourceCandidates[source + c];
            rows.RowIds[own + c] = byFit ? rows.FitOfToken[token] : token;
            if (needsNearest)
                rows.Nearest[own + c] = rows.NearestText[token];
        }

        rows.Missing[r] = missing;
    }

    /// <summary>The target's leading candidates, and under <c>union</c> each source candidate's nearest token; returns how many.</summary>
    private static int CollectColumns(RowArguments rows, int r, long own, int n)
    {
        long target = (long)rows.TargetRow[r] * rows.TargetK, columns = (long)r * rows.ColumnRoom;
        int m = rows.ColumnsUsed;
        for (int j = 0; j < m; j++)
            rows.ColumnTokens[columns + j] = rows.TargetCandidates[target + j];
        if (rows.Union != 0)
        {
            // Only unbalanced transport reads b there.
            for (int c = 0; c < n && m < rows.ColumnRoom; c++)
            {
                int token = rows.Nearest[own + c];
                if (token >= 0 && !Holds(rows.ColumnTokens, columns, m, token))
                    rows.ColumnTokens[columns + m++] = token;
            }

            return m;
        }

        RowMassKernel.Softmax(rows.TargetLogits, target, m, rows.Temperature, rows.Powers, rows.ColumnMass, columns);
        Normalise(rows.ColumnMass, columns, m);
        return m;
    }

    /// <summary>The tokens of positive mass of the row before (SPEC A3.5); returns how many.</summary>
    private static int CollectPrior(RowArguments rows, int r)
    {
        long columns = (long)r * rows.ColumnRoom;
        int m = 0, end = rows.PriorStarts[rows.TargetRow[r] + 1];
        for (int e = rows.PriorStarts[rows.TargetRow[r]]; e < end && m < rows.ColumnRoom; e++)
        {
            if (rows.PriorValues[e] > 0)
            {
                rows.ColumnTokens[columns + m] = rows.PriorTokens[e];
                rows.ColumnMass[columns + m] = rows.PriorValues[e];
                m++;
            }
        }

        Normalise(rows.ColumnMass, columns, m);
        return m;
    }

    private static void Normalise(ArrayView<double> mass, long from, int count)
    {
        double sum = RowMassKernel.Sum(mass, from, count);
        for (int j = 0; j < count; j++)
            mass[from + j] /= sum;
    }

    private static bool Holds(ArrayView<int> tokens, long from, int count, int token)
    {
        for (int i = 0; i < count; i++)
        {
            if (tokens[from + i] == token)
                return true;
        }

        return false;
    }
}
