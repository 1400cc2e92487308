namespace PtaKernels.Alignment;

/// <summary>Counts of a whole run. Not thread-safe: one per worker, joined by <see cref="Add(AlignmentRunReport)"/>.</summary>
public sealed class AlignmentRunReport
{
    private static readonly Dictionary<string, RowRule> RuleLetters = Enum.GetValues<RowRule>().ToDictionary(static r => RowProvenance.LetterOf(r).ToString());
    private static readonly Dictionary<string, TransportStatus> StatusNames = Enum.GetValues<TransportStatus>().ToDictionary(static s => AlignmentSwitches.Kebab(s.ToString()));

    private readonly long[] _mergedRows = new long[Enum.GetValues<RowRule>().Length];

    /// <summary>An empty report for a number of sources.</summary>
    public AlignmentRunReport(int sources)
    {
        Sources = [.. Enumerable.Range(0, sources).Select(static _ => new AlignmentReport())];
        Gold = [.. Enumerable.Range(0, sources).Select(static _ => new GoldStatistics())];
    }

    /// <summary>By source: rows per rule, transports, seconds.</summary>
    public AlignmentReport[] Sources { get; }

    /// <summary>By source: how its rows predict the document's next token.</summary>
    public GoldStatistics[] Gold { get; }

    /// <summary>The same of the merged rows; empty under output <c>official</c>.</summary>
    public GoldStatistics MergedGold { get; } = new();

    /// <summary>Documents aligned.</summary>
    public long Documents { get; set; }

    /// <summary>Target positions.</summary>
    public long TargetTokens { get; set; }

    /// <summary>Documents set aside by <c>--on-error quarantine</c>.</summary>
    public long Quarantined { get; set; }

    /// <summary>Merged rows filled by a rule.</summary>
    public long MergedRowsOf(RowRule rule) => _mergedRows[(int)rule];

    /// <summary>Counts one merged row.</summary>
    public void CountMerged(RowRule rule) => _mergedRows[(int)rule]++;

    /// <summary>The statistics a user should read: the merged rows', or every source's together where nothing is merged.</summary>
    public GoldStatistics OverallGold
    {
        get
        {
            if (MergedGold.Rows > 0)
                return MergedGold;
            var all = new GoldStatistics();
            foreach (GoldStatistics one in Gold)
                all.Add(one);
            return all;
        }
    }

    /// <summary>
    /// The warning of SPEC A3.4, or null: fused rows that predict the next token less often than the target's own rows do teach nothing.
    /// </summary>
    public string? Warning
    {
        get
        {
            GoldStatistics gold = OverallGold;
            return gold.Rows > 0 && gold.FusedHits < gold.TargetHits
                ? $"fused rows name the next token in {100.0 * gold.FusedHits / gold.Rows:F1} % of {gold.Rows} rows, the target's own in {100.0 * gold.TargetHits / gold.Rows:F1} %: such a fusion teaches nothing."
                : null;
        }
    }

    /// <summary>All counts but those of documents and tokens.</summary>
    public AlignmentCounts Counts => new(
        [.. Sources.Select(static s => new SourceCounts(
            s.RepairedDocuments, s.SourceTokens, s.Iterations, s.ProjectionTies, s.SignalRows, s.SignalKept,
            NonZero(RuleLetters, s.RowsOf), NonZero(StatusNames, s.TransportsOf), s.Notices))],
        [.. Gold.Select(static g => g.Counts)],
        MergedGold.Counts,
        NonZero(RuleLetters, MergedRowsOf));

    /// <summary>Adds counts that were kept, and the documents and tokens that they belong to.</summary>
    /// <param name="counts">Counts of as many sources.</param>
    /// <param name="documents">Documents aligned.</param>
    /// <param name="tokens">Their target positions.</param>
    /// <param name="quarantined">Documents set aside.</param>
    /// <exception cref="ArgumentException">Another number of sources, or an unknown letter.</exception>
    public void Add(AlignmentCounts counts, long documents, long tokens, long quarantined)
    {
        ArgumentNullException.ThrowIfNull(counts);
        if (counts.Sources.Count != Sources.Length || counts.Gold.Count != Sources.Length)
            throw new ArgumentException($"counts of {counts.Sources.Count} sources were kept, and there are {Sources.Length}.");
        Documents += documents;
        TargetTokens += tokens;
        Quarantined += quarantined;
        MergedGold.Add(counts.MergedGold);
        for (int s = 0; s < Sources.Length; s++)
        {
            SourceCounts kept = counts.Sources[s];
            Sources[s].Documents += documents;
            Sources[s].TargetTokens += tokens;
            Sources[s].RepairedDocuments += kept.RepairedDocuments;
            Sources[s].SourceTokens += kept.SourceTokens;
            Sources[s].Iterations += kept.Iterations;
            Sources[s].ProjectionTies += kept.ProjectionTies;
            Sources[s].SignalRows += kept.SignalRows;
            Sources[s].SignalKept += kept.SignalKept;
            foreach ((string letter, long rows) in kept.Rows)
                Sources[s].AddRows(RuleOf(letter), rows);
            foreach ((string name, long transports) in kept.Transports)
                Sources[s].AddTransports(StatusOf(name), transports);
            foreach (string notice in kept.Notices)
                Sources[s].AddNotice(notice);
            Gold[s].Add(counts.Gold[s]);
        }

        foreach ((string letter, long rows) in counts.MergedRows)
            _mergedRows[(int)RuleOf(letter)] += rows;
    }

