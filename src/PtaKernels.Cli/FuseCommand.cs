using System.CommandLine;
using PtaKernels.Pipeline;

namespace PtaKernels.Cli;

/// <summary><c>pta fuse</c>: text and models in, a fused model and a report out.</summary>
internal static class FuseCommand
{
    public static Command Create()
    {
        var config = new Argument<string?>("config") { Description = "what to do: JSON, comments allowed", HelpName = "file", Arity = ArgumentArity.ZeroOrOne };
        var printDefault = new Option<bool>("--print-default-config") { Description = "print a configuration with every setting, its default and its meaning" };
        var printSchema = new Option<bool>("--print-schema") { Description = "print the JSON schema of configurations, for editors" };
        var control = new Option<string?>("--control") { Description = "instead of the configuration's: clm trains a control on the same tokens without teachers [none | clm]", HelpName = "value" };
        control.AcceptOnlyFromAmong("none", FuseRun.ControlName);
        var backend = new Option<string?>("--backend") { Description = "instead of the configuration's: what aligns", HelpName = "name" };
        var json = new Option<bool>("--json") { Description = "print the report as JSON" };
        var verb = new Verb(
            "fuse", "The whole fusion from one file: split, map, capture, align, pack, train, evaluate, report. Stages that are finished are not run again.",
            "pta fuse --print-default-config > fusion.json",
            "pta fuse fusion.json",
            "pta fuse fusion.json --control clm")
        {
            config, printDefault, printSchema, control, backend, json,
        };
        verb.TimeToStop = TimeSpan.FromMinutes(10); // the training step at work, and its checkpoint
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            if (parse.GetValue(printDefault) || parse.GetValue(printSchema))
            {
                terminal.Output.Write(parse.GetValue(printSchema) ? FuseConfigFile.Schema() : FuseConfigFile.Default());
                return 0;
            }

            string file = parse.GetValue(config) ?? throw new ArgumentException("name a configuration; `pta fuse --print-default-config` prints one to start from.");
            FuseConfig asked = FuseConfigFile.Read(file);
            asked = asked with { Control = parse.GetValue(control) ?? asked.Control, Backend = parse.GetValue(backend) ?? asked.Backend };
            SetupTorchCommand.Ensure(terminal, again: false, cancellation);
            var run = new FuseRun(asked, Path.GetDirectoryName(Path.GetFullPath(file))!, Invocation.Of(parse).Open(asked.Backend), new FuseProgress(terminal));
            FuseResult.Write(terminal, run, FuseReport.Of(run.Run(cancellation), $"Fusion of {string.Join(" and ", asked.Sources.Select(static s => s.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(s.Model))))}"), parse.GetValue(json));
            return 0;
        }, cancellation));
        return verb;
    }
}

/// <summary>A fusion's progress in the terminal: a bar per stage, then a line.</summary>
internal sealed class FuseProgress(Terminal terminal) : IFuseProgress
{
    private const int TitleWidth = 22;

    public void Run(string title, string unit, Action<Action<long, double>> work) => ProgressReport.Run(terminal, title, unit, work);

    public void Done(string title, string outcome, double seconds, bool reused) =>
        terminal.Errors.WriteLine(FormattableString.Invariant($"{title.PadRight(TitleWidth)} {seconds,7:F1} s{(reused ? ", earlier" : "")}  {outcome}"));

    public void Notice(string sentence) => terminal.Notice(sentence);
}
