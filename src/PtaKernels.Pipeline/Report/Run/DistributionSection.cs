namespace PtaKernels.Pipeline;

/// <summary>Fused, target and FuseLLM-hard distributions as points, after the published Figure 3.</summary>
/// <param name="Rows">Rows drawn, the same in every group.</param>
/// <param name="Shown">Rows that could have been drawn.</param>
/// <param name="Neighbours">Nearest neighbours of each point in the graph.</param>
/// <param name="Published">The published distances.</param>
/// <param name="Pictures">One for each preset.</param>
internal sealed record DistributionSection(int Rows, long Shown, int Neighbours, IReadOnlyList<PublishedDistance> Published, IReadOnlyList<DistributionPicture> Pictures)
{
    /// <summary>Rows drawn at most.</summary>
    public const int MostRows = 400;

    private const int NearestNeighbours = 10;

    /// <summary>Embeds a sample of rows.</summary>
    public static DistributionSection Of(RowSample sample)
    {
        SparseRow[][] rows = sample.Rows;
        DistributionPicture[] pictures = rows.Length < 3 ? [] : [.. new[] { AlignmentMethod.Paper, AlignmentMethod.Fusion }.Select(preset => PictureOf(rows, preset))];
        return new DistributionSection(rows.Length, sample.Shown, NearestNeighbours, [new("within a group", 257.83, 239.44), new("between centres", 136.95, 22.25)], pictures);
    }

    /// <summary>Pictures and tables.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new HeadingBlock("Distributions in two dimensions");
        if (Pictures.Count == 0)
        {
            yield return new TextBlock("Too few rows were taken from a source by FuseLLM hard and both presets, so there is nothing to draw.");
            yield break;
        }

        yield return new TextBlock($"After the published Figure 3. Each point is one row's distribution; every group has the same rows, drawn at random from those that FuseLLM hard and both presets took from a source. How: probabilities scaled to sum 1 over the row's own tokens, Hellinger distances, a graph of each point's {Neighbours} nearest neighbours, shortest paths in it, classical scaling to two axes (Isomap; its axes are principal ones, so that a further PCA changes nothing). The paper does not say how it sampled rows, scaled logits or chose neighbours, and its models are larger: compare ratios, not lengths.");
        foreach (DistributionPicture picture in Pictures)
            yield return new ChartBlock($"distributions-{picture.Preset}.png", Charts.Clouds([.. picture.Groups.Select(static g => new Cloud(g.Name, [.. g.X.Zip(g.Y)]))], $"Preset {picture.Preset}: fused, target and FuseLLM-hard rows", "two Isomap axes; crosses are the groups' centres"));
        yield return new FiguresBlock(
            ["preset", "group", "rows", "within\ngroup", "centre to\ntarget's centre", "within,\nbefore embedding", "centre to target's,\nbefore embedding", "scatter\nshown", "edges\nadded"],
            [.. Pictures.SelectMany((picture, p) => picture.Groups.Select((group, g) => (Figure[])
            [
                Figure.Of(g == 0 ? picture.Preset : ""), Figure.Of(group.Name), Figure.Count("distributions.rows", Rows),
                .. new[] { ("within", group.Within), ("to_target", group.ToTarget), ("within_before", group.WithinBefore), ("to_target_before", group.ToTargetBefore) }
                    .Select(d => Figure.Number($"distributions.pictures[{p}].groups[{g}].{d.Item1}", d.Item2, 4)),
                g == 0 ? Figure.Share($"distributions.pictures[{p}].share", picture.Share) : Figure.Of(""), g == 0 ? Figure.Count($"distributions.pictures[{p}].joined", picture.Joined) : Figure.Of(""),
            ]))]);
        yield return new TextBlock("Within: mean distance between two rows of the group. Before embedding: the same in Hellinger distances themselves. Scatter shown: the two axes' share of the scatter along the graph's paths. Edges added: where the graph fell into pieces, the shortest between two of them. Against the paper, as ratios of this method to FuseLLM hard:");
        yield return new FiguresBlock(
            ["distance", .. Pictures.Select(static p => $"{p.Preset} / {AlignmentMethod.Hard}"), "published\nFuseLLM", "published\nPTA", "published\nratio"],
            [.. Published.Select((published, d) => (Figure[])
            [
                Figure.Of(published.Distance), .. Pictures.Select((picture, p) => d == 0 ? Figure.Number($"distributions.pictures[{p}].within_ratio", picture.WithinRatio, 3) : Figure.Number($"distributions.pictures[{p}].centre_ratio", picture.CentreRatio, 3)),
                Figure.Number($"distributions.published[{d}].fuse_llm", published.FuseLlm, 2), Figure.Number($"distributions.published[{d}].pta", published.Pta, 2), Figure.Number($"distributions.published[{d}].ratio", published.Ratio, 3),
            ])]);
    }

    private static DistributionPicture PictureOf(SparseRow[][] rows, string preset)
    {
        int[] groups = [0, 1, IndexOf(preset)];
        SparseRow[] points = [.. groups.SelectMany(g => rows.Select(r => r[g]))];
        double[] distances = new double[points.Length * points.Length];
        for (int i = 0; i < points.Length; i++)
        {
            for (int j = 0; j < i; j++)
                distances[(i * points.Length) + j] = distances[(j * points.Length) + i] = points[i].DistanceTo(points[j]);
        }

        IsomapResult map = Isomap.Embed(distances, points.Length, NearestNeighbours);
        double[] embedded = new double[distances.Length];
        for (int i = 0; i < points.Length; i++)
        {
            for (int j = 0; j < points.Length; j++)
                embedded[(i * points.Length) + j] = Math.Sqrt(Square(map.Points[i].X - map.Points[j].X) + Square(map.Points[i].Y - map.Points[j].Y));
        }

        DistributionGroup[] made = [.. groups.Select((g, at) => new DistributionGroup(
            RowSample.Groups[g], Within(embedded, rows.Length, at), at == 0 ? null : Between(embedded, rows.Length, at), Within(distances, rows.Length, at), at == 0 ? null : Between(distances, rows.Length, at),
            [.. map.Points.Skip(at * rows.Length).Take(rows.Length).Select(static p => Math.Round(p.X, 4))], [.. map.Points.Skip(at * rows.Length).Take(rows.Length).Select(static p => Math.Round(p.Y, 4))]))];
        return new DistributionPicture(preset, map.Joined, map.Share, made[2].Within / made[1].Within, made[2].ToTarget!.Value / made[1].ToTarget!.Value, made);
    }

    private static int IndexOf(string preset) => RowSample.Groups.Index().First(g => g.Item == preset).Index;

    private static double Square(double x) => x * x;

    /// <summary>Mean distance of two different rows of a group.</summary>
    private static double Within(double[] distances, int rows, int group)
    {
        double sum = 0;
        ForEach(distances, rows, group, group, d => sum += d);
        return sum / (rows * (rows - 1.0));
    }

    /// <summary>Distance of a group's centre from the first's: by squared distances between and within, which needs no coordinates.</summary>
    private static double Between(double[] distances, int rows, int group)
    {
        double across = Mean(0, group), first = Mean(0, 0), own = Mean(group, group);
        return Math.Sqrt(Math.Max(0, across - ((first + own) / 2)));

        double Mean(int a, int b)
        {
            double sum = 0;
            ForEach(distances, rows, a, b, d => sum += d * d);
            return sum / ((double)rows * rows);
        }
    }

    private static void ForEach(double[] distances, int rows, int a, int b, Action<double> take)
    {
        int width = (int)Math.Round(Math.Sqrt(distances.Length));
        for (int i = a * rows; i < (a + 1) * rows; i++)
        {
            for (int j = b * rows; j < (b + 1) * rows; j++)
                take(distances[(i * width) + j]);
        }
    }
}

