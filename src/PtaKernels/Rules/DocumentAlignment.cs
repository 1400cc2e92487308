using System.Diagnostics;
using CommunityToolkit.HighPerformance;

namespace PtaKernels.Rules;

/// <summary>One document through all steps, top to bottom as the README's picture shows them.</summary>
internal sealed class DocumentAlignment
{
    private readonly IKernelBackend _backend;
    private readonly DocumentPair _pair;
    private readonly VocabularyPair _vocabularies;
    private readonly AlignmentOptions _options;
    private readonly AlignmentReport _report;
    private readonly DocumentSpans _sourceSpans;
    private readonly DocumentSpans _targetSpans;
    private readonly RowCandidates _rows = new();
    private readonly ColumnCandidates _columns = new();
    private readonly MappedCandidates _mapped = new();
    private readonly FusedRow _fused = new();
    private readonly ByteProjection? _bytes;
    private readonly FusedRow _signal = new();
    private readonly byte[] _cost = new byte[TopKLogits.MaxK * TopKLogits.MaxK];
    private readonly double[] _plan = new double[TopKLogits.MaxK * TopKLogits.MaxK];
    private long _clock = Stopwatch.GetTimestamp();

    public DocumentAlignment(IKernelBackend backend, DocumentPair pair, VocabularyPair vocabularies, in AlignmentOptions options, AlignmentReport report)
    {
        DocumentChecks.Require(pair, vocabularies, options);
        _backend = backend;
        _pair = pair;
        _vocabularies = vocabularies;
        _options = options;
        _report = report;
        _bytes = options.Projection == ProjectionRule.Byte ? new ByteProjection(vocabularies) : null;
        _sourceSpans = DocumentSpans.Of(pair.Source, vocabularies.Source);
        _targetSpans = DocumentSpans.Of(pair.Target, vocabularies.Target);
    }

    public AlignedDocument Align()
    {
        int length = _pair.Target.Length;
        var decisions = new StepDecision[length];
        Decide(decisions);
        Lap(AlignmentStage.Pairing);
        ResolveNearest(decisions);
        Lap(AlignmentStage.Mapping);
        var aligned = new AlignedDocument(_pair.Target.Id, _options.Output, length, length * 4);
        for (int i = 0; i < length; i++)
        {
            bool transferred = decisions[i].Transfers && (_options.Cost == CandidateCost.OfficialStrings
                ? AddRowByStrings(aligned, i, decisions[i])
                : AddRowByTexts(aligned, i, decisions[i]));
            if (!transferred)
                RowFallback.Add(aligned, _pair.Target, _options, decisions[i].Transfers ? RowRule.None : decisions[i].Rule);
            _report.CountRow(aligned[i]);
            Lap(AlignmentStage.Projection);
        }

        _report.Documents++;
        _report.TargetTokens += length;
        _report.SourceTokens += _pair.Source.Length;
        return aligned;
    }

    /// <summary>Pairing and step transfer: which source row each target row receives.</summary>
    private void Decide(StepDecision[] decisions)
    {
        // The official code never looks at the text, so neither does a preset that only pairs strings.
        BoundaryMap? boundaries = null;
        if (_options.Pairing != PairingRule.DtwStrings || _options.Transfer is TransferRule.Boundary or TransferRule.BoundaryPrefix)
        {
            boundaries = BoundaryMap.Between(_pair.Target.Id, _sourceSpans, _targetSpans);
            _report.RepairedDocuments += boundaries.Exact ? 0 : 1;
        }

        TokenPairing? pairing = _options.Transfer is TransferRule.Boundary or TransferRule.BoundaryPrefix ? null : Pair(boundaries);
        if (_options.Transfer == TransferRule.String)
            ResolveOfficial(_pair.Source.Ids);
        for (int i = 0; i < decisions.Length; i++)
        {
            decisions[i] = _options.Transfer switch
            {
                TransferRule.StringHard => StepTransfer.ByString(_pair, _vocabularies, pairing!, i, soft: false),
                TransferRule.String => StepTransfer.ByString(_pair, _vocabularies, pairing!, i, soft: true),
                TransferRule.Groups => StepTransfer.ByGroup(_pair, pairing!, i),
                _ => StepTransfer.ByBoundary(
                    _pair, _sourceSpans, _targetSpans, boundaries!, _vocabularies, i, _options.Transfer == TransferRule.BoundaryPrefix),
            };
        }
    }

