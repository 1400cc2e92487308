using System.CommandLine;
using System.Text;
using PtaKernels.Cli;
using PtaKernels.Cli.Bench;
using PtaKernels.Corpus;
using PtaKernels.Pipeline;

namespace PtaKernels.Scaling;

/// <summary><c>pta-scaling report</c>: pictures and README's block of the study's results.</summary>
internal static class ReportCommand
{
    private static readonly ReadmeBlock Block = new("scaling");

    public static Verb Create()
    {
        var results = new Argument<string>("results") { Description = "what `run` measured", HelpName = "file" };
        var readme = new Option<bool>("--readme") { Description = "also write the block into the repository's README.md" };
        var verb = new Verb("report", "Draw the results and print their table.", "pta-scaling report perf/results/MACHINE/DATE-scaling.json --readme") { results, readme };
        verb.SetAction(parse =>
        {
            string path = Path.GetFullPath(parse.GetValue(results)!);
            string? target = parse.GetValue(readme) ? Path.Combine(RepositoryFolder.Find() ?? ".", "README.md") : null;
            foreach (string written in Write(path, target))
                parse.InvocationConfiguration.Output.WriteLine(written);
            return 0;
        });
        return verb;
    }

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
        using (var file = new AtomicFile(stem + ".svg", replace: true))
        {
            file.Stream.Write(Encoding.UTF8.GetBytes(chart.ToSvg() + "\n"));
            file.Commit();
        }

        written.AddRange([stem + ".png", stem + ".svg"]);
    }
}
