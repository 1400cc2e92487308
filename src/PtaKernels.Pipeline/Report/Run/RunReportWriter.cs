using PtaKernels.Corpus;

namespace PtaKernels.Pipeline;

/// <summary>Writes the report of a run: <c>run-report.html</c> (one file, nothing else needed), <c>run-report.md</c>, <c>run-report.json</c>, and the charts as PNG for the Markdown.</summary>
internal static class RunReportWriter
{
    /// <summary>Name of the files, without their endings.</summary>
    public const string FileName = "run-report";

    /// <summary>Writes all files; each appears when it is complete, and the rest of the folder stays.</summary>
    /// <param name="report">What to tell.</param>
    /// <param name="folder">Where.</param>
    /// <exception cref="AlignmentDataException">The disk is full or refuses.</exception>
    public static void Write(RunReport report, string folder)
    {
        IReadOnlyList<ReportBlock> page = RunReportPage.Of(report);
        Directory.CreateDirectory(folder);
        foreach (ChartBlock chart in page.OfType<ChartBlock>())
            chart.Chart.SavePng(Path.Combine(folder, chart.File));
        string stem = Path.Combine(folder, FileName);
        AtomicFile.Write(stem + ".md", ReportMarkdown.Of(report.Title, page));
        AtomicFile.Write(stem + ".html", ReportHtml.Of(report.Title, page));
        AtomicFile.Write(stem + ".json", ToJson(report) + "\n");
    }

    /// <summary>A report as the text of <c>run-report.json</c>.</summary>
    public static string ToJson(RunReport report) => ReportJson.Of(report);
}
