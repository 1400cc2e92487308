using CommunityToolkit.HighPerformance;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>One of several alignment paths that are computed together.</summary>
/// <param name="Source">[n] rows of <paramref name="Cost"/>, at least one.</param>
/// <param name="Target">[m] columns of <paramref name="Cost"/>, at least one.</param>
/// <param name="Cost">Costs between distinct tokens.</param>
public sealed record PathProblem(int[] Source, int[] Target, byte[,] Cost);

/// <summary>Path problems on the device, one after the other.</summary>
internal sealed record PathBatch(DocumentPath[] Documents, ArrayView<int> Rows, ArrayView<int> Columns, ArrayView<byte> Costs, int TargetCount)
{
    /// <exception cref="ArgumentException">A sequence is empty.</exception>
    public static PathBatch Upload(GpuLane lane, ReadOnlySpan<PathProblem> problems)
    {
        var documents = new DocumentPath[problems.Length];
        int sources = 0, targets = 0;
        long cells = 0;
        for (int p = 0; p < problems.Length; p++)
        {
            (int[] source, int[] target, byte[,] cost) = problems[p];
            Shapes.RequirePath(source.Length, target.Length);
            documents[p] = new DocumentPath
            {
                SourceStart = sources,
                SourceLength = source.Length,
                TargetStart = targets,
                TargetLength = target.Length,
                TableRows = cost.GetLength(0),
                TableColumns = cost.GetLength(1),
                CostStart = cells,
            };
            sources = checked(sources + source.Length);
            targets = checked(targets + target.Length);
            cells += cost.Length;
        }

        int[] rows = new int[sources], columns = new int[targets];
        byte[] costs = new byte[checked((int)cells)];
        for (int p = 0; p < problems.Length; p++)
        {
            problems[p].Source.CopyTo(rows, documents[p].SourceStart);
            problems[p].Target.CopyTo(columns, documents[p].TargetStart);
            problems[p].Cost.AsSpan().CopyTo(costs.AsSpan((int)documents[p].CostStart));
        }

        return new PathBatch(documents, lane.Upload<int>(rows), lane.Upload<int>(columns), lane.Upload<byte>(costs), targets);
    }
}
