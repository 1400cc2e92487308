using System.CommandLine;

namespace PtaKernels.Effect;

/// <summary>The effect study: which alignment teaches.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var root = new RootCommand("The effect study: trains students through every way of aligning, several seeds each, and compares them.") { RunCommand.Create(), RunCommand.CreateSeed(), ReportCommand.Create() };
        return Cli.Program.Run(root, args, Console.Out, Console.Error);
    }
}
