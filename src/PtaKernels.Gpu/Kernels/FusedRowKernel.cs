using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>From chosen columns to finished rows, one thread per row; see <see cref="Rules.FusedRow"/> and <see cref="Rules.TeacherSignal"/>.</summary>
internal static class FusedRowKernel
{
    /// <summary>Preset <c>reference</c>: masses in order of first appearance, or the mapped candidates' logits as they are (SPEC B 3b.3, O9).</summary>
    /// <param name="rows">The rows.</param>
    [GpuKernel(threads: 128, registers: 96, ExactFloat64 = true)]
    public static void Official(RowArguments rows)
    {
        int r = Grid.GlobalIndex.X;
        if (r >= rows.Count)
            return;
        long results = (long)r * rows.ResultRoom, own = (long)r * rows.SourceK;
        int count = rows.RowCounts[r] > 0 ? Merge(rows, r) : -1;
        rows.ResultCounts[r] = count;
        if (count < 0 || !AllFinite(rows.ResultValues, results, count))
        {
            rows.ResultCounts[r] = count < 0 ? rows.MappedCounts[r] : -2;
            count = rows.MappedCounts[r];
            for (int c = 0; c < count; c++)
            {
                rows.ResultTokens[results + c] = rows.MappedTokens[own + c];
                rows.ResultValues[results + c] = rows.MappedLogits[own + c];
            }
        }

        if (rows.Signal == 0 || count < 0)
            return;
        // The official collator takes the softmax of whatever stands in a row (O8).
        if (count > 0)
            RowMassKernel.Softmax(rows.ResultValues, results, count, 1, rows.Powers, rows.Scratch, results);
        long source = (long)rows.SourceRow[r] * rows.SourceK;
        int known = 0;
        for (int c = 0; c < rows.SourceK; c++)
            known = AddSignal(rows, own, known, rows.NearestText[rows.SourceCandidates[source + c]], rows.WholeMass[own + c]);
        rows.SignalKept[r] = Kept(rows, own, known, results, count, rows.Scratch);
    }

    /// <summary>Presets <c>paper</c> and <c>fusion</c>: probabilities, heaviest first, ids ascending where equal.</summary>
    /// <param name="rows">The rows.</param>
    [GpuKernel(threads: 128, registers: 96, ExactFloat64 = true)]
    public static void Probabilities(RowArguments rows)
    {
        int r = Grid.GlobalIndex.X;
        if (r >= rows.Count)
            return;
        rows.ResultCounts[r] = -1;
        if (rows.RowCounts[r] == 0)
            return;
        long results = (long)r * rows.ResultRoom;
        int count = Merge(rows, r);
        if (!AllFinite(rows.ResultValues, results, count))
            return;
        count = DropMassless(rows, results, count);
        Sort(rows, results, count);
        double all = 0;
        for (int i = 0; i < count; i++)
            all += rows.ResultValues[results + i];
        Complete(rows, r, count, all);
    }

    /// <summary>Scales a row's tokens, which stand in its results, heaviest first, and measures what they keep of the source. A row without any, or with a mass that is not finite, receives nothing.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="r">The row; its result count is -1.</param>
    /// <param name="count">Its tokens.</param>
    /// <param name="all">Mass of all tokens together, also of those that are not there any more.</param>
    public static void Complete(RowArguments rows, int r, int count, double all)
    {
        long results = (long)r * rows.ResultRoom, own = (long)r * rows.Used;
        if (count == 0 || !AllFinite(rows.ResultValues, results, count))
            return;
        count = Finish(rows, r, results, count, all);
        rows.ResultCounts[r] = count;
        if (rows.Signal == 0)
            return;
        long signal = (long)r * rows.SourceK;
        int known = 0;
        for (int c = 0; c < rows.RowCounts[r]; c++)
            known = AddSignal(rows, signal, known, rows.Nearest[own + c], rows.RowMass[own + c]);
        rows.SignalKept[r] = Kept(rows, signal, known, results, count, rows.ResultValues);
    }

