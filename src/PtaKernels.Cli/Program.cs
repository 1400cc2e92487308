using System.CommandLine;
using System.CommandLine.Help;
using PtaKernels.Cli.Serve;
using PtaKernels.Cli.Stores;
using PtaKernels.Gpu;

namespace PtaKernels.Cli;

/// <summary>The <c>pta</c> command line: one verb per file, one sentence per error.</summary>
internal static class Program
{
    /// <summary>Something in the data, the files or the values given is wrong.</summary>
    public const int Failed = 1;

    /// <summary>The command line itself is wrong, or there is nothing to work on.</summary>
    public const int Usage = 2;

    /// <summary>Stopped by Ctrl-C.</summary>
    public const int Cancelled = 130;

    /// <summary>What is said when a verb that goes on where it was is stopped.</summary>
    public const string StoppedBetweenShards = "pta: stopped; finished shards are kept, and the same command goes on after them.";

    private static int Main(string[] args) => Run(args, Console.Out, Console.Error);

    /// <summary>Parses and runs; everything is written to the two writers.</summary>
    internal static int Run(IReadOnlyList<string> args, TextWriter output, TextWriter errors) => Run(BuildRoot(), args, output, errors);

    /// <summary>The same for another program's verbs.</summary>
    internal static int Run(RootCommand root, IReadOnlyList<string> args, TextWriter output, TextWriter errors)
    {
        ParseResult parse = root.Parse(args);
        if (parse.Errors.Count > 0)
        {
            errors.WriteLine($"pta: {OneLine(parse.Errors[0].Message)} Type `{PathOf(parse)} --help` for what it takes.");
            return Usage;
        }

        var invocation = new Invocation { Output = output, Error = errors, EnableDefaultExceptionHandler = false };
        if (parse.CommandResult.Command is Verb verb)
            invocation.ProcessTerminationTimeout = verb.TimeToStop;
        try
        {
            int exit = parse.Invoke(invocation);
            if (exit != Cancelled) // a verb that was cut off may still be at work
                invocation.CloseBackends();
            return exit;
        }
        catch (OperationCanceledException)
        {
            errors.WriteLine("pta: stopped; no output was written.");
            return Cancelled;
        }
        catch (Exception e) when (SentenceOf(e) is not null)
        {
            errors.WriteLine($"pta: {SentenceOf(e)}");
            invocation.CloseBackends();
            return Failed;
        }
    }

    private static RootCommand BuildRoot()
    {
        var root = new RootCommand("Probabilistic token alignment: teachers' next-token distributions, carried over to a student with another tokenizer.")
        {
            DemoCommand.Create(),
            InspectCommand.Create(),
            ExplainModeCommand.Create(),
            SplitCommand.Create(),
            CaptureCommand.Create(),
            AlignCommand.Create(),
            PlanCommand.Create(),
            ServeCommand.Create(),
            StoreCommand.Create(),
            PackCommand.Create(),
            GatherCommand.Create(),
            MapCommand.Create(),
            EmbedCommand.Create(),
            VerifyCommand.Create(),
            BenchCommand.Create(),
            DevicesCommand.Create(),
            FuseCommand.Create(),
            ReportCommand.Create(),
            WhyCommand.Create(),
            TrainCommand.Create(),
            EvalCommand.Create(),
            NewModelCommand.Create(),
            SetupTorchCommand.Create(),
        };
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples();
        root.SetAction(parse =>
        {
            new HelpWithExamples().Invoke(parse);
            return Usage;
        });
        return root;
    }

    /// <summary>The message of an error that a user can do something about; null for a defect of ours, which keeps its stack trace.</summary>
    private static string? SentenceOf(Exception e) => e switch
    {
        AggregateException { InnerExceptions: [Exception inner, ..] } => SentenceOf(inner),
        ArgumentException { ParamName: { } name } argument => argument.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal),
        AlignmentDataException or ArgumentException or IOException or UnauthorizedAccessException => e.Message,
        _ => GpuBackend.Explain(e),
    };

    /// <summary>Lists of allowed values come one per line.</summary>
    private static string OneLine(string message)
    {
        string[] lines = message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Length < 2 ? message : $"{lines[0]} {string.Join(", ", lines[1..])}.";
    }

    private static string PathOf(ParseResult parse)
    {
        Command command = parse.CommandResult.Command;
        return command is RootCommand ? "pta" : string.Join(' ', command.Parents.OfType<Command>().Take(1).Select(static p => p is RootCommand ? "pta" : $"pta {p.Name}").Append(command.Name));
    }
}
