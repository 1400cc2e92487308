using CommunityToolkit.HighPerformance;
using PtaKernels.Rules;

namespace PtaKernels.Pipeline;

/// <summary>One side's candidate of a step; without mass, a token that the target does not name itself.</summary>
internal readonly record struct StepCandidate(int Token, string Text, double? Mass);

/// <summary>One transferred row of an aligned document taken apart again through the rules and the backend, and checked against the row it stands for.</summary>
internal sealed class StepView
{
    /// <summary>Backends agree on fused rows to this (SPEC A4).</summary>
    private const double Agreement = 1e-8;

    private readonly double _missing;

    private StepView(int row, AlignedDocument aligned, StepCandidate[] rows, double missing)
    {
        _missing = missing;
        Row = row;
        Provenance = aligned[row];
        Fused = [.. aligned.IndicesOf(row).ToArray().Zip(aligned.ValuesOf(row).ToArray())];
        Rows = rows;
    }

    /// <summary>The target row.</summary>
    public int Row { get; }

    public RowProvenance Provenance { get; }

    /// <summary>Source candidates with a.</summary>
    public StepCandidate[] Rows { get; }

    /// <summary>Target candidates with b; under projection byte the fused tokens, heaviest first, with the target's own probability; empty where candidates were only moved.</summary>
    public StepCandidate[] Columns { get; private set; } = [];

    /// <summary>[rows, columns] edits, and the plan.</summary>
    public int[,] Cost { get; private set; } = new int[0, 0];

    public double[,] Plan { get; private set; } = new double[0, 0];

    /// <summary>[rows, columns] under projection byte: mass that a candidate gives to a token, before the row is scaled; null where the token does not begin its bytes.</summary>
    public double?[,]? Shares { get; private set; }

    /// <summary>[rows] under projection byte: whether any token begins a candidate's bytes.</summary>
    public bool[] Gives { get; private set; } = [];

    /// <summary>Mass that the candidates gave to tokens too light to be kept.</summary>
    public double NotKept { get; private set; }

    public TransportOutcome? Outcome { get; private set; }

    /// <summary>The fused row as the alignment gave it.</summary>
    public (int Token, double Value)[] Fused { get; }

    /// <summary>Takes a row apart.</summary>
    /// <exception cref="ArgumentException">No teacher row reached it.</exception>
    /// <exception cref="AlignmentDataException">What the rules give now is not what the alignment gave.</exception>
    public static StepView Rebuild(
        IKernelBackend backend, DocumentPair pair, VocabularyPair vocabularies, in AlignmentOptions options, AlignedDocument aligned, int row)
    {
        if ((uint)row >= (uint)aligned.Rows)
            throw new ArgumentException($"row {row} is not in the document; it has the target rows 0..{aligned.Rows - 1}.");
        if (!aligned[row].Transferred || aligned[row].SourceRow < 0)
            throw new ArgumentException($"row {row} received nothing from the teacher ({RuleMeanings.Of(aligned[row].Rule)}); choose another --row.");
        return options.Cost == CandidateCost.OfficialStrings
            ? ByStrings(backend, pair, vocabularies, options, aligned, row)
            : ByTexts(backend, pair, vocabularies, options, aligned, row);
    }

    private static StepView ByStrings(
        IKernelBackend backend, DocumentPair pair, VocabularyPair vocabularies, in AlignmentOptions options, AlignedDocument aligned, int row)
    {
        RowProvenance provenance = aligned[row];
        vocabularies.Official.Map.Resolve(backend, pair.Source.Candidates.IndicesOf(provenance.SourceRow).ToArray());
        var mapped = new MappedCandidates();
        mapped.Collect(pair.Source, vocabularies, provenance.SourceRow, soft: options.Transfer != TransferRule.StringHard);
        int k = pair.Source.Candidates.K, window = options.Window == 0 ? k : Math.Min(options.Window, k), n = Math.Min(window, mapped.Tokens.Length);
        double[] mass = new double[window];
        double missing = RowMass.Of(pair.Source, provenance.SourceRow, options, mass);
        Array.Resize(ref mass, n);
        if (options.Mass == MassRule.Renormalised || provenance.Rule == RowRule.Soft)
            RowMass.Softmax(mapped.Logits[..n], options.Temperature, mass);
        int[] tokens = mapped.Tokens[..n].ToArray();
        var view = new StepView(row, aligned, [.. tokens.Zip(mass, (t, m) => new StepCandidate(t, MappedText(pair.Source, vocabularies, provenance.SourceRow, t), m))], missing);
        if (provenance.Rule is RowRule.Soft or RowRule.SoftNotFinite)
        {
            if (options.Output == OutputUnit.Official)
                view.Require(mapped.Tokens, mapped.Logits);
            return view;
        }

        var columns = new ColumnCandidates();
        columns.Collect(pair, vocabularies.Target, row, new RowCandidates(), predictsTextStart: false, options);
        OfficialStrings strings = vocabularies.Official;
        view.Transport(backend, vocabularies, options, strings.TargetWithoutSourceMarker, tokens, mass, strings.TargetStripped, columns.Tokens, columns, pair.Target.Candidates.K);
        return view;
    }