    private TokenPairing Pair(BoundaryMap? boundaries) => _options.Pairing == PairingRule.ByteOffsets && boundaries!.Exact
        ? TokenPairing.FromSpans(_sourceSpans, _targetSpans)
        : TokenPairing.ByWarping(_backend, _pair, _vocabularies, strings: _options.Pairing == PairingRule.DtwStrings);

    /// <summary>Nearest tokens of every candidate that a later step will ask for.</summary>
    private void ResolveNearest(StepDecision[] decisions)
    {
        IEnumerable<int> candidates = decisions.Where(static d => d.Transfers)
            .SelectMany(d => _pair.Source.Candidates.IndicesOf(d.SourceRow).ToArray()).Distinct();
        bool moves = _options.Transport == TransportKind.None;
        if (_options.Cost == CandidateCost.OfficialStrings && _options.Transfer != TransferRule.StringHard)
            ResolveOfficial(candidates);
        if (_bytes is not null)
            _vocabularies.NearestText.Resolve(_backend, candidates.Where(_vocabularies.Source.IsSpecial));
        if (_options.MeasureSignal || (_options.Columns == CandidateColumns.Union && _bytes is null) || (moves && _options.Cost != CandidateCost.OfficialStrings))
            _vocabularies.NearestText.Resolve(_backend, candidates);
    }

    private void ResolveOfficial(IEnumerable<int> sourceTokens)
    {
        OfficialStrings official = _vocabularies.Official;
        IEnumerable<int> tokens = sourceTokens;
        int owner = official.Prefixed(_pair.Source.Ids[0]).KeyOwner;
        official.Map.Resolve(_backend, owner < 0 ? tokens : tokens.Append(owner));
    }

    /// <summary>A row whose candidates are mapped target tokens, as the official code moves them (SPEC B 3b.2, 3b.3).</summary>
    private bool AddRowByStrings(AlignedDocument aligned, int i, in StepDecision decision)
    {
        _mapped.Collect(_pair.Source, _vocabularies, decision.SourceRow, soft: _options.Transfer != TransferRule.StringHard);
        _columns.Collect(_pair, _vocabularies.Target, i, _rows, predictsTextStart: false, _options);
        int k = _pair.Source.Candidates.K, window = RowCandidates.Used(k, _options.Window);
        bool official = _options.Output == OutputUnit.Official;
        Span<double> mass = stackalloc double[window];
        double missing = RowMass.Of(_pair.Source, decision.SourceRow, _options, mass);
        TransportOutcome? outcome = null;
        RowRule rule = decision.Rule;
        _fused.Clear();
        if (_options.Transport == TransportKind.None || (official && (_mapped.Tokens.Length < window || _columns.Count < window)))
        {
            rule = RowRule.Soft;
        }
        else
        {
            int n = Math.Min(window, _mapped.Tokens.Length);
            if (n == 0)
                return false;
            mass = mass[..n];
            if (_options.Mass == MassRule.Renormalised)
                RowMass.Softmax(_mapped.Logits[..n], _options.Temperature, mass);
            OfficialStrings strings = _vocabularies.Official;
            outcome = Transport(i, strings.TargetWithoutSourceMarker, _mapped.Tokens[..n], mass, strings.TargetStripped);
            if (official && _fused.HasNonFinite)
                rule = RowRule.SoftNotFinite;
        }

        if (rule is RowRule.Soft or RowRule.SoftNotFinite && official)
        {
            Finish(aligned, decision, rule, _mapped.Tokens, _mapped.Logits, missing: 0, outcome);
            return true;
        }

        if (rule == RowRule.Soft)
        {
            Span<double> moved = stackalloc double[_mapped.Logits.Length];
            if (moved.Length == 0)
                return false;
            RowMass.Softmax(_mapped.Logits, _options.Temperature, moved);
            for (int c = 0; c < moved.Length; c++)
                _fused.Add(_mapped.Tokens[c], moved[c]);
        }

        if (!official)
            missing = _fused.Finish(1 - missing, KeptTokens, _options.Mass == MassRule.Tail);
        Finish(aligned, decision, rule, _fused.Tokens, _fused.Masses, missing, outcome);
        return true;
    }

