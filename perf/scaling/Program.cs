using System.CommandLine;

namespace PtaKernels.Scaling;

/// <summary>How throughput goes with length, batch, threads, candidates, vocabulary and corpus.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var root = new RootCommand("The scaling study: throughput against length, batch, threads, candidates, vocabulary and corpus, beside what the machine could do.") { RunCommand.Create(), ReportCommand.Create() };
        return Cli.Program.Run(root, args, Console.Out, Console.Error);
    }
}