/// <summary>A published distance.</summary>
/// <param name="Distance">Which.</param>
/// <param name="FuseLlm">Of FuseLLM.</param>
/// <param name="Pta">Of the paper's method.</param>
internal sealed record PublishedDistance(string Distance, double FuseLlm, double Pta)
{
    /// <summary>The second over the first.</summary>
    public double Ratio => Pta / FuseLlm;
}

/// <summary>Target, FuseLLM-hard and one preset's rows together.</summary>
/// <param name="Preset">The preset.</param>
/// <param name="Joined">Edges that joined pieces of the graph.</param>
/// <param name="Share">Share of the scatter along paths that the two axes show.</param>
/// <param name="WithinRatio">Within-group distance of the preset over FuseLLM hard's, embedded.</param>
/// <param name="CentreRatio">Distance of centres to the target's, likewise.</param>
/// <param name="Groups">Target, FuseLLM hard, the preset.</param>
internal sealed record DistributionPicture(string Preset, int Joined, double Share, double WithinRatio, double CentreRatio, IReadOnlyList<DistributionGroup> Groups);

/// <summary>A group of points.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Within">Mean distance of two of its rows, embedded.</param>
/// <param name="ToTarget">Distance of its centre to the target's, embedded; null for the target.</param>
/// <param name="WithinBefore">The first in Hellinger distances.</param>
/// <param name="ToTargetBefore">The second in Hellinger distances.</param>
/// <param name="X">[rows] places.</param>
/// <param name="Y">[rows] places.</param>
internal sealed record DistributionGroup(string Name, double Within, double? ToTarget, double WithinBefore, double? ToTargetBefore, IReadOnlyList<double> X, IReadOnlyList<double> Y);
