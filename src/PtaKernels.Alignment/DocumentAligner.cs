using PtaKernels.Rules;

namespace PtaKernels.Alignment;

/// <summary>Documents of a target and its sources in, fused documents and a report out. Thread-safe: documents may be aligned in parallel.</summary>
public sealed class DocumentAligner
{
    private readonly IKernelBackend _backend;
    private readonly AlignmentOptions _options;
    private readonly AlignmentOptions _perSource;
    private readonly IReadOnlyList<AlignmentSource> _sources;
    private readonly int[] _order;

    /// <summary>Prepares a run.</summary>
    /// <param name="backend">The kernels.</param>
    /// <param name="sources">The giving models, as listed.</param>
    /// <param name="options">All switches.</param>
    /// <param name="order">Indices of <paramref name="sources"/>, best first (SPEC A3.5); null = as listed.</param>
    /// <exception cref="ArgumentException">No source, a refused combination of switches, or an order that is not one.</exception>
    public DocumentAligner(IKernelBackend backend, IReadOnlyList<AlignmentSource> sources, in AlignmentOptions options, IReadOnlyList<int>? order = null)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(sources);
        AlignmentSwitches.Validate(options);
        if (sources.Count == 0)
            throw new ArgumentException("an alignment needs at least one source.");
        _order = order is null ? [.. Enumerable.Range(0, sources.Count)] : [.. order];
        if (!_order.Order().SequenceEqual(Enumerable.Range(0, sources.Count)))
            throw new ArgumentException($"the source order names {string.Join(", ", _order)}; it must name each of {sources.Count} sources once.");
        _backend = backend;
        _sources = sources;
        _options = options;
        // Rows that one source does not reach may be reached by another: the fallback comes last, except where every source keeps its own columns.
        _perSource = options.Output == OutputUnit.Official ? options : options with { Fallback = FallbackRule.Mask };
    }

    /// <summary>Whether the choice between sources, or label-mass chain, reads label cross-entropies, so that documents without them are refused.</summary>
    public bool NeedsCrossEntropies => _options.LabelMass == LabelMass.Chain || (Chooses && _options.FusionLevel != FusionLevel.Row);

    private bool Chooses => _options.Fusion is FusionFunction.MinCe or FusionFunction.AvgCe && (_sources.Count > 1 || _options.WithTarget);

    /// <summary>Aligns one document.</summary>
    /// <param name="target">The target's view.</param>
    /// <param name="sources">Each source's view, in the order of the constructor's list.</param>
    /// <param name="report">Receives the counts; null where nobody wants them.</param>
    /// <exception cref="AlignmentDataException">Bad input of SPEC A5.</exception>
    public FusedDocument Align(TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, AlignmentRunReport? report = null) =>
        AlignTogether([target], [sources], report ?? new AlignmentRunReport(_sources.Count))[0];

    /// <summary>Aligns several documents, each source's in one call of the backend; the results are those of <see cref="Align"/>.</summary>
    /// <param name="targets">[documents] the target's views.</param>
    /// <param name="sources">[documents] each source's view, in the order of the constructor's list.</param>
    /// <param name="report">Receives the counts.</param>
    /// <exception cref="AlignmentDataException">Bad input of SPEC A5 in one of them; the others' results are lost with it.</exception>
    public FusedDocument[] AlignTogether(IReadOnlyList<TokenizedDocument> targets, IReadOnlyList<IReadOnlyList<TokenizedDocument>> sources, AlignmentRunReport report)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(report);
        if (sources.Count != targets.Count || sources.Any(views => views.Count != _sources.Count))
            throw new ArgumentException($"each of {targets.Count} documents needs {_sources.Count} source views.");
        // The target's own rows stand first in a fold, among the candidates of a choice, or last as the fallback.
        if (_options.Sources == SourceMerging.Recursive || _options.WithTarget || _options.Fallback == FallbackRule.Target)
        {
            foreach (TokenizedDocument target in targets)
                DocumentChecks.RequireLogSumExp(target, "target", _options);
        }

        var perSource = new AlignedDocument[_sources.Count][];
        bool recursive = _options.Sources == SourceMerging.Recursive;
        AlignedDocument[]? folded = null;
        foreach (int s in recursive ? _order : Enumerable.Range(0, _sources.Count))
        {
            perSource[s] = AlignSource(s, targets, sources, folded, report);
            if (recursive)
                folded = [.. targets.Select((target, d) => CarryOver(target, perSource[s][d], folded?[d], s))];
        }

        var fused = new FusedDocument[targets.Count];
        for (int d = 0; d < fused.Length; d++)
        {
            AlignedDocument[] own = [.. perSource.Select(rows => rows[d])];
            AlignedDocument? merged = recursive ? WithFallback(targets[d], folded![d]) : _options.Output == OutputUnit.Official ? null : Choose(targets[d], sources[d], own);
            Count(targets[d], own, merged, report);
            fused[d] = new FusedDocument(own, merged);
        }

        return fused;
    }

    private AlignedDocument[] AlignSource(
        int source, IReadOnlyList<TokenizedDocument> targets, IReadOnlyList<IReadOnlyList<TokenizedDocument>> sources, AlignedDocument[]? priors, AlignmentRunReport report)
    {
        var aligned = new AlignedDocument[targets.Count];
        DocumentPair[] pairs = [.. targets.Select((target, d) => new DocumentPair(sources[d][source], target, priors?[d]))];
        try
        {
            _backend.AlignBatch(pairs, _sources[source].Vocabularies, _perSource, aligned, report.Sources[source]);
            for (int d = 0; d < aligned.Length && _options.LabelMass == LabelMass.Chain; d++)
                aligned[d] = LabelChain.Apply(pairs[d], _sources[source].Vocabularies, aligned[d], _options);
        }
        catch (AlignmentDataException e) when (_sources.Count > 1)
        {
            throw e.WithSource(_sources[source].Name);
        }

        return aligned;
    }

    /// <summary>The last fold of SPEC A3.5; a row that no source reached gets the fallback.</summary>
    private AlignedDocument WithFallback(TokenizedDocument target, AlignedDocument folded)
    {
        var merged = new AlignedDocument(target.Id, _options.Output);
        for (int i = 0; i < target.Length; i++)
        {
            if (folded[i].Rule == RowRule.TargetOwn)
                RowFallback.Add(merged, target, _options);
            else
                merged.AddRow(folded.IndicesOf(i), folded.ValuesOf(i), folded[i]);
        }

        return merged;
    }

    /// <summary>D_s = project(transport(source_s, D_(s-1))) (SPEC A3.5), the next source's columns: this source's row where it transfers, else the row before it, at the start the target's own.</summary>
    private AlignedDocument CarryOver(TokenizedDocument target, AlignedDocument aligned, AlignedDocument? before, int source)
    {
        AlignmentOptions own = _options with { Fallback = FallbackRule.Target };
        var folded = new AlignedDocument(target.Id, _options.Output);
        for (int i = 0; i < target.Length; i++)
        {
            if (aligned[i].Transferred)
                folded.AddRow(aligned.IndicesOf(i), aligned.ValuesOf(i), aligned[i] with { Source = source });
            else if (before is not null)
                folded.AddRow(before.IndicesOf(i), before.ValuesOf(i), before[i]);
            else
                RowFallback.Add(folded, target, own);
        }

        return folded;
    }

    /// <summary>MinCE or AvgCE over independent sources, by the scores of the fusion level (SPEC A3.5).</summary>
    private AlignedDocument Choose(TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, AlignedDocument[] perSource)
    {
        int count = sources.Count + (_options.WithTarget ? 1 : 0);
        double[][] scores = Score(target, sources, perSource, count);
        var merged = new AlignedDocument(target.Id, _options.Output);
        for (int i = 0; i < target.Length; i++)
        {
            int row = i;
            int[] ranked = [.. Enumerable.Range(0, count).Select(r => r < _order.Length ? _order[r] : r).OrderBy(s => scores[s][row])];
            if (_options.Fusion == FusionFunction.AvgCe)
            {
                Mix(merged, target, perSource, scores, ranked, i);
                continue;
            }

            int at = Array.FindIndex(_options.Fill ? ranked : ranked[..1], s => s == sources.Count || perSource[s][row].Transferred);
            int chosen = at < 0 ? -1 : ranked[at];
            if (chosen < 0)
                RowFallback.Add(merged, target, _options);
            else if (chosen == sources.Count)
                RowFallback.Add(merged, target, _options with { Fallback = FallbackRule.Target });
            else
                merged.AddRow(perSource[chosen].IndicesOf(i), perSource[chosen].ValuesOf(i), perSource[chosen][i] with { Source = chosen });
        }

        return merged;
    }

    /// <summary>AvgCE: rows of the sources that reach it, weighted by softmax(-score); masses and missing masses averaged.</summary>
    private void Mix(AlignedDocument merged, TokenizedDocument target, AlignedDocument[] perSource, double[][] scores, int[] ranked, int i)
    {
        int[] reaching = [.. ranked.Where(s => s == perSource.Length || perSource[s][i].Transferred)];
        if (reaching.All(s => s == perSource.Length))
        {
            RowFallback.Add(merged, target, reaching.Length == 0 ? _options : _options with { Fallback = FallbackRule.Target });
            return;
        }

        double[] weights = new double[reaching.Length];
        RowMass.Softmax([.. reaching.Select(s => -scores[s][i])], 1, weights);
        var mixture = new FusedRow();
        double missing = 0, signal = 0;
        for (int r = 0; r < reaching.Length; r++)
        {
            (AlignedDocument rows, int at) = reaching[r] == perSource.Length ? (TargetRow(target, i), 0) : (perSource[reaching[r]], i);
            for (int t = 0; t < rows.IndicesOf(at).Length; t++)
                mixture.Add(rows.IndicesOf(at)[t], weights[r] * rows.ValuesOf(at)[t]);
            missing += weights[r] * rows[at].Missing;
            signal += weights[r] * rows[at].SignalKept;
        }

        int keep = _options.FusedK > 0 ? _options.FusedK : target.Candidates.K;
        missing = mixture.Finish(1 - missing, keep, _options.Mass == MassRule.Tail);
        int best = reaching[0] == perSource.Length ? -1 : reaching[0];
        merged.AddRow(mixture.Tokens, mixture.Masses, new RowProvenance(RowRule.Mixture, Source: best, Missing: missing, SignalKept: signal));
    }

    private AlignedDocument TargetRow(TokenizedDocument target, int row)
    {
        var view = new TokenizedDocument
        {
            Id = target.Id,
            Ids = [target.Ids[row]],
            Candidates = new TopKLogits([.. target.Candidates.IndicesOf(row)], [.. target.Candidates.ValuesOf(row)], target.Candidates.K),
            LogSumExp = target.LogSumExp is { } lse ? [lse[row]] : null,
        };
        var own = new AlignedDocument(target.Id, _options.Output);
        RowFallback.Add(own, view, _options with { Fallback = FallbackRule.Target });
        return own;
    }

    /// <summary>
    /// [source or target][row] the smaller the better; all zero where there is nothing to choose between. Levels document and token: bits per byte (SPEC A3.5).
    /// Level row: -ln of the row's heaviest mass, infinite where the source does not reach it. Level prefix: nats of the text so far. Softmax of minus the
    /// score is then in proportion to that mass, and the posterior of the sources given the text so far when each was as likely before.
    /// </summary>
    private double[][] Score(TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, AlignedDocument[] perSource, int count)
    {
        double[][] scores = [.. Enumerable.Range(0, count).Select(_ => new double[target.Length])];
        if (!Chooses)
            return scores;
        if (_options.FusionLevel == FusionLevel.Row)
        {
            for (int s = 0; s < count; s++)
            {
                for (int i = 0; i < target.Length; i++)
                    scores[s][i] = s < sources.Count ? Doubt(perSource[s], i) : Doubt(TargetRow(target, i), 0);
            }

            return scores;
        }

        int bytes = DocumentSpans.Of(target, _sources[0].Vocabularies.Target).TextLength;
        for (int s = 0; s < count; s++)
        {
            (TokenizedDocument document, string name) = s < sources.Count ? (sources[s], _sources[s].Name) : (target, "target");
            double whole = SourceScores.BitsPerByte(document, bytes)
                ?? throw new AlignmentDataException(target.Id, $"{name} has no label cross-entropy (metric_ce or per_step_metric_ce), which fusion-function needs to choose between sources; store it, or give one source and no --with-target.");
            if (!double.IsFinite(whole))
                throw new AlignmentDataException(target.Id, $"{name}'s label cross-entropy is not finite, so that fusion-function cannot compare it; run the model again for this document.");
            Array.Fill(scores[s], whole);
            if (_options.FusionLevel == FusionLevel.Document)
                continue;
            VocabularyPair vocabularies = s < sources.Count
                ? _sources[s].Vocabularies
                : new VocabularyPair(_sources[0].Vocabularies.Target, _sources[0].Vocabularies.Target);
            var pair = new DocumentPair(document, target);
            double[] perRow = _options.FusionLevel == FusionLevel.Prefix ? SourceScores.PrefixNats(pair, vocabularies) : SourceScores.PerRow(pair, vocabularies);
            for (int i = 0; i < perRow.Length; i++)
                scores[s][i] = double.IsNaN(perRow[i]) ? whole : perRow[i];
        }

        return scores;
    }

    private static double Doubt(AlignedDocument rows, int row)
    {
        double heaviest = 0;
        foreach (double mass in rows.ValuesOf(row))
            heaviest = Math.Max(heaviest, mass);
        return -Math.Log(heaviest);
    }

    private static void Count(TokenizedDocument target, AlignedDocument[] perSource, AlignedDocument? merged, AlignmentRunReport report)
    {
        report.Documents++;
        report.TargetTokens += target.Length;
        for (int s = 0; s < perSource.Length; s++)
            report.Gold[s].Count(perSource[s], target);
        if (merged is null)
            return;
        report.MergedGold.Count(merged, target);
        for (int i = 0; i < merged.Rows; i++)
            report.CountMerged(merged[i].Rule);
    }
}
