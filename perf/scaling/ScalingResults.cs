using PtaKernels.Perf;

namespace PtaKernels.Scaling;

/// <summary>What the scaling study measured.</summary>
internal sealed record ScalingResults
{
    /// <summary>When it ended.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>The processor.</summary>
    public required string Machine { get; init; }

    /// <summary>Processors that the system counts.</summary>
    public required int Cores { get; init; }

    /// <summary>Backend and instruction set.</summary>
    public required string Backend { get; init; }

    /// <summary>Program, runtime, commit.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>How long the study took.</summary>
    public required double Seconds { get; init; }

    /// <summary>Whether sizes were tiny: good for tests, not for results.</summary>
    public required bool Quick { get; init; }

    /// <summary>The charts, each with its sweeps.</summary>
    public required IReadOnlyList<ScalingChart> Charts { get; init; }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="AlignmentDataException">It is missing or damaged.</exception>
    public static ScalingResults Read(string path) => JsonFile.Read<ScalingResults>(path, "expected the results of `scripts/scaling run`, measure them again");

    /// <summary>Writes the file; it has its name only once it is complete.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        JsonFile.Write(path, this);
    }
}

/// <summary>Sweeps over the same quantity in the same unit.</summary>
/// <param name="Id">Stable name.</param>
/// <param name="Title">What is shown.</param>
/// <param name="Horizontal">The quantity.</param>
/// <param name="Unit">What a rate counts per second.</param>
/// <param name="Sweeps">The sweeps.</param>
internal sealed record ScalingChart(string Id, string Title, string Horizontal, string Unit, IReadOnlyList<ScalingSweep> Sweeps);

/// <summary>One way of doing the work, measured at several sizes.</summary>
/// <param name="Name">The way.</param>
/// <param name="Cost">What the exponent is of, as <c>seconds of a document</c>.</param>
/// <param name="Check">What its answers were compared with before anything was timed.</param>
/// <param name="Exponent">How that cost grows; null with one size.</param>
/// <param name="Points">What was measured.</param>
internal sealed record ScalingSweep(string Name, string Cost, string Check, CostExponent? Exponent, IReadOnlyList<ScalingPoint> Points);

/// <summary>One size.</summary>
/// <param name="X">The size.</param>
/// <param name="Seconds">Of one call, document or problem: what <see cref="ScalingSweep.Cost"/> says; by the median rate.</param>
/// <param name="Rate">Units a second, median over rounds.</param>
/// <param name="RateMin">The slowest round.</param>
/// <param name="RateMax">The fastest.</param>
/// <param name="Limit">The most that this machine could do; null where it is not known.</param>
/// <param name="LimitedBy">What bounds it.</param>
internal sealed record ScalingPoint(double X, double Seconds, double Rate, double RateMin, double RateMax, double? Limit = null, string? LimitedBy = null);
