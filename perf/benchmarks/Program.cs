using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using PtaKernels.Cli.Bench;

namespace PtaKernels.Benchmarks;

/// <summary>The <c>pta-benchmarks</c> command line: what the gate asks for, else BenchmarkDotNet.</summary>
internal static class Program
{
    private const string Help = """
        pta-benchmarks list                 the cases of the gate, one a line
        pta-benchmarks allocations [CASE]   managed bytes that a pass of each of them allocates, a line of case and bytes each
        pta-benchmarks serve                answers requests line by line; the gate times two programs in turn with them
        pta-benchmarks [BENCHMARKDOTNET]    the cases of `pta bench` under BenchmarkDotNet, with its own options: --filter '*doc.paper*', --list tree, --iterationCount 5
        """;

    private static int Main(string[] args)
    {
        try
        {
            switch (args)
            {
                case ["-h" or "--help"]:
                    Console.WriteLine(Help);
                    return 0;
                case ["list"]:
                    foreach (string id in GateCases.Ids)
                        Console.WriteLine(id);
                    return 0;
                case ["allocations", .. var ids]:
                    return Allocations(ids);
                case ["serve"]:
                    using (var cases = new GateCases())
                        GateServer.Serve(cases, Console.In, Console.Out);
                    return 0;
                default:
                    return Benchmark(args);
            }
        }
        catch (Exception e) when (e is AlignmentDataException or ArgumentException or IOException)
        {
            Console.Error.WriteLine($"pta-benchmarks: {e.Message}");
            return 1;
        }
    }

    private static int Allocations(string[] ids)
    {
        using var cases = new GateCases();
        foreach (string id in ids.Length > 0 ? ids : GateCases.Ids)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{id}\t{GateServer.AllocatedBytes(cases.Find(id))}"));
        return 0;
    }

    /// <summary>In this process: BenchmarkDotNet would otherwise build a project of its own, which this repository's rules for projects do not fit.</summary>
    private static int Benchmark(string[] args)
    {
        ManualConfig config = ManualConfig.CreateEmpty()
            .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance))
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddLogger(ConsoleLogger.Default)
            .AddExporter(JsonExporter.Full, BenchmarkDotNet.Exporters.MarkdownExporter.GitHub)
            .WithCultureInfo(CultureInfo.InvariantCulture)
            .WithArtifactsPath(Path.Combine(RepositoryFolder.Find() ?? ".", "artifacts", "benchmarks"));
        var summaries = BenchmarkSwitcher.FromTypes([typeof(CaseBenchmarks)]).Run(args, config);
        return summaries.All(static s => !s.HasCriticalValidationErrors && s.Reports.All(static r => r.Success)) ? 0 : 1;
    }
}