    /// <summary>Adds each candidate's mass to the token of its column, tokens in order of first appearance; returns how many.</summary>
    private static int Merge(RowArguments rows, int r)
    {
        long results = (long)r * rows.ResultRoom, own = (long)r * rows.Used, columns = (long)r * rows.ColumnRoom;
        int count = 0;
        for (int c = 0; c < rows.RowCounts[r]; c++)
        {
            int token = rows.ColumnTokens[columns + rows.Chosen[own + c]];
            double mass = rows.ChosenMass[own + c];
            int at = 0;
            while (at < count && rows.ResultTokens[results + at] != token)
                at++;
            if (at < count)
            {
                rows.ResultValues[results + at] += mass;
            }
            else
            {
                rows.ResultTokens[results + count] = token;
                rows.ResultValues[results + count] = mass;
                count++;
            }
        }

        return count;
    }

    private static bool AllFinite(ArrayView<double> values, long from, int count)
    {
        for (int i = 0; i < count; i++)
        {
            // The difference of a number to itself is 0, of infinity or NaN to itself NaN.
            if (values[from + i] - values[from + i] != 0)
                return false;
        }

        return true;
    }

    private static int DropMassless(RowArguments rows, long from, int count)
    {
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            double mass = rows.ResultValues[from + i];
            if (mass > 0)
            {
                rows.ResultValues[from + kept] = mass;
                rows.ResultTokens[from + kept] = rows.ResultTokens[from + i];
                kept++;
            }
        }

        return kept;
    }

    /// <summary>Insertion sort: mass descending, id ascending.</summary>
    private static void Sort(RowArguments rows, long from, int count)
    {
        for (int i = 1; i < count; i++)
        {
            double mass = rows.ResultValues[from + i];
            int token = rows.ResultTokens[from + i];
            int at = i;
            while (at > 0 && (rows.ResultValues[from + at - 1] < mass || (rows.ResultValues[from + at - 1] == mass && rows.ResultTokens[from + at - 1] > token)))
            {
                rows.ResultValues[from + at] = rows.ResultValues[from + at - 1];
                rows.ResultTokens[from + at] = rows.ResultTokens[from + at - 1];
                at--;
            }

            rows.ResultValues[from + at] = mass;
            rows.ResultTokens[from + at] = token;
        }
    }

    /// <summary>Keeps the heaviest and scales them; what is cut goes to the missing mass under <c>tail</c> (SPEC A3.3). Returns how many are kept.</summary>
    private static int Finish(RowArguments rows, int r, long from, int count, double all)
    {
        double kept = 0;
        if (count > rows.Kept)
            count = rows.Kept;
        for (int i = 0; i < count; i++)
            kept += rows.ResultValues[from + i];
        bool tail = rows.Tail != 0;
        double scale = (1 - rows.Missing[r]) / (tail ? all : kept);
        for (int i = 0; i < count; i++)
            rows.ResultValues[from + i] *= scale;
        double missing = 1 - (kept * scale);
        rows.Missing[r] = tail && missing > 0 ? missing : 0;
        return count;
    }

    /// <summary>Pushes a candidate's mass to its nearest token; returns how many tokens are known.</summary>
    private static int AddSignal(RowArguments rows, long from, int known, int nearest, double mass)
    {
        if (nearest < 0)
            return known;
        int at = 0;
        while (at < known && rows.SignalTokens[from + at] != nearest)
            at++;
        if (at < known)
        {
            rows.SignalMass[from + at] += mass;
            return known;
        }

        rows.SignalTokens[from + known] = nearest;
        rows.SignalMass[from + known] = mass;
        return known + 1;
    }

    private static double Kept(RowArguments rows, long from, int known, long results, int count, ArrayView<double> seen)
    {
        double kept = 0;
        for (int i = 0; i < known; i++)
        {
            int at = 0;
            while (at < count && rows.ResultTokens[results + at] != rows.SignalTokens[from + i])
                at++;
            if (at < count)
            {
                double source = rows.SignalMass[from + i], student = seen[results + at];
                // As Math.Min does, a NaN on either side wins.
                kept += source < student || double.IsNaN(source) ? source : student;
            }
        }

        return kept;
    }
}
