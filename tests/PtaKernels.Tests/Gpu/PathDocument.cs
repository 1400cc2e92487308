using ILGPU;
using PtaKernels.Gpu;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Gpu;

/// <summary>A document of a batch of alignment paths, and the comparison of a batch with the full tables of <see cref="PathOracle"/>.</summary>
internal sealed class PathDocument
{
    public PathDocument(int[] rows, int[] columns, ushort[,] table) => (Rows, Columns, Table) = (rows, columns, table);

    public PathDocument(Random random, int n, int m, int rows, int columns, Func<int> next, bool identity = false)
    {
        Rows = [.. Enumerable.Range(0, n).Select(i => identity ? i : random.Next(rows))];
        Columns = [.. Enumerable.Range(0, m).Select(j => identity ? j : random.Next(columns))];
        Table = new ushort[rows, columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
                Table[i, j] = (ushort)next();
        }
    }

    public int[] Rows { get; }

    public int[] Columns { get; }

    public ushort[,] Table { get; }

    public double[,] Costs()
    {
        double[,] costs = new double[Rows.Length, Columns.Length];
        for (int i = 0; i < Rows.Length; i++)
        {
            for (int j = 0; j < Columns.Length; j++)
                costs[i, j] = Table[Rows[i], Columns[j]];
        }

        return costs;
    }

    /// <summary>Computes the paths together and compares first and last source positions, ties included, and totals.</summary>
    /// <returns>What became of the bands.</returns>
    public static BandOutcome[] AssertPaths(GpuDevice device, PathKernels kernels, IReadOnlyList<PathDocument> documents, bool wideCosts = false)
    {
        var shapes = new DocumentPath[documents.Count];
        int[] rows = [.. documents.SelectMany(static d => d.Rows)], columns = [.. documents.SelectMany(static d => d.Columns)];
        int source = 0, target = 0, cost = 0;
        for (int d = 0; d < shapes.Length; d++)
        {
            PathDocument document = documents[d];
            shapes[d] = new DocumentPath
            {
                SourceStart = source,
                SourceLength = document.Rows.Length,
                TargetStart = target,
                TargetLength = document.Columns.Length,
                TableRows = document.Table.GetLength(0),
                TableColumns = document.Table.GetLength(1),
                CostStart = cost,
            };
            source += document.Rows.Length;
            target += document.Columns.Length;
            cost += document.Table.Length;
        }

        int[] firstFound = new int[target], lastFound = new int[target];
        long[] totals = new long[shapes.Length];
        BandOutcome[] outcomes = [];
        using (GpuLane lane = device.Rent())
        {
            ArrayView<int> rowView = lane.Upload<int>(rows), columnView = lane.Upload<int>(columns), first = lane.Take<int>(target), last = lane.Take<int>(target);
            ArrayView<long> total = lane.Take<long>(shapes.Length);
            ushort[] costs = [.. documents.SelectMany(static d => d.Table.Cast<ushort>())];
            if (wideCosts)
                kernels.QueuePaths(lane, shapes, rowView, columnView, lane.Upload<ushort>(costs), first, last, total);
            else
                outcomes = Read(lane, kernels.QueuePaths(lane, shapes, rowView, columnView, lane.Upload<byte>([.. costs.Select(static c => (byte)c)]), first, last, total));
            lane.Download(first, firstFound);
            lane.Download(last, lastFound);
            lane.Download(total, totals);
        }

        for (int d = 0; d < shapes.Length; d++)
        {
            (double expected, List<(int Source, int Target)> steps) = PathOracle.Find(documents[d].Costs());
            string shape = $"document {d}, {shapes[d].SourceLength} x {shapes[d].TargetLength}";
            Assert.That(totals[d], Is.EqualTo((long)expected), shape);
            int start = shapes[d].TargetStart;
            foreach (IGrouping<int, int> paired in steps.GroupBy(static s => s.Target, static s => s.Source))
                Assert.That((firstFound[start + paired.Key], lastFound[start + paired.Key]), Is.EqualTo((paired.Min(), paired.Max())), $"{shape}, target {paired.Key}");
        }

        return outcomes;
    }

    private static BandOutcome[] Read(GpuLane lane, ArrayView<BandOutcome> view)
    {
        var outcomes = new BandOutcome[view.Length];
        if (outcomes.Length != 0)
            lane.Download(view, outcomes);
        return outcomes;
    }
}
