namespace PtaKernels.Pipeline;

/// <summary>All that <c>pta report</c> says of a run, as <c>run-report.json</c> has it: every number of the page's tables comes from here. <see cref="RunReportWriter"/> makes pages of it.</summary>
internal sealed record RunReport
{
    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>Where it was made: processor and cores.</summary>
    public required string Machine { get; init; }

    /// <summary>Of the program and what it stands on, by name.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>What was looked at.</summary>
    public required ScopeSection Scope { get; init; }

    /// <summary>Rules of the rows.</summary>
    public required CoverageSection Coverage { get; init; }

    /// <summary>Ends of the transports.</summary>
    public required CertificateSection Certificates { get; init; }

    /// <summary>What is left of the teachers.</summary>
    public required SignalSection Signal { get; init; }

    /// <summary>Presets and baselines.</summary>
    public required PresetSection Presets { get; init; }

    /// <summary>Time warping against byte offsets.</summary>
    public required PairingSection Pairing { get; init; }

    /// <summary>Rows as points.</summary>
    public required DistributionSection Distributions { get; init; }

    /// <summary>What training gave; null where nothing was trained.</summary>
    public TrainingSection? Training { get; init; }

    /// <summary>Tasks against another model; null where none were given.</summary>
    public TaskSection? Tasks { get; init; }

    /// <summary>The ends of the documents.</summary>
    public required FidelitySection Fidelity { get; init; }

    /// <summary>Which sources and rules helped or hurt; null where nobody asked.</summary>
    public WhyReport? Why { get; init; }

    /// <summary>Where the time went.</summary>
    public required SecondsSection Seconds { get; init; }
}
