using System.Text;
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
            Save(chart.File, chart.Chart.ToPng());
        Save(FileName + ".md", Encoding.UTF8.GetBytes(ReportMarkdown.Of(report.Title, page)));
        Save(FileName + ".html", Encoding.UTF8.GetBytes(ReportHtml.Of(report.Title, page)));
        Save(FileName + ".json", Encoding.UTF8.GetBytes(ToJson(report) + "\n"));

        void Save(string name, byte[] content)
        {
            using var file = new AtomicFile(Path.Combine(folder, name), replace: true);
            file.Stream.Write(content);
            file.Commit();
        }
    }

    /// <summary>A report as the text of <c>run-report.json</c>.</summary>
    public static string ToJson(RunReport report) => System.Text.Json.JsonSerializer.Serialize(report, FusionReportWriter.Json);
}
