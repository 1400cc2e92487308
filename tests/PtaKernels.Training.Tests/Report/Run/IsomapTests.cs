using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Report.Run;

/// <summary>The embedding against shapes whose distances along themselves are known, and distances against their definition.</summary>
public sealed class IsomapTests
{
    [Test]
    public void AnArcBecomesALine()
    {
        const int Count = 60;
        const double Step = 0.08; // 4.7 radians in all, so that both ends come near each other in the plane
        (double X, double Y)[] arc = [.. Enumerable.Range(0, Count).Select(static i => (Math.Cos(Step * i), Math.Sin(Step * i)))];
        IsomapResult map = Isomap.Embed(Distances(arc), Count, 2);
        double chord = 2 * Math.Sin(Step / 2);
        const double Corner = 1e-2; // an end's second neighbour is two steps away, which cuts a corner; across the arc would be 3 less
        Assert.That(map.Joined, Is.Zero);
        Assert.That(map.Share, Is.EqualTo(1).Within(1e-6));
        for (int i = 0; i < Count; i++)
        {
            Assert.That(Math.Abs(map.Points[i].X - map.Points[0].X), Is.EqualTo(chord * i).Within(Corner), "along the arc, not across");
            Assert.That(map.Points[i].Y, Is.Zero.Within(Corner));
        }
    }

    [Test]
    public void AGridKeepsItsTwoAxes()
    {
        (double X, double Y)[] grid = [.. Enumerable.Range(0, 9).SelectMany(static x => Enumerable.Range(0, 4).Select(y => ((double)x, 2.0 * y)))];
        IsomapResult map = Isomap.Embed(Distances(grid), grid.Length, grid.Length - 1); // every pair is an edge: distances are kept as they are
        for (int i = 0; i < grid.Length; i++)
        {
            for (int j = 0; j < grid.Length; j++)
                Assert.That(Length(map.Points[i], map.Points[j]), Is.EqualTo(Length(grid[i], grid[j])).Within(1e-5));
        }
    }

    [Test]
    public void PiecesAreJoinedByTheirShortestDistance()
    {
        (double X, double Y)[] points = [(0, 0), (1, 0), (2, 0), (10, 0), (11, 0), (12, 0)];
        IsomapResult map = Isomap.Embed(Distances(points), points.Length, 1);
        Assert.That(map.Joined, Is.EqualTo(1));
        Assert.That(Length(map.Points[0], map.Points[^1]), Is.EqualTo(12).Within(1e-6));
    }

    [Test]
    public void DistancesAreHellingers()
    {
        var first = new SparseRow([7, 2], [0.25, 0.75]);
        var second = new SparseRow([2, 9], [1.0, 3.0]);
        Assert.That(first.DistanceTo(first), Is.Zero.Within(1e-7));
        Assert.That(first.DistanceTo(second), Is.EqualTo(Math.Sqrt(1 - Math.Sqrt(0.75 * 0.25))).Within(1e-12), "masses are scaled to sum 1");
        Assert.That(first.DistanceTo(new SparseRow([1], [1])), Is.EqualTo(1));
    }

    private static double[] Distances((double X, double Y)[] points) => [.. points.SelectMany(a => points.Select(b => Length(a, b)))];

    private static double Length((double X, double Y) a, (double X, double Y) b) => Math.Sqrt(((a.X - b.X) * (a.X - b.X)) + ((a.Y - b.Y) * (a.Y - b.Y)));
}
