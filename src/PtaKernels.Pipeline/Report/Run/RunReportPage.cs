using System.Globalization;

namespace PtaKernels.Pipeline;

/// <summary>What the page of <c>pta report</c> says, in order.</summary>
internal static class RunReportPage
{
    public static IReadOnlyList<ReportBlock> Of(RunReport report) =>
    [
        .. report.Scope.Blocks(),
        .. report.Coverage.Blocks(),
        .. report.Signal.Blocks(),
        .. report.Certificates.Blocks(),
        .. report.Fidelity.Blocks(),
        .. report.Presets.Blocks(),
        .. report.Pairing.Blocks(),
        .. report.Distributions.Blocks(),
        .. report.Training?.Blocks() ?? [],
        .. report.Tasks?.Blocks() ?? [],
        .. report.Why is null ? [] : WhyBlocks.Of(report.Why, "why."),
        .. report.Seconds.Blocks(),
        new HeadingBlock("Made"),
        new TextBlock($"{report.Date.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC. {report.Machine}. {string.Join(", ", report.Versions.Select(static v => $"{v.Key} {v.Value}"))}."),
    ];
}
