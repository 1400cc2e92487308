namespace PtaKernels.Pipeline.Planning;

/// <summary>A forecast: what each stage of a fusion will take, what it will teach, and where every number comes from.</summary>
internal sealed record Plan
{
    /// <summary>Version of this form.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>The processor that measured.</summary>
    public required string Measurer { get; init; }

    /// <summary>Its cores.</summary>
    public required int MeasurerCores { get; init; }

    /// <summary>Share of intervals that hold the truth, as far as they come from the sample and from rounds.</summary>
    public double Confidence { get; init; } = DocumentBootstrap.Confidence;

    /// <summary>The preset that the switches started from.</summary>
    public required string Preset { get; init; }

    /// <summary>All switches of the alignment.</summary>
    public required IReadOnlyDictionary<string, string> Switches { get; init; }

    /// <summary>What was looked at; null where everything comes from files.</summary>
    public required PlanSample? Sample { get; init; }

    /// <summary>What the plan is for.</summary>
    public required PlanMachines Machines { get; init; }

    /// <summary>A forecast for each number of tokens.</summary>
    public required IReadOnlyList<PlanForecast> Forecasts { get; init; }

    /// <summary>What the alignment will teach; empty where no documents were aligned.</summary>
    public required IReadOnlyList<PlanShare> Coverage { get; init; }

    /// <summary>What speaks against such a fusion, or null: fused rows that name the next token less often than the target's own (SPEC A3.4).</summary>
    public required string? Warning { get; init; }

    /// <summary>Bytes per target token of each column of the aligned store; empty where no documents were aligned.</summary>
    public required IReadOnlyList<PlanShare> Columns { get; init; }

    /// <summary>Every number that a forecast rests on.</summary>
    public required IReadOnlyList<PlanAssumption> Assumptions { get; init; }

    /// <summary>Rows that are not there, a sentence each.</summary>
    public required IReadOnlyList<string> LeftOut { get; init; }
}

/// <summary>A sample of documents.</summary>
/// <param name="Documents">Documents drawn.</param>
/// <param name="CorpusDocuments">Documents of the corpus.</param>
/// <param name="TargetTokens">Target tokens of those drawn.</param>
/// <param name="Share">Chance that each had.</param>
/// <param name="Seed">Which sample.</param>
/// <param name="Rounds">How often it was timed.</param>
internal sealed record PlanSample(int Documents, long CorpusDocuments, long TargetTokens, double Share, long Seed, int Rounds);

/// <summary>The stages at a number of tokens.</summary>
/// <param name="TargetTokens">Target tokens.</param>
/// <param name="Rows">The stages in order.</param>
internal sealed record PlanForecast(double TargetTokens, IReadOnlyList<PlanRow> Rows);

/// <summary>A share, or an amount per token.</summary>
/// <param name="Name">Of what.</param>
/// <param name="Meaning">In words.</param>
/// <param name="Value">How much.</param>
internal sealed record PlanShare(string Name, string Meaning, Estimate Value);

/// <summary>A number that a forecast rests on.</summary>
/// <param name="What">What it is, with its unit.</param>
/// <param name="Value">The number.</param>
/// <param name="From"><c>measured here</c>, <c>counted</c>, the name of a file, or <c>assumed</c> and why.</param>
internal sealed record PlanAssumption(string What, Estimate Value, string From);