    private static StepView ByTexts(
        IKernelBackend backend, DocumentPair pair, VocabularyPair vocabularies, in AlignmentOptions options, AlignedDocument aligned, int row)
    {
        DocumentSpans source = DocumentSpans.Of(pair.Source, vocabularies.Source), target = DocumentSpans.Of(pair.Target, vocabularies.Target);
        RowProvenance provenance = aligned[row];
        StepDecision decision = provenance.Rule == RowRule.Prefix
            ? StepTransfer.ByBoundary(pair, source, target, BoundaryMap.Between(pair.Target.Id, source, target), vocabularies, row, withPrefix: true)
            : new StepDecision(provenance.Rule, provenance.SourceRow);
        bool sourceStart = decision.SourceRow < source.FirstText, targetStart = row < target.FirstText;
        var rows = new RowCandidates();
        rows.Collect(pair.Source, vocabularies, decision, sourceStart, options);
        int[] candidates = pair.Source.Candidates.IndicesOf(decision.SourceRow).ToArray();
        bool bytes = options.Projection == ProjectionRule.Byte;
        if (bytes)
        {
            vocabularies.NearestText.Resolve(backend, candidates.Where(vocabularies.Source.IsSpecial));
        }
        else if (options.Columns == CandidateColumns.Union || options.Transport == TransportKind.None)
        {
            vocabularies.NearestText.Resolve(backend, candidates);
            rows.FindNearest(backend, vocabularies, targetStart);
        }

        int[] ids = rows.Ids.ToArray();
        double[] mass = rows.Mass.ToArray();
        TokenTape tape = rows.Tape;
        var view = new StepView(row, aligned, [.. ids.Zip(mass, (id, m) => new StepCandidate(id, VisibleText.Of(tape[id]), m))], rows.Missing);
        if (bytes)
        {
            view.ShareOut(pair, vocabularies, rows, targetStart, options);
            return view;
        }

        if (options.Transport == TransportKind.None)
        {
            var moved = new FusedRow();
            rows.PushToNearest(moved);
            view.Compare(moved, options, pair.Target.Candidates.K);
            return view;
        }

        var columns = new ColumnCandidates();
        columns.Collect(pair, vocabularies.Target, row, rows, targetStart, options);
        view.Transport(backend, vocabularies, options, tape, ids, mass, columns.Tape, columns.Ids, columns, pair.Target.Candidates.K);
        return view;
    }

    /// <summary>A mapped candidate as the source token it came from, and what it became where the two differ.</summary>
    private static string MappedText(TokenizedDocument source, VocabularyPair vocabularies, int row, int mapped)
    {
        string target = VisibleText.Of(vocabularies.Target, mapped);
        foreach (int candidate in source.Candidates.IndicesOf(row))
        {
            bool same = vocabularies.Official.SameString(candidate) == mapped;
            if (same || vocabularies.Official.Map[candidate] == mapped)
            {
                string text = VisibleText.Of(vocabularies.Source, candidate);
                return text == target ? text : $"{text}→{target}";
            }
        }

        return target;
    }

