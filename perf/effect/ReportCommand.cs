using PtaKernels.Cli;
using PtaKernels.Corpus;
using PtaKernels.Perf;
using PtaKernels.Pipeline;

namespace PtaKernels.Effect;

/// <summary><c>pta-effect report</c>: page, pictures and README table of the study's results.</summary>
internal static class ReportCommand
{
    private static readonly ReadmeBlock Table = new("effect");

    public static Verb Create() => ReportVerb.OfSeveral(
        "Write page and pictures beside the results of the study. Rows that later results add stand in the same table, each beside its own control and its own fusion.", "pta-effect report perf/results/MACHINE/DATE-effect.json --readme", Write);

    /// <summary>Writes all files.</summary>
    /// <param name="paths">The results, and any that add rows to them; the files are named like the first.</param>
    /// <param name="readme">The README whose block is rewritten too; null for none.</param>
    /// <returns>The files written.</returns>
    internal static IReadOnlyList<string> Write(IReadOnlyList<string> paths, string? readme)
    {
        var statistics = new EffectStatistics(EffectResults.Read(paths[0]), [.. paths.Skip(1).Select(EffectResults.Read)]);
        string stem = Path.Combine(Path.GetDirectoryName(paths[0])!, Path.GetFileNameWithoutExtension(paths[0])), page = stem + ".md";
        (string Path, Chart Chart)[] charts = [(stem + "-differences.png", EffectCharts.Differences(statistics)), (stem + "-rows.png", EffectCharts.Rows(statistics))];
        foreach ((string picture, Chart chart) in charts)
            chart.SavePng(picture);
        AtomicFile.Write(page, EffectPage.ToMarkdown(statistics, [.. charts.Select(c => Linked(page, c.Path, c.Chart))]));
        if (readme is not null)
            Table.Rewrite(readme, () => EffectTable.ToMarkdown(statistics, [.. charts.Select(c => Linked(readme, c.Path, c.Chart))]));
        return [page, .. charts.Select(static c => c.Path), .. readme is null ? Array.Empty<string>() : [readme]];
    }

    private static ChartBlock Linked(string page, string picture, Chart chart) => new(Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(page))!, picture).Replace('\\', '/'), chart);
}