    /// <summary>A row whose candidates keep their true texts (SPEC A3.3, A3.4).</summary>
    private bool AddRowByTexts(AlignedDocument aligned, int i, in StepDecision decision)
    {
        bool sourceStart = decision.SourceRow < _sourceSpans.FirstText, targetStart = i < _targetSpans.FirstText;
        if (!_rows.Collect(_pair.Source, _vocabularies, decision, sourceStart, _options))
            return false;
        bool needsNearest = _options.MeasureSignal || (_bytes is null && (_options.Columns == CandidateColumns.Union || _options.Transport == TransportKind.None));
        if (needsNearest)
            _rows.FindNearest(_backend, _vocabularies, targetStart);
        TransportOutcome? outcome = null;
        double? all = null;
        _fused.Clear();
        if (_bytes is not null)
        {
            all = ProjectBytes(i, targetStart);
        }
        else if (_options.Transport == TransportKind.None)
        {
            _rows.PushToNearest(_fused);
        }
        else
        {
            _columns.Collect(_pair, _vocabularies.Target, i, _rows, targetStart, _options);
            if (_columns.Count == 0)
                return false; // a prior's masked row offers no column
            outcome = Transport(i, _rows.Tape, _rows.Ids, _rows.Mass, _columns.Tape);
        }

        double missing = _rows.Missing;
        if (_options.Output == OutputUnit.Probabilities)
        {
            if (_fused.HasNonFinite || !Any(_fused.Masses))
                return false;
            missing = _fused.Finish(1 - missing, KeptTokens, _options.Mass == MassRule.Tail, all);
        }

        Finish(aligned, decision, decision.Rule, _fused.Tokens, _fused.Masses, missing, outcome);
        return true;

        static bool Any(ReadOnlySpan<double> masses) => masses.ContainsAnyExcept(0);
    }

    private double ProjectBytes(int row, bool predictsTextStart)
    {
        int used = RowCandidates.Used(_pair.Target.Candidates.K, _options.Window);
        return _bytes!.Project(
            _rows, predictsTextStart, _pair.Target.Candidates.IndicesOf(row)[..used], _pair.Target.Candidates.ValuesOf(row)[..used], _options, KeptTokens, _fused);
    }

    private int KeptTokens => _options.FusedK > 0 ? _options.FusedK : _pair.Target.Candidates.K;

