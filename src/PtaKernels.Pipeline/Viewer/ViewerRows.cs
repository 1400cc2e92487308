using PtaKernels.Alignment;
using PtaKernels.Rules;

namespace PtaKernels.Pipeline;

/// <summary>Makes the viewer's rows of an aligned document.</summary>
internal sealed class ViewerRows
{
    /// <summary>Candidates and columns of a step that are kept, the heaviest ones: more would not be read, and weigh.</summary>
    public const int MostCandidates = 12;

    /// <summary>Tokens of the fused row, and of the target's own, that are kept.</summary>
    public const int MostTokens = 8;

    /// <summary>Less than this moves unseen.</summary>
    private const double Least = 1e-4;

    private readonly ViewerAlignment _alignment;
    private readonly IKernelBackend _backend;
    private readonly IReadOnlyList<AlignmentSource> _sources;
    private readonly AlignmentOptions _options;
    private readonly ViewerTexts _texts = new();

    public ViewerRows(ViewerAlignment alignment, IKernelBackend backend, IReadOnlyList<AlignmentSource> sources, in AlignmentOptions options) =>
        (_alignment, _backend, _sources, _options) = (alignment, backend, sources, options);

    private TokenizedDocument Target => _alignment.Pairs[0].Target;

    private TokenVocabulary TargetVocabulary => _sources[0].Vocabularies.Target;

    /// <summary>The whole document.</summary>
    public ViewerDocument Document(string title)
    {
        AlignedDocument shown = _alignment.Shown;
        double[] kept = [.. Enumerable.Range(0, shown.Rows).Select(i => shown[i].SignalKept).Where(double.IsFinite)];
        int[] target = [.. Target.Ids.Select(TargetText)];
        int[][] source = [.. _alignment.Pairs.Select((pair, s) => pair.Source.Ids.Select(id => _texts.OfText(VisibleText.Of(_sources[s].Vocabularies.Source, id))).ToArray())];
        ViewerRow[] rows = [.. Enumerable.Range(0, shown.Rows).Select(RowOf)];
        return new ViewerDocument
        {
            Title = title,
            Target = TargetVocabulary.Name,
            Sources = [.. _sources.Select(static s => s.Name)],
            ByBytes = _options.Projection == ProjectionRule.Byte,
            Note = _alignment.Note,
            SignalKept = kept.Length == 0 ? null : Math.Round(kept.Average(), 4),
            Transferred = rows.Count(static row => row.Steps is not null),
            Texts = _texts.All,
            TargetTokens = target,
            SourceTokens = source,
            Cells = [.. _alignment.Pairs.Select((pair, s) => TokenCells.Of(pair, _sources[s].Vocabularies))],
            Rows = rows,
        };
    }

    private ViewerRow RowOf(int row)
    {
        RowProvenance provenance = _alignment.Shown[row];
        (int?[]? tokens, int[]? left) = DistributionOf(row, provenance.Transferred);
        var bare = new ViewerRow { Rule = provenance.Letter.ToString(), Tokens = tokens, LeftOut = left };
        if (!provenance.Transferred)
            return bare;
        return bare with
        {
            Kept = PerMille(provenance.SignalKept),
            Missing = provenance.Missing == 0 ? null : Units(provenance.Missing),
            Steps = [.. SourcesOf(row).Select(source => StepOf(source, row))],
        };
    }

    /// <summary>The sources that gave to a row: all that reach it in a mixture, else the one that was chosen.</summary>
    private IEnumerable<int> SourcesOf(int row)
    {
        if (_alignment.Only is { } only)
            return [only];
        RowProvenance provenance = _alignment.Shown[row];
        return provenance.Rule == RowRule.Mixture ? Enumerable.Range(0, _sources.Count).Where(s => _alignment.Rows[s][row].Transferred) : [provenance.Source];
    }

