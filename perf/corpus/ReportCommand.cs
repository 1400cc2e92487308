using System.CommandLine;
using PtaKernels.Cli;
using PtaKernels.Cli.Bench;

namespace PtaKernels.CorpusBench;

/// <summary><c>pta-corpus report</c>: the table of results.</summary>
internal static class ReportCommand
{
    private static readonly ReadmeBlock Table = new("corpus");

    /// <summary>The verb.</summary>
    public static Verb Create()
    {
        var results = new Argument<string>("results") { Description = "what `run` measured", HelpName = "file" };
        var readme = new Option<bool>("--readme") { Description = "also write the table into the repository's README.md" };
        var verb = new Verb("report", "Print the table of results.", "pta-corpus report perf/results/MACHINE/DATE-corpus.json --readme") { results, readme };
        verb.SetAction(parse =>
        {
            string table = CorpusTable.ToMarkdown(CorpusResults.Read(parse.GetValue(results)!));
            parse.InvocationConfiguration.Output.Write(table);
            if (parse.GetValue(readme))
                Table.Rewrite(Path.Combine(RepositoryFolder.Find() ?? ".", "README.md"), () => table);
            return 0;
        });
        return verb;
    }
}
