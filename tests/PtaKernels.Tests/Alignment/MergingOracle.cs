using System.Text;

namespace PtaKernels.Tests.Alignment;

/// <summary>One fused row as SPEC A3.5 says it.</summary>
internal sealed record ExpectedRow(RowRule Rule, int Source, double Missing, (int Token, double Mass)[] Masses)
{
    public static readonly ExpectedRow Unreached = new(RowRule.None, -1, 0, []);
}

/// <summary>SPEC A3.5 over single alignments, slow and plain: what one source gives is asked of the backend, everything between sources is done here.</summary>
internal sealed class MergingOracle(IKernelBackend backend, SmallModel target, SmallModel[] sources, AlignmentOptions options, int[] order)
{
    private readonly VocabularyPair[] _pairs = [.. sources.Select(s => s.To(target))];

    /// <summary>D_0 is the target's own; D_s is the source's row where it transfers, else D_(s-1); what nothing reached is a fallback row.</summary>
    public ExpectedRow[] Fold(DraftDocument own, DraftDocument[] views)
    {
        ExpectedRow[] folded = [.. own.Logits.Select((row, i) => new ExpectedRow(RowRule.TargetOwn, -1, 0, Rank(own.Candidates[i].Zip(Softmax(row)), int.MaxValue)))];
        foreach (int s in order)
        {
            ExpectedRow[] before = folded;
            folded = [.. before.Select((row, i) => AlignRow(s, views[s], own, row, i) is { Rule: not RowRule.None } reached ? reached with { Source = s } : row)];
        }

        return [.. folded.Select((row, i) => row.Rule == RowRule.TargetOwn ? Fallback(own, i) : row)];
    }

    /// <summary>MinCE by one pass that keeps the smaller score, AvgCE by the formula.</summary>
    public ExpectedRow[] Choose(DraftDocument own, DraftDocument[] views, string text)
    {
        ExpectedRow[][] rows = [.. views.Select((view, s) => AlignAll(s, view, own))];
        int[] candidates = options.WithTarget ? [.. order, sources.Length] : order;
        return [.. Enumerable.Range(0, own.Ids.Length).Select(i =>
        {
            ExpectedRow RowOf(int s) => s == sources.Length ? OwnRow(own, i) : rows[s][i];
            double Score(int s) => options.FusionLevel == FusionLevel.Row
                ? -Math.Log(RowOf(s).Masses.Select(m => m.Mass).DefaultIfEmpty(0).Max())
                : s == sources.Length ? ScoreOf(own, target, own, text, i) : ScoreOf(views[s], sources[s], own, text, i);
            int[] reaching = [.. candidates.Where(s => RowOf(s).Rule != RowRule.None)];
            bool teacher = reaching.Any(s => s < sources.Length);
            if (options.Fusion == FusionFunction.AvgCe && teacher)
                return Average(reaching, [.. reaching.Select(RowOf)], [.. reaching.Select(Score)]);
            if (options.Fusion == FusionFunction.AvgCe)
                return reaching.Length == 0 ? Fallback(own, i) : OwnRow(own, i);
            int best = -1;
            foreach (int s in options.Fill ? reaching : candidates)
                best = best < 0 || Score(s) < Score(best) ? s : best;
            return best >= 0 && reaching.Contains(best) ? RowOf(best) : Fallback(own, i);
        })];
    }

    /// <summary>Per target row, bits per byte of the source tokens that touch a byte of the next target token; null where none is scored.</summary>
    public static double? BitsPerByteOfLabel(DraftDocument source, SmallModel sourceModel, DraftDocument target, SmallModel targetModel, int row)
    {
        if (row + 1 >= target.Ids.Length)
            return null;
        int[] targetBytes = OwnerOfEachByte(target, targetModel), sourceBytes = OwnerOfEachByte(source, sourceModel);
        int[] touching = [.. Enumerable.Range(0, targetBytes.Length).Where(b => targetBytes[b] == row + 1).Select(b => sourceBytes[b]).Distinct().Where(j => j > 0)];
        if (touching.Length == 0)
            return null;
        return touching.Sum(j => source.LabelCrossEntropy![j - 1]) / Math.Log(2) / touching.Sum(j => sourceBytes.Count(owner => owner == j));
    }

    /// <summary>Nats of the source tokens up to the last one that lies wholly in the text before the end of target token <paramref name="row"/>.</summary>
    public static double NatsOfTextSoFar(DraftDocument source, SmallModel sourceModel, DraftDocument target, SmallModel targetModel, int row)
    {
        int length = target.Ids.Take(row + 1).Sum(id => targetModel.Vocabulary.Bytes[id].Length);
        int last = OwnerOfEachByte(source, sourceModel).Index().GroupBy(b => b.Item).Where(t => t.Max(b => b.Index) < length).Select(t => t.Key).DefaultIfEmpty(0).Max();
        return source.LabelCrossEntropy!.Take(last).Sum();
    }