    private ViewerStep StepOf(int source, int row)
    {
        StepView step = StepView.Rebuild(_backend, _alignment.Pairs[source], _sources[source].Vocabularies, _options, _alignment.Rows[source], row);
        int[] order = [.. Enumerable.Range(0, step.Rows.Length).OrderByDescending(c => step.Rows[c].Mass)];
        int[] kept = [.. order.Take(MostCandidates).Where(c => !(step.Rows[c].Mass < Least))];
        double moved(int c, int column) => step.Shares is { } shares ? shares[c, column] ?? 0 : step.Plan[c, column];
        double[] received = [.. Enumerable.Range(0, step.Columns.Length).Select(column => kept.Sum(c => moved(c, column)))];
        int[] receiving = [.. Enumerable.Range(0, received.Length).Where(column => kept.Any(c => moved(c, column) >= Least)).OrderByDescending(column => received[column])];
        int[] columns = [.. receiving.Take(MostCandidates)];
        int[] shares =
        [
            .. from c in kept.Index()
               from column in columns.Index()
               let mass = moved(c.Item, column.Item)
               where mass >= Least
               from number in new[] { c.Index, column.Index, (int)Math.Round(mass / step.Rows[c.Item].Mass!.Value / ViewerDocument.ShareUnit) }
               select number,
        ];
        int[] left = [.. order.Except(kept)];
        RowProvenance provenance = step.Provenance;
        return new ViewerStep
        {
            Source = source,
            From = provenance.SourceRow,
            Rule = provenance.Letter.ToString(),
            Candidates = [.. kept.SelectMany(c => new[] { _texts.OfText(step.Rows[c].Text), Units(step.Rows[c].Mass ?? double.NaN) })],
            LeftOut = left.Length == 0 ? null : [left.Length, Units(left.Sum(c => step.Rows[c].Mass ?? 0))],
            Columns = columns.Length == 0 ? null : [.. columns.Select(column => TargetText(step.Columns[column].Token))],
            ColumnsLeftOut = receiving.Length == columns.Length ? null : receiving.Length - columns.Length,
            Shares = shares.Length == 0 ? null : shares,
            NotKept = step.NotKept < Least ? null : Units(step.NotKept),
            Certificate = step.Outcome is { } outcome ? CertificateText.Of(outcome, _options) : null,
            Kappa = provenance.Kappa == 1 ? null : PerMille(provenance.Kappa),
            Missing = provenance.Missing == 0 ? null : Units(provenance.Missing),
        };
    }

    private (int?[]? Tokens, int[]? LeftOut) DistributionOf(int row, bool withOwn)
    {
        Dictionary<int, double> fused = FusedOf(row), own = withOwn ? OwnOf(row) : [];
        if (fused.Count == 0)
            return (null, null);
        int gold = row + 1 < Target.Length ? Target.Ids[row + 1] : -1;
        int[] shown =
        [
            .. Heaviest(fused).Union(Heaviest(own)).Union(fused.ContainsKey(gold) || own.ContainsKey(gold) ? [gold] : [])
                .OrderByDescending(token => fused.GetValueOrDefault(token)).ThenByDescending(token => own.GetValueOrDefault(token)),
        ];
        int?[] tokens = [.. shown.SelectMany(token => new int?[] { TargetText(token), Units(fused.GetValueOrDefault(token)), own.TryGetValue(token, out double mass) ? Units(mass) : null })];
        double[] left = [.. fused.Where(entry => !shown.Contains(entry.Key)).Select(static entry => entry.Value)];
        return (tokens, left.Length == 0 ? null : [left.Length, Units(left.Sum())]);

        static IEnumerable<int> Heaviest(Dictionary<int, double> masses) => masses.OrderByDescending(static entry => entry.Value).Take(MostTokens).Select(static entry => entry.Key);
    }

    /// <summary>What the student sees of a row: official values still pass through a softmax (O8), where a token may stand more than once.</summary>
    private Dictionary<int, double> FusedOf(int row)
    {
        ReadOnlySpan<int> tokens = _alignment.Shown.IndicesOf(row);
        double[] seen = new double[tokens.Length];
        if (seen.Length > 0)
            TeacherSignal.AsProbabilities(_alignment.Shown.ValuesOf(row), _options.Output, seen);
        return tokens.ToArray().Zip(seen).GroupBy(static entry => entry.First, static entry => entry.Second).ToDictionary(static token => token.Key, static token => token.Sum());
    }

    /// <summary>The target's own candidates: true probabilities where mass is tail and the document has its log-sum-exps, else their softmax.</summary>
    private Dictionary<int, double> OwnOf(int row)
    {
        TopKLogits candidates = Target.Candidates;
        int used = _options.Window == 0 ? candidates.K : Math.Min(_options.Window, candidates.K);
        double[] mass = new double[used];
        RowMass.Of(Target, row, _options.Mass == MassRule.Tail && Target.LogSumExp is null ? _options with { Mass = MassRule.Renormalised } : _options, mass);
        return candidates.IndicesOf(row)[..used].ToArray().Zip(mass).ToDictionary(static entry => entry.First, static entry => entry.Second);
    }

    private int TargetText(int token) => _texts.OfTarget(token, TargetVocabulary);

    private static int? PerMille(double share) => double.IsFinite(share) ? (int)Math.Round(1000 * share) : null;

    /// <summary>A mass in units, with at most four digits that count.</summary>
    private static int Units(double mass)
    {
        if (!double.IsFinite(mass))
            return -1;
        int units = (int)Math.Round(mass / ViewerDocument.MassUnit);
        return units < 10_000 ? units : 10 * (int)Math.Round(units / 10.0);
    }
}
