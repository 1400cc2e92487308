using System.CommandLine;
using PtaKernels.Cli;

namespace PtaKernels.Scaling;

/// <summary><c>pta-scaling run</c>: the measurement.</summary>
internal static class RunCommand
{
    public static Verb Create()
    {
        var results = new Option<string>("--results") { Description = "the JSON file for what was measured, written after each chart", HelpName = "file", Required = true };
        var quick = new Option<bool>("--quick") { Description = "tiny sizes, in seconds: shows that everything works, measures nothing worth keeping" };
        var charts = new Option<string[]>("--chart") { Description = $"only these charts, the others of the file stay [{string.Join(" | ", Study.ChartIds)}]", HelpName = "id", AllowMultipleArgumentsPerToken = true };
        var verb = new Verb("run", "Check answers, then measure throughput against length, batch, threads, candidates, vocabulary and corpus; about ten minutes.", "pta-scaling run --results perf/results/MACHINE/DATE-scaling.json") { results, quick, charts };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            string path = parse.GetValue(results)!;
            string[] wanted = parse.GetValue(charts) ?? [];
            ScalingResults? measured = null;
            new Study
            {
                Quick = parse.GetValue(quick),
                Charts = wanted,
                Former = wanted.Length > 0 && File.Exists(path) ? ScalingResults.Read(path) : null,
                Finished = results => (measured = results).Write(path),
                Notice = line => terminal.Errors.WriteLine(line),
            }.Run(cancellation);
            terminal.Output.WriteLine(path);
            foreach (string above in ScalingTable.AboveLimits(measured!))
                terminal.Notice(above);
            return 0;
        }, cancellation));
        return verb;
    }
}
