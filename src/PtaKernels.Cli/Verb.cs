using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace PtaKernels.Cli;

/// <summary>A verb of <c>pta</c>; its help ends with examples.</summary>
internal sealed class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>What the verb may still take after Ctrl-C, before the process ends without it.</summary>
    public TimeSpan TimeToStop { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>The usual help, then a verb's examples.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        new HelpAction { MaxWidth = Terminal.WidthOf(output) }.Invoke(parseResult);
        switch (parseResult.CommandResult.Command)
        {
            case Verb verb:
                output.WriteLine("Examples:");
                foreach (string example in verb.Examples)
                    output.WriteLine("  " + example);
                break;
            default:
                output.WriteLine("`pta VERB --help` shows a verb's options and examples. New here? Try `pta demo`.");
                break;
        }

        return 0;
    }
}
