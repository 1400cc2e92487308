using PtaKernels.Perf;
using PtaKernels.Pipeline.Planning;

namespace PtaKernels.CorpusBench;

/// <summary>Forecasts beside what then came.</summary>
internal sealed record PlanCheckResults
{
    /// <summary>When it ended.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>The processor.</summary>
    public required string Machine { get; init; }

    /// <summary>Processors that the system counts.</summary>
    public required int Cores { get; init; }

    /// <summary>Program, runtime, commit.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>What was typed.</summary>
    public required string Command { get; init; }

    /// <summary>Documents, tokens and form of the corpus.</summary>
    public required CheckedCorpus Corpus { get; init; }

    /// <summary>By preset: each forecast and what came.</summary>
    public required IReadOnlyList<CheckedForecast> Checks { get; init; }

    /// <summary>The plans that were checked, by preset.</summary>
    public required IReadOnlyDictionary<string, Plan> Plans { get; init; }

    /// <summary>The plan of the README's table: the same sample, larger corpora and machines.</summary>
    public required Plan Scale { get; init; }

    /// <summary>What was typed for it.</summary>
    public required string ScaleCommand { get; init; }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="AlignmentDataException">It is missing or damaged.</exception>
    public static PlanCheckResults Read(string path) => JsonFile.Read<PlanCheckResults>(path, "expected the results of `scripts/plan-check`, write them again");

    /// <summary>Writes the file; it has its name only once it is complete.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        JsonFile.Write(path, this);
    }
}

/// <summary>A corpus that was planned for.</summary>
/// <param name="Form">Stores, or JSON lines.</param>
/// <param name="Documents">Its documents.</param>
/// <param name="TargetTokens">Their target tokens.</param>
/// <param name="Sample">Chance of each document to be in the sample.</param>
/// <param name="Sampled">Documents of the sample.</param>
internal sealed record CheckedCorpus(string Form, long Documents, long TargetTokens, double Sample, int Sampled);

/// <summary>A number that was predicted, and what it was.</summary>
/// <param name="Preset">The preset.</param>
/// <param name="Stage">Stage, and model where there is a row for each.</param>
/// <param name="What"><c>disk</c>, <c>CPU</c>, <c>clock</c>, or a share of the coverage.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Predicted">Value and interval.</param>
/// <param name="Actual">What it was; of several runs the median.</param>
/// <param name="All">Each run, where there were several.</param>
internal sealed record CheckedForecast(string Preset, string Stage, string What, string Unit, Estimate Predicted, double Actual, IReadOnlyList<double> All)
{
    /// <summary>Prediction over truth, less 1.</summary>
    public double Error => Actual == 0 ? 0 : (Predicted.Value / Actual) - 1;

    /// <summary>Whether the truth lies in the interval.</summary>
    public bool Inside => Actual >= Predicted.Low && Actual <= Predicted.High;
}
