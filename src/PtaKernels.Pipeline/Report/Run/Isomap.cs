namespace PtaKernels.Pipeline;

/// <summary>
/// Points in two dimensions that keep distances along a graph of nearest neighbours (Tenenbaum, de Silva and Langford 2000): shortest paths in the graph, then classical scaling, whose axes are
/// the principal ones already.
/// </summary>
internal static class Isomap
{
    /// <summary>Where the second of two eigenvectors is looked for at most: negative ones, which no point can show, are passed over.</summary>
    private const int MostVectors = 16;

    private const int MostSteps = 2000;

    private const double Settled = 1e-12;

    /// <summary>Embeds points.</summary>
    /// <param name="distances">[n * n] distances, symmetric, row-major.</param>
    /// <param name="count">n.</param>
    /// <param name="neighbours">Nearest neighbours of each point; of equal ones those with the smaller index.</param>
    public static IsomapResult Embed(double[] distances, int count, int neighbours)
    {
        List<(int To, double Length)>[] graph = Neighbours(distances, count, neighbours);
        int joined = Join(graph, distances, count);
        double[] paths = new double[count * count];
        Parallel.For(0, count, from => ShortestPaths(graph, from, paths.AsSpan(from * count, count)));
        double[] products = Centred(paths, count);
        double trace = Enumerable.Range(0, count).Sum(i => products[(i * count) + i]);
        (double Value, double[] Vector)[] axes = LeadingAxes(products, count);
        (double X, double Y)[] points = [.. Enumerable.Range(0, count).Select(i => (Coordinate(axes, 0, i), Coordinate(axes, 1, i)))];
        return new IsomapResult(points, joined, trace > 0 ? axes.Sum(static a => a.Value) / trace : double.NaN);
    }

    private static double Coordinate((double Value, double[] Vector)[] axes, int axis, int point) => axis < axes.Length ? Math.Sqrt(axes[axis].Value) * axes[axis].Vector[point] : 0;

    private static List<(int To, double Length)>[] Neighbours(double[] distances, int count, int neighbours)
    {
        var graph = new List<(int, double)>[count];
        for (int i = 0; i < count; i++)
            graph[i] = [];
        for (int i = 0; i < count; i++)
        {
            int from = i;
            foreach (int to in Enumerable.Range(0, count).Where(j => j != from).OrderBy(j => distances[(from * count) + j]).Take(neighbours))
                Connect(graph, from, to, distances[(from * count) + to]);
        }

        return graph;
    }

    private static void Connect(List<(int To, double Length)>[] graph, int a, int b, double length)
    {
        if (graph[a].Exists(e => e.To == b))
            return;
        graph[a].Add((b, length));
        graph[b].Add((a, length));
    }

    /// <summary>Joins the pieces of the graph, each to the rest by its shortest distance.</summary>
    /// <returns>Edges added.</returns>
    private static int Join(List<(int To, double Length)>[] graph, double[] distances, int count)
    {
        int joined = 0;
        while (true)
        {
            bool[] reached = Reached(graph, count);
            int[] outside = [.. Enumerable.Range(0, count).Where(i => !reached[i])];
            if (outside.Length == 0)
                return joined;
            (int A, int B) best = (-1, -1);
            double least = double.PositiveInfinity;
            foreach (int a in outside)
            {
                for (int b = 0; b < count; b++)
                {
                    if (reached[b] && distances[(a * count) + b] < least)
                        (least, best) = (distances[(a * count) + b], (a, b));
                }
            }

            Connect(graph, best.A, best.B, least);
            joined++;
        }
    }

    private static bool[] Reached(List<(int To, double Length)>[] graph, int count)
    {
        var reached = new bool[count];
        var open = new Stack<int>([0]);
        reached[0] = true;
        while (open.TryPop(out int at))
        {
            foreach ((int to, _) in graph[at])
            {
                if (!reached[to])
                {
                    reached[to] = true;
                    open.Push(to);
                }
            }
        }

        return reached;
    }

    private static void ShortestPaths(List<(int To, double Length)>[] graph, int from, Span<double> lengths)
    {
        lengths.Fill(double.PositiveInfinity);
        lengths[from] = 0;
        var open = new PriorityQueue<int, double>([(from, 0)]);
        while (open.TryDequeue(out int at, out double length))
        {
            if (length > lengths[at])
                continue;
            foreach ((int to, double step) in graph[at])
            {
                if (length + step < lengths[to])
                    open.Enqueue(to, lengths[to] = length + step);
            }
        }
    }

    /// <summary>Minus half of the squared distances, rows and columns centred: scalar products around the points' centre.</summary>
    private static double[] Centred(double[] paths, int count)
    {
        double[] squares = Array.ConvertAll(paths, static d => -0.5 * d * d), means = new double[count];
        for (int i = 0; i < count; i++)
            means[i] = Mean(squares.AsSpan(i * count, count));
        double all = Mean(means);
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
                squares[(i * count) + j] += all - means[i] - means[j];
        }

        return squares;
    }

    private static double Mean(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values)
            sum += value;
        return sum / values.Length;
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    /// <summary>The two eigenvectors with the largest positive values, by power iteration, each orthogonal to those found before it. Fixed starts, so that the same points give the same picture.</summary>
    private static (double Value, double[] Vector)[] LeadingAxes(double[] matrix, int count)
    {
        List<(double Value, double[] Vector)> found = [];
        for (int v = 0; v < Math.Min(MostVectors, count) && found.Count(static f => f.Value > 0) < 2; v++)
        {
            var random = new Random(v + 1);
            double[] vector = [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() - 0.5)], next = new double[count];
            double value = 0;
            for (int step = 0; step < MostSteps; step++)
            {
                Orthogonalise(vector, found);
                if (!Normalise(vector))
                    return [.. found.Where(static f => f.Value > 0)];
                for (int i = 0; i < count; i++)
                    next[i] = Dot(matrix.AsSpan(i * count, count), vector);
                double before = value;
                value = Dot(vector, next);
                (vector, next) = (next, vector);
                if (Math.Abs(value - before) <= Settled * Math.Abs(value))
                    break;
            }

            Orthogonalise(vector, found);
            if (!Normalise(vector))
                break;
            found.Add((value, Oriented(vector)));
        }

        return [.. found.Where(static f => f.Value > 0).Take(2)];
    }

    private static void Orthogonalise(double[] vector, List<(double Value, double[] Vector)> found)
    {
        foreach ((_, double[] other) in found)
        {
            double common = Dot(vector, other);
            for (int i = 0; i < vector.Length; i++)
                vector[i] -= common * other[i];
        }
    }

    private static bool Normalise(double[] vector)
    {
        double length = Math.Sqrt(Dot(vector, vector));
        for (int i = 0; i < vector.Length; i++)
            vector[i] /= length;
        return length > 1e-12;
    }

    /// <summary>An axis has no direction of its own: the entry that is farthest from zero is made positive.</summary>
    private static double[] Oriented(double[] vector) => vector.MaxBy(Math.Abs) < 0 ? Array.ConvertAll(vector, static x => -x) : vector;
}

/// <summary>Points of an embedding.</summary>
/// <param name="Points">[n] places.</param>
/// <param name="Joined">Edges that joined pieces of the graph.</param>
/// <param name="Share">Share of the paths' scatter that the two axes show; over 1 where negative values are set against it.</param>
internal sealed record IsomapResult((double X, double Y)[] Points, int Joined, double Share);