    private double ScoreOf(DraftDocument view, SmallModel model, DraftDocument own, string text, int row)
    {
        double bits = (view.LabelCrossEntropy?.Sum() ?? view.MeanCrossEntropy!.Value * (view.Ids.Length - 1)) / Math.Log(2);
        double whole = bits / Encoding.UTF8.GetByteCount(text);
        if (options.FusionLevel == FusionLevel.Prefix)
            return NatsOfTextSoFar(view, model, own, target, row);
        return options.FusionLevel == FusionLevel.Token ? BitsPerByteOfLabel(view, model, own, target, row) ?? whole : whole;
    }

    private ExpectedRow Average(int[] who, ExpectedRow[] rows, double[] scores)
    {
        double[] weights = [.. scores.Select(b => Math.Exp(-b) / scores.Sum(other => Math.Exp(-other)))];
        var mass = new Dictionary<int, double>();
        for (int r = 0; r < rows.Length; r++)
        {
            foreach ((int token, double p) in rows[r].Masses)
                mass[token] = mass.GetValueOrDefault(token) + (weights[r] * p);
        }

        (int Token, double Mass)[] kept = Rank(mass.Select(m => (m.Key, m.Value)), SmallModel.K);
        double sum = kept.Sum(m => m.Mass);
        bool tail = options.Mass == MassRule.Tail;
        int best = who[Array.IndexOf(scores, scores.Min())];
        return new ExpectedRow(RowRule.Mixture, best < sources.Length ? best : -1, tail ? 1 - sum : 0, tail ? kept : [.. kept.Select(m => (m.Token, m.Mass / sum))]);
    }

    private ExpectedRow Fallback(DraftDocument own, int row) => options.Fallback switch
    {
        FallbackRule.OneHotCurrent => new ExpectedRow(RowRule.CurrentToken, -1, 0, [(own.Ids[row], 1)]),
        FallbackRule.Label when row + 1 < own.Ids.Length => new ExpectedRow(RowRule.LabelFallback, -1, 0, [(own.Ids[row + 1], 1)]),
        FallbackRule.Target => OwnRow(own, row),
        _ => ExpectedRow.Unreached,
    };

    private ExpectedRow OwnRow(DraftDocument own, int row)
    {
        double[] mass = options.Mass == MassRule.Tail
            ? [.. own.Logits[row].Select(l => Math.Exp(l - own.LogSumExp![row]))]
            : Softmax(own.Logits[row]);
        return new ExpectedRow(RowRule.TargetOwn, -1, options.Mass == MassRule.Tail ? 1 - mass.Sum() : 0, Rank(own.Candidates[row].Zip(mass), int.MaxValue));
    }

    /// <summary>Source s against one row of D_(s-1): the row stands in for the target's own top-k, so the backend never hears of a prior.</summary>
    private ExpectedRow AlignRow(int s, DraftDocument view, DraftDocument own, ExpectedRow before, int row)
    {
        var stand = new DraftDocument
        {
            Id = own.Id,
            Ids = own.Ids,
            Candidates = [.. own.Ids.Select(_ => before.Masses.Select(m => m.Token).ToArray())],
            Logits = [.. own.Ids.Select(_ => before.Masses.Select(m => Math.Log(m.Mass)).ToArray())],
        };
        return AlignAll(s, view, stand)[row];
    }

    private ExpectedRow[] AlignAll(int s, DraftDocument view, DraftDocument own)
    {
        AlignmentOptions single = options with { Sources = SourceMerging.Independent, Fusion = FusionFunction.MinCe, Fallback = FallbackRule.Mask, FusedK = SmallModel.K };
        var aligned = new AlignedDocument[1];
        backend.AlignBatch([new DocumentPair(view.ToDocument(), own.ToDocument())], _pairs[s], single, aligned, new AlignmentReport());
        return [.. Enumerable.Range(0, own.Ids.Length).Select(i =>
            new ExpectedRow(aligned[0][i].Rule, aligned[0][i].Rule == RowRule.None ? -1 : s, aligned[0][i].Missing, [.. aligned[0].IndicesOf(i).ToArray().Zip(aligned[0].ValuesOf(i).ToArray())]))];
    }

    private static (int Token, double Mass)[] Rank(IEnumerable<(int Token, double Mass)> masses, int keep) =>
        [.. masses.Where(m => m.Mass > 0).OrderByDescending(m => m.Mass).ThenBy(m => m.Token).Take(keep)];

    private static double[] Softmax(double[] logits) => [.. logits.Select(l => Math.Exp(l - logits.Max()) / logits.Sum(other => Math.Exp(other - logits.Max())))];

    private static int[] OwnerOfEachByte(DraftDocument document, SmallModel model) =>
        [.. document.Ids.SelectMany((id, t) => Enumerable.Repeat(t, model.Vocabulary.Bytes[id].Length))];
}
