using System.Numerics;
using CommunityToolkit.HighPerformance;
using CommunityToolkit.HighPerformance.Buffers;
using PtaKernels.Steps;

namespace PtaKernels.Reference;

public sealed partial class ReferenceBackend
{
    /// <inheritdoc/>
    public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<byte> cost, AlignmentPath path) =>
        FindPath(source, target, cost, path);

    /// <inheritdoc/>
    public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<ushort> cost, AlignmentPath path) =>
        FindPath(source, target, cost, path);

    /// <summary>Two rows of sums and one byte of direction per cell: n * m bytes.</summary>
    private static void FindPath<T>(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<T> cost, AlignmentPath path)
        where T : unmanaged, IBinaryInteger<T>
    {
        ArgumentNullException.ThrowIfNull(path);
        int n = source.Length, m = target.Length;
        Shapes.RequirePath(n, m);
        const long Outside = long.MaxValue / 2; // a sum outside the table; adding costs to it cannot overflow
        using SpanOwner<long> sums = SpanOwner<long>.Allocate(2 * (m + 1));
        using MemoryOwner<PathDirection> directions = MemoryOwner<PathDirection>.Allocate(checked(n * m));
        Span<long> above = sums.Span[..(m + 1)], row = sums.Span[(m + 1)..];
        above.Fill(Outside);
        above[0] = 0; // f(-1, -1): the path starts in the corner
        for (int i = 0; i < n; i++)
        {
            ReadOnlySpan<T> costs = cost.GetRowSpan(source[i]);
            Span<PathDirection> from = directions.Span.Slice(i * m, m);
            row[0] = Outside;
            for (int j = 0; j < m; j++)
                row[j + 1] = WavefrontStep.Cell(above[j], above[j + 1], row[j], out from[j]) + long.CreateTruncating(costs[target[j]]);
            Span<long> finished = row;
            row = above;
            above = finished;
        }

        path.Begin(n, m, above[m]);
        int s = n - 1, t = m - 1;
        while (true)
        {
            path.Prepend(s, t);
            if (s == 0 && t == 0)
                return;
            PathDirection step = directions.Span[(s * m) + t];
            if (step != PathDirection.Left)
                s--;
            if (step != PathDirection.Up)
                t--;
        }
    }
}
