using PtaKernels.Cli;
using PtaKernels.Corpus;
using PtaKernels.Perf;
using PtaKernels.Pipeline;

namespace PtaKernels.Scaling;

/// <summary><c>pta-scaling report</c>: pictures and README's block of the study's results.</summary>
internal static class ReportCommand
{
    private static readonly ReadmeBlock Block = new("scaling");

    public static Verb Create() => ReportVerb.Of("Draw the results, and write their table.", "pta-scaling report perf/results/MACHINE/DATE-scaling.json --readme", Write);

    /// <summary>Writes all files.</summary>
    /// <param name="path">The results.</param>
    /// <param name="readme">The README whose block is rewritten too; null for none.</param>
    /// <returns>The files written.</returns>
    internal static IReadOnlyList<string> Write(string path, string? readme)
    {
        ScalingResults results = ScalingResults.Read(path);
        string stem = Path.Combine(Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path));
        var written = new List<string>();
        foreach (LineChart chart in ScalingCharts.Of(results))
            Save(Charts.Lines(chart), $"{stem}-{results.Charts[written.Count / 2].Id.Replace('.', '-')}", written);
        Save(ScalingCharts.Sheet(results), stem, written);
        if (readme is not null)
        {
            Block.Rewrite(readme, () => ScalingTable.ToMarkdown(results, Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(readme))!, stem + ".png").Replace('\\', '/')));
            written.Add(readme);
        }

        return written;
    }

    private static void Save(Chart chart, string stem, List<string> written)
    {
        chart.SavePng(stem + ".png");
        AtomicFile.Write(stem + ".svg", chart.ToSvg() + "\n");
        written.AddRange([stem + ".png", stem + ".svg"]);
    }
}
