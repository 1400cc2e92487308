using System.CommandLine;

namespace PtaKernels.CorpusBench;

/// <summary>The corpus benchmark: millions of real tokens, disk to disk.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var root = new RootCommand("The corpus benchmark: makes millions of tokens of real text, aligns them disk to disk, measures, and tries to break it.") 
        {
            MakeCommand.Create(), RunCommand.Create(), ReportCommand.Create(), KillCommand.Create(), FullDiskCommand.Create(), FlipCommand.Create(), PlanCheckCommand.Create(), PlanCheckCommand.CreateReport(),
        };
        return Cli.Program.Run(root, args, Console.Out, Console.Error);
    }
}
