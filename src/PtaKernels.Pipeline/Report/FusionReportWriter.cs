using System.Text;
using PtaKernels.Corpus;

namespace PtaKernels.Pipeline;

/// <summary>Writes a fusion's report: <c>report.md</c>, <c>report.html</c> (one file, nothing else needed), <c>report.json</c>, and the charts as PNG.</summary>
public static class FusionReportWriter
{
    /// <summary>Writes all files; the folder appears, or is replaced, when all are complete.</summary>
    /// <param name="report">What to tell.</param>
    /// <param name="folder">Where.</param>
    /// <exception cref="AlignmentDataException">The disk is full or refuses.</exception>
    public static void Write(FusionReport report, string folder)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        IReadOnlyList<ReportBlock> page = FusionReportPage.Of(report);
        using var destination = new AtomicFolder(folder, replace: true);
        destination.Write("table.png", FusionReportPage.TableOf(report).ToPng());
        foreach (ChartBlock chart in page.OfType<ChartBlock>())
            destination.Write(chart.File, chart.Chart.ToPng());
        destination.Write("report.md", Encoding.UTF8.GetBytes(ReportMarkdown.Of(report.Title, page)));
        destination.Write("report.html", Encoding.UTF8.GetBytes(ReportHtml.Of(report.Title, page)));
        destination.Write("report.json", Encoding.UTF8.GetBytes(ToJson(report) + "\n"));
        destination.Commit();
    }

    /// <summary>The table of the result in Markdown, with where and when it was made.</summary>
    public static string ToMarkdownTable(FusionReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return ReportMarkdown.Of(FusionReportPage.Summary(report));
    }

    /// <summary>A report as the text of <c>report.json</c>.</summary>
    public static string ToJson(FusionReport report) => ReportJson.Of(report);

    /// <summary>Reads a <c>report.json</c>.</summary>
    /// <exception cref="AlignmentDataException">It is missing or damaged.</exception>
    public static FusionReport Read(string path) => ReportJson.Read<FusionReport>(path, "the report.json of a fusion, make it again");
}
