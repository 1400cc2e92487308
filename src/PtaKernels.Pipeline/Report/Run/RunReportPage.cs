namespace PtaKernels.Pipeline;

/// <summary>What the page of <c>pta report</c> says, in order.</summary>
internal static class RunReportPage
{
    public static IReadOnlyList<ReportBlock> Of(RunReport report) =>
        [new TextBlock($"{report.Date.ToUniversalTime():yyyy-MM-dd HH:mm} UTC. {report.Machine}. {string.Join(", ", report.Versions.Select(static v => $"{v.Key} {v.Value}"))}.")];
}