    /// <summary>Cost matrix, plan and projection of one row's collected candidates; the masses go to <see cref="_fused"/>.</summary>
    private TransportOutcome Transport(int row, TokenTape rowTape, ReadOnlySpan<int> rows, ReadOnlySpan<double> a, TokenTape columnTape)
    {
        bool official = _options.Cost == CandidateCost.OfficialStrings;
        int n = rows.Length, m = _columns.Count;
        ReadOnlySpan<int> columns = official ? _columns.Tokens : _columns.Ids;
        Span<byte> cost = _cost.AsSpan(0, n * m);
        Span<double> plan = _plan.AsSpan(0, n * m);
        var destination = new TransportPlan(plan, [], [], 1, n, m);
        var marginals = new Marginals(a, _columns.Mass);
        Span<TransportOutcome> outcome = stackalloc TransportOutcome[1];
        bool narrow = true;
        if (SemanticCosts.Reads(_options.Cost))
        {
            var block = Span2D<byte>.DangerousCreate(ref cost[0], n, m, 0);
            SemanticCosts.Fill(_backend, _vocabularies.Embeddings!, rowTape, rows, _rows.WholeTokens, columnTape, columns, _columns.Tokens, SemanticCosts.ShareOf(_options), block);
        }
        else
        {
            narrow = _backend.ComputeCostMatrices(rowTape, rows, columnTape, columns, n, m, cost) == KernelStatus.Ok;
        }

        if (narrow)
        {
            Lap(AlignmentStage.Candidates);
            _backend.SolveTransport(new CostMatrix<byte>(cost, 1, n, m), marginals, _options.TransportOptions, destination, outcome);
        }
        else
        {
            _backend.SolveTransport(
                new CostMatrix<double>(WideCosts(rowTape, rows, columnTape, columns), 1, n, m), marginals, _options.TransportOptions, destination, outcome);
        }

        Lap(AlignmentStage.Transport);
        if (outcome[0].Status == TransportStatus.IterationLimit && _options.Transport == TransportKind.Unbalanced)
            throw new AlignmentDataException(_pair.Target.Id, $"row {row}: the unbalanced transport has no certified plan in float64; use a larger --epsilon.");
        if (outcome[0].Status == TransportStatus.IterationLimit)
        {
            throw new AlignmentDataException(_pair.Target.Id,
                $"row {row}: the official loop has not stopped after {_options.MaxIterations} iterations, where the official code hangs; use --transport balanced --mass renormalised or a larger --tolerance.");
        }

        // The official argmax is strict; elsewhere plans agree to rounding only, and so near-ties go to the first column.
        double tie = _options.Transport == TransportKind.Official ? 0 : PlanProjection.TieTolerance;
        _report.ProjectionTies += PlanProjection.Project(destination[0], _columns.Tokens, _options.Projection, _options.ProjectionColumns, tie, _fused);
        return outcome[0];
    }

    /// <summary>Costs over 254 edits, as numbers.</summary>
    private double[] WideCosts(TokenTape rowTape, ReadOnlySpan<int> rows, TokenTape columnTape, ReadOnlySpan<int> columns)
    {
        var wide = new ushort[rows.Length * columns.Length];
        _backend.ComputeCostMatrix(rowTape, rows, columnTape, columns, new Span2D<ushort>(wide, rows.Length, columns.Length));
        return Array.ConvertAll(wide, static v => (double)v);
    }

    private void Finish(
        AlignedDocument aligned, in StepDecision decision, RowRule rule, ReadOnlySpan<int> tokens, ReadOnlySpan<double> values, double missing, TransportOutcome? outcome)
    {
        double kept = _options.MeasureSignal ? MeasureSignal(decision, tokens, values) : double.NaN;
        double kappa = _options.Cost == CandidateCost.OfficialStrings ? 1 : _rows.Kappa;
        aligned.AddRow(tokens, values, new RowProvenance(rule, decision.SourceRow, -1, missing, kappa, kept, outcome));
    }

    private double MeasureSignal(in StepDecision decision, ReadOnlySpan<int> tokens, ReadOnlySpan<double> values)
    {
        _signal.Clear();
        if (_options.Cost == CandidateCost.OfficialStrings)
        {
            int k = _pair.Source.Candidates.K;
            Span<double> mass = stackalloc double[k];
            RowMass.Softmax(_pair.Source.Candidates.ValuesOf(decision.SourceRow), _options.Temperature, mass);
            for (int c = 0; c < k; c++)
            {
                int nearest = _vocabularies.NearestText[_pair.Source.Candidates.IndicesOf(decision.SourceRow)[c]];
                if (nearest != VocabularyMap.None)
                    _signal.Add(nearest, mass[c]);
            }
        }
        else
        {
            _rows.PushToNearest(_signal);
        }

        Span<double> seen = stackalloc double[values.Length];
        TeacherSignal.AsProbabilities(values, _options.Output, seen);
        return TeacherSignal.Kept(_signal, tokens, seen);
    }

    private void Lap(AlignmentStage stage) => _clock = _report.AddTime(stage, _clock);
}