    private void Transport(
        IKernelBackend backend, VocabularyPair vocabularies, in AlignmentOptions options, TokenTape rowTape, int[] rows, double[] a, TokenTape columnTape,
        ReadOnlySpan<int> columnIds, ColumnCandidates columns, int targetK)
    {
        int n = rows.Length, m = columns.Count;
        var wide = new ushort[n, m];
        backend.ComputeCostMatrix(rowTape, rows, columnTape, columnIds, wide.AsSpan2D());
        double[] costs = [.. wide.Cast<ushort>().Select(static c => (double)c)];
        Plan = new double[n, m];
        Cost = new int[n, m];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < m; j++)
                Cost[i, j] = wide[i, j];
        }

        Plan.AsSpan2D().TryGetSpan(out Span<double> plan);
        var outcome = new TransportOutcome[1];
        backend.SolveTransport(
            new CostMatrix<double>(costs, 1, n, m), new Marginals(a, columns.Mass), options.TransportOptions, new TransportPlan(plan, [], [], 1, n, m), outcome);
        Outcome = outcome[0];
        Columns = [.. columns.Tokens.ToArray().Zip(columns.Mass.ToArray(), (t, b) => new StepCandidate(t, VisibleText.Of(vocabularies.Target, t), b))];
        var fused = new FusedRow();
        double tie = options.Transport == TransportKind.Official ? 0 : PlanProjection.TieTolerance;
        PlanProjection.Project(Plan.AsSpan2D(), columns.Tokens, options.Projection, options.ProjectionColumns, tie, fused);
        Compare(fused, options, targetK);
    }

    /// <summary>Projection byte: the row's tokens, and what each candidate gives to each of them.</summary>
    private void ShareOut(DocumentPair pair, VocabularyPair vocabularies, RowCandidates rows, bool targetStart, in AlignmentOptions options)
    {
        TopKLogits candidates = pair.Target.Candidates;
        int used = options.Window == 0 ? candidates.K : Math.Min(options.Window, candidates.K);
        ReadOnlySpan<int> ownTokens = candidates.IndicesOf(Row)[..used];
        ReadOnlySpan<double> logits = candidates.ValuesOf(Row)[..used];
        var projection = new ByteProjection(vocabularies);
        var projected = new FusedRow();
        double all = projection.Project(rows, targetStart, ownTokens, logits, options, KeptTokens(options, candidates.K), projected);
        double[] own = new double[used];
        RowMass.Softmax(logits, options.Temperature, own);
        Gives = [.. Enumerable.Range(0, rows.Count).Select(projection.Gives)];
        Columns = new StepCandidate[projected.Tokens.Length];
        Shares = new double?[rows.Count, Columns.Length];
        NotKept = all;
        var fused = new FusedRow();
        for (int t = 0; t < Columns.Length; t++)
        {
            int token = projected.Tokens[t], at = ownTokens.IndexOf(token);
            Columns[t] = new StepCandidate(token, VisibleText.Of(vocabularies.Target, token), at < 0 ? null : own[at]);
            double mass = 0;
            for (int c = 0; c < rows.Count; c++)
                mass += (Shares[c, t] = projection.ShareOf(c, token)) ?? 0;
            fused.Add(token, mass);
            NotKept -= mass;
        }

        NotKept = Math.Max(0, NotKept); // rounding
        Compare(fused, options, candidates.K, all);
    }

    private static int KeptTokens(in AlignmentOptions options, int targetK) => options.FusedK > 0 ? options.FusedK : targetK;

    private void Compare(FusedRow fused, in AlignmentOptions options, int targetK, double? given = null)
    {
        if (options.Output == OutputUnit.Probabilities)
            fused.Finish(1 - _missing, KeptTokens(options, targetK), options.Mass == MassRule.Tail, given);
        Require(fused.Tokens, fused.Masses);
    }

    private void Require(ReadOnlySpan<int> tokens, ReadOnlySpan<double> values)
    {
        var expected = Fused.ToDictionary(static f => f.Token, static f => f.Value);
        double worst = tokens.Length == expected.Count ? 0 : double.PositiveInfinity;
        for (int t = 0; t < tokens.Length; t++)
        {
            double difference = expected.TryGetValue(tokens[t], out double value) && !value.Equals(values[t]) ? Math.Abs(value - values[t]) : expected.ContainsKey(tokens[t]) ? 0 : values[t];
            worst = Math.Max(worst, difference);
        }

        if (!(worst <= Agreement))
            throw new AlignmentDataException($"row {Row}: taken apart, the step gives another distribution than the alignment (by {worst:G3}); this is a defect of ours, please report it.");
    }
}
