namespace PtaKernels.Pipeline;

/// <summary>All that <c>pta report</c> says of a run, as <c>run-report.json</c> has it: every number of the page comes from here. <see cref="RunReportWriter"/> makes pages of it.</summary>
public sealed record RunReport
{
    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>Where it was made: processor and cores.</summary>
    public required string Machine { get; init; }

    /// <summary>Of the program and what it stands on, by name.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }
}
