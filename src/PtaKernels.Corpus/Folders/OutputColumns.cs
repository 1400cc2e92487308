using Apache.Arrow;
using Apache.Arrow.Types;

namespace PtaKernels.Corpus.Folders;

/// <summary>The columns of an output split: the target's, trimmed and without its text, then those of the alignment (SPEC B section 0, or the fields of <see cref="FusedJsonLines"/>).</summary>
internal static class OutputColumns
{
    /// <summary>The columns in order.</summary>
    /// <exception cref="AlignmentDataException">An input column has the name of an output column.</exception>
    public static OutputColumn[] For(IColumnSplit target, IReadOnlyList<IColumnSplit> sources, OutputUnit unit)
    {
        bool official = unit == OutputUnit.Official;
        // The official packing repeats every column whose name holds "metric_ce" by the document's length, so step 3 drops the per-token one.
        OutputColumn[] kept = [.. target.Columns.Where(f => f.Name != DocumentColumns.Text && !(official && f.Name == DocumentColumns.CrossEntropy)).Select(f => Kept(f, target))];
        OutputColumn[] made = official ? [.. Enumerable.Range(0, sources.Count).SelectMany(s => PerSource(s, sources[s].Columns.Any(static c => c.Name == DocumentColumns.MeanCrossEntropy)))] : [.. Merged()];
        if (kept.FirstOrDefault(k => made.Any(m => m.Field.Name == k.Field.Name)) is { } twice)
        {
            throw new AlignmentDataException(
                $"{target.FirstFile}: already has a column {twice.Field.Name}, which the alignment writes; name the dataset before its alignment, or rename the column.");
        }

        return [.. kept, .. made];
    }

    private static OutputColumn Kept(Field field, IColumnSplit target)
    {
        try
        {
            return field.Name switch
            {
                DocumentColumns.Logits or DocumentColumns.Indices => TrimmedPositions(field),
                DocumentColumns.LogSumExp or DocumentColumns.CrossEntropy => TrimmedValues(field),
                _ => new CopiedColumn(field),
            };
        }
        catch (NotSupportedException)
        {
            throw new AlignmentDataException($"{target.FirstFile}: column {field.Name} is {ArrowLists.Describe(field.DataType)}, which cannot be copied to the output; remove the column.");
        }
    }

    private static ListColumn<byte> TrimmedPositions(Field field)
    {
        IArrowType leaf = ArrowLists.ItemOf(ArrowLists.ItemOf(field.DataType)!)!;
        int width = ((FixedWidthType)leaf).BitWidth / 8;
        return new ListColumn<byte>(field.Name, leaf, 2, (ListColumn<byte> column, in OutputRow row) =>
        {
            if (row.Target.Length == 0)
                return;
            IArrowArray rows = row.Record!.Columns[field.Name], positions = ArrowLists.ItemsOf(rows), values = ArrowLists.ItemsOf(positions);
            int start = ArrowLists.RangeOf(field.Name, rows, row.Record!.BatchRow).Start;
            (int first, int k) = ArrowLists.RangeOf(field.Name, positions, start);
            ReadOnlySpan<byte> bytes = values.Data.Buffers[1].Span.Slice((values.Offset + first) * width, row.Target.Length * k * width);
            for (int t = 0; t < row.Target.Length; t++)
            {
                column.Add(bytes.Slice(t * k * width, k * width));
                column.EndPosition();
            }

            row.Record!.Columns.KeepAlive();
        });
    }

    private static ListColumn<byte> TrimmedValues(Field field)
    {
        IArrowType leaf = ArrowLists.ItemOf(field.DataType)!;
        int width = ((FixedWidthType)leaf).BitWidth / 8;
        return new ListColumn<byte>(field.Name, leaf, 1, (ListColumn<byte> column, in OutputRow row) =>
        {
            IArrowArray rows = row.Record!.Columns[field.Name], values = ArrowLists.ItemsOf(rows);
            (int start, int length) = ArrowLists.RangeOf(field.Name, rows, row.Record!.BatchRow);
            column.Add(values.Data.Buffers[1].Span.Slice((values.Offset + start) * width, Math.Min(length, row.Target.Length) * width));
            row.Record!.Columns.KeepAlive();
        });
    }

    /// <summary>What a source gives under output <c>official</c>.</summary>
    /// <param name="s">Its number.</param>
    /// <param name="hasMean">Whether its documents have a mean cross-entropy.</param>
    public static IEnumerable<OutputColumn> PerSource(int s, bool hasMean)
    {
        yield return Values($"per_step_aligned_logits_{s}", (in OutputRow row) => row.Fused!.PerSource[s]);
        yield return Tokens($"per_step_aligned_indices_{s}", (in OutputRow row) => row.Fused!.PerSource[s]);
        if (hasMean)
            yield return new NumberColumn($"metric_ce_aligned_{s}", (in OutputRow row) => row.Sources[s].MeanCrossEntropy);
    }

    /// <summary>The merged rows of the other outputs.</summary>
    public static IEnumerable<OutputColumn> Merged()
    {
        static AlignedDocument Of(in OutputRow row) => row.Fused!.Merged!;
        yield return Tokens("fused_indices", Of);
        yield return Values("fused_probs", Of);
        yield return PerRow("fused_missing", DoubleType.Default, static row => row.Missing);
        yield return PerRow("kappa", DoubleType.Default, static row => row.Kappa);
        yield return new TextColumn("rules", static (in OutputRow row) => string.Create(Of(row).Rows, Of(row), static (letters, document) =>
        {
            for (int i = 0; i < letters.Length; i++)
                letters[i] = document[i].Letter;
        }));
        yield return PerRow("source", Int64Type.Default, static row => (long)row.Source);
    }

    private delegate AlignedDocument Rows(in OutputRow row);

    private static ListColumn<double> Values(string name, Rows rows) => new(name, DoubleType.Default, 2, (ListColumn<double> column, in OutputRow row) =>
    {
        AlignedDocument document = rows(row);
        for (int i = 0; i < document.Rows; i++)
        {
            column.Add(document.ValuesOf(i));
            column.EndPosition();
        }
    });

    private static ListColumn<long> Tokens(string name, Rows rows) => new(name, Int64Type.Default, 2, (ListColumn<long> column, in OutputRow row) =>
    {
        AlignedDocument document = rows(row);
        for (int i = 0; i < document.Rows; i++)
        {
            foreach (int token in document.IndicesOf(i))
                column.Add([token]);
            column.EndPosition();
        }
    });

    private static ListColumn<T> PerRow<T>(string name, IArrowType type, Func<RowProvenance, T> value)
        where T : unmanaged => new(name, type, 1, (ListColumn<T> column, in OutputRow row) =>
        {
            AlignedDocument document = row.Fused!.Merged!;
            for (int i = 0; i < document.Rows; i++)
                column.Add([value(document[i])]);
        });
}