    /// <summary>Adds another worker's counts.</summary>
    public void Add(AlignmentRunReport other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Documents += other.Documents;
        TargetTokens += other.TargetTokens;
        Quarantined += other.Quarantined;
        MergedGold.Add(other.MergedGold);
        for (int s = 0; s < Sources.Length; s++)
        {
            Sources[s].Add(other.Sources[s]);
            Gold[s].Add(other.Gold[s]);
        }

        for (int r = 0; r < _mergedRows.Length; r++)
            _mergedRows[r] += other._mergedRows[r];
    }

    private static Dictionary<string, long> NonZero<T>(Dictionary<string, T> names, Func<T, long> count) =>
        names.Where(n => count(n.Value) != 0).ToDictionary(static n => n.Key, n => count(n.Value));

    private static RowRule RuleOf(string letter) => RuleLetters.TryGetValue(letter, out RowRule rule) ? rule : throw new ArgumentException($"'{letter}' is the letter of no rule.");

    private static TransportStatus StatusOf(string name) => StatusNames.TryGetValue(name, out TransportStatus status) ? status : throw new ArgumentException($"'{name}' is no end of a transport.");
}

/// <summary>How rows predict the document's own next token, beside the target's own distribution on the same rows (SPEC A3.4).</summary>
public sealed class GoldStatistics
{
    /// <summary>Transferred rows with a next token.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows whose most probable fused token is the next token.</summary>
    public long FusedHits { get; private set; }

    /// <summary>Rows where the target's own most probable token is.</summary>
    public long TargetHits { get; private set; }

    /// <summary>Sum of the fused probability of the next token.</summary>
    public double FusedProbability { get; private set; }

    /// <summary>Counts the transferred rows of a document.</summary>
    public void Count(AlignedDocument fused, TokenizedDocument target)
    {
        ArgumentNullException.ThrowIfNull(fused);
        ArgumentNullException.ThrowIfNull(target);
        double[] scratch = [];
        for (int i = 0; i + 1 < fused.Rows; i++)
        {
            ReadOnlySpan<int> tokens = fused.IndicesOf(i);
            if (!fused[i].Transferred || tokens.IsEmpty)
                continue;
            int gold = target.Ids[i + 1], at = tokens.IndexOf(gold);
            Rows++;
            TargetHits += target.Candidates.IndicesOf(i)[FirstMaximum(target.Candidates.ValuesOf(i))] == gold ? 1 : 0;
            if (at < 0)
                continue;
            if (scratch.Length < tokens.Length)
                scratch = new double[Math.Max(64, tokens.Length)];
            Span<double> probabilities = scratch.AsSpan(0, tokens.Length);
            Rules.TeacherSignal.AsProbabilities(fused.ValuesOf(i), fused.Unit, probabilities);
            FusedHits += tokens[FirstMaximum(probabilities)] == gold ? 1 : 0;
            if (double.IsFinite(probabilities[at]))
                FusedProbability += probabilities[at];
        }
    }

    /// <summary>The values.</summary>
    public GoldCounts Counts => new(Rows, FusedHits, TargetHits, FusedProbability);

    /// <summary>Adds other counts.</summary>
    public void Add(GoldStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Add(other.Counts);
    }

    /// <summary>Adds counts that were kept.</summary>
    public void Add(GoldCounts kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        Rows += kept.Rows;
        FusedHits += kept.FusedHits;
        TargetHits += kept.TargetHits;
        FusedProbability += kept.FusedProbability;
    }

    private static int FirstMaximum(ReadOnlySpan<double> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
                best = i;
        }

        return best;
    }
}
