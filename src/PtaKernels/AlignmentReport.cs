namespace PtaKernels;

/// <summary>The stages whose seconds a report adds up.</summary>
public enum AlignmentStage
{
    /// <summary>Token costs, alignment paths, byte offsets.</summary>
    Pairing,

    /// <summary>Nearest-token searches.</summary>
    Mapping,

    /// <summary>Candidate lists, marginals and cost matrices.</summary>
    Candidates,

    /// <summary>Transports.</summary>
    Transport,

    /// <summary>Projection, signal and output rows.</summary>
    Projection,
}

/// <summary>Counts and seconds of an alignment run. Not thread-safe: one per worker, joined by <see cref="Add"/>.</summary>
public sealed class AlignmentReport
{
    private readonly long[] _ticks = new long[Enum.GetValues<AlignmentStage>().Length];
    private readonly long[] _rows = new long[Enum.GetValues<RowRule>().Length];
    private readonly long[] _statuses = new long[Enum.GetValues<TransportStatus>().Length];
    private readonly List<string> _notices = [];

    /// <summary>Documents aligned (each counted once per source).</summary>
    public long Documents { get; set; }

    /// <summary>Documents whose decoded texts differed and were byte-aligned first (SPEC A3.1).</summary>
    public long RepairedDocuments { get; set; }

    /// <summary>Target positions seen (once per source).</summary>
    public long TargetTokens { get; set; }

    /// <summary>Source positions seen.</summary>
    public long SourceTokens { get; set; }

    /// <summary>Transport loop bodies.</summary>
    public long Iterations { get; set; }

    /// <summary>Choices of a heaviest column that only the tie rule decided (<see cref="Rules.PlanProjection.TieTolerance"/>).</summary>
    public long ProjectionTies { get; set; }

    /// <summary>Rows whose teacher signal was measured.</summary>
    public long SignalRows { get; set; }

    /// <summary>Sum over those rows of the teacher signal kept.</summary>
    public double SignalKept { get; set; }

    /// <summary>What a user should know of how the run went, each sentence once.</summary>
    public IReadOnlyList<string> Notices => _notices;

    /// <summary>Transports solved.</summary>
    public long Transports => _statuses.Sum();

    /// <summary>Rows filled by a rule.</summary>
    public long RowsOf(RowRule rule) => _rows[(int)rule];

    /// <summary>Transports that ended in a status.</summary>
    public long TransportsOf(TransportStatus status) => _statuses[(int)status];

    /// <summary>Seconds of one stage, added over workers.</summary>
    public double SecondsOf(AlignmentStage stage) => _ticks[(int)stage] / (double)System.Diagnostics.Stopwatch.Frequency;

    /// <summary>Adds the time since a timestamp to a stage and returns the present timestamp.</summary>
    public long AddTime(AlignmentStage stage, long since)
    {
        long now = System.Diagnostics.Stopwatch.GetTimestamp();
        _ticks[(int)stage] += now - since;
        return now;
    }

    /// <summary>Adds seconds that were measured elsewhere.</summary>
    public void AddSeconds(AlignmentStage stage, double seconds) => _ticks[(int)stage] += (long)(seconds * System.Diagnostics.Stopwatch.Frequency);

    /// <summary>Adds a sentence unless it is known.</summary>
    public void AddNotice(string sentence)
    {
        if (!_notices.Contains(sentence))
            _notices.Add(sentence);
    }

    /// <summary>Adds rows that a rule filled, counted elsewhere.</summary>
    public void AddRows(RowRule rule, long rows) => _rows[(int)rule] += rows;

    /// <summary>Adds transports that ended in a status, counted elsewhere.</summary>
    public void AddTransports(TransportStatus status, long transports) => _statuses[(int)status] += transports;

    /// <summary>Counts one row, its transport and its signal.</summary>
    public void CountRow(in RowProvenance row)
    {
        _rows[(int)row.Rule]++;
        if (row.Transport is { } outcome)
        {
            _statuses[(int)outcome.Status]++;
            Iterations += outcome.Iterations;
        }

        if (!double.IsNaN(row.SignalKept))
        {
            SignalRows++;
            SignalKept += row.SignalKept;
        }
    }

    /// <summary>Adds another worker's counts.</summary>
    public void Add(AlignmentReport other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Documents += other.Documents;
        RepairedDocuments += other.RepairedDocuments;
        TargetTokens += other.TargetTokens;
        SourceTokens += other.SourceTokens;
        Iterations += other.Iterations;
        ProjectionTies += other.ProjectionTies;
        SignalRows += other.SignalRows;
        SignalKept += other.SignalKept;
        foreach (string notice in other._notices)
            AddNotice(notice);
        for (int i = 0; i < _ticks.Length; i++)
            _ticks[i] += other._ticks[i];
        for (int i = 0; i < _rows.Length; i++)
            _rows[i] += other._rows[i];
        for (int i = 0; i < _statuses.Length; i++)
            _statuses[i] += other._statuses[i];
    }
}
