using System.CommandLine;
using PtaKernels.Cli;
using PtaKernels.Cli.Bench;

namespace PtaKernels.Perf;

/// <summary>The verb <c>report</c> of a program that measures: files beside its results and, if asked, a block of the repository's README.md.</summary>
internal static class ReportVerb
{
    /// <summary>The verb.</summary>
    /// <param name="description">What it does, in a sentence.</param>
    /// <param name="example">A command line of it.</param>
    /// <param name="write">Given the results and the README to rewrite too, or null, writes all files and says which.</param>
    public static Verb Of(string description, string example, Func<string, string?, IReadOnlyList<string>> write) =>
        Of(description, example, new Argument<string[]>("results") { Description = "what was measured", HelpName = "file", Arity = ArgumentArity.ExactlyOne }, (paths, readme) => write(paths[0], readme));

    /// <summary>The same for results in several files.</summary>
    /// <param name="description">What it does, in a sentence.</param>
    /// <param name="example">A command line of it.</param>
    /// <param name="write">Given the files in their order, at least one, and the README to rewrite too, or null, writes all files and says which.</param>
    public static Verb OfSeveral(string description, string example, Func<IReadOnlyList<string>, string?, IReadOnlyList<string>> write) =>
        Of(description, example, new Argument<string[]>("results") { Description = "what was measured, and files that add rows to it", HelpName = "file", Arity = ArgumentArity.OneOrMore }, write);

    private static Verb Of(string description, string example, Argument<string[]> results, Func<IReadOnlyList<string>, string?, IReadOnlyList<string>> write)
    {
        var readme = new Option<bool>("--readme") { Description = "also write the block into the repository's README.md" };
        var verb = new Verb("report", description, example) { results, readme };
        verb.SetAction(parse =>
        {
            string? target = parse.GetValue(readme) ? Path.Combine(RepositoryFolder.Find() ?? ".", "README.md") : null;
            foreach (string written in write([.. parse.GetValue(results)!.Select(Path.GetFullPath)], target))
                parse.InvocationConfiguration.Output.WriteLine(written);
            return 0;
        });
        return verb;
    }
}
