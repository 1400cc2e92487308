using BenchmarkDotNet.Attributes;
using PtaKernels.Cli.Bench;

namespace PtaKernels.Benchmarks;

/// <summary>A pass of each case of <c>pta bench</c>, whose answer is checked before it is timed.</summary>
[MemoryDiagnoser]
public class CaseBenchmarks
{
    /// <summary>A slow backend gets parts of the vocabulary cases, as much as a quarter of these seconds allows.</summary>
    private const double Seconds = 4;

    private BenchData? _data;
    private PassLoop? _pass;

    /// <summary>The case.</summary>
    [ParamsSource(nameof(Cases))]
    public string Case { get; set; } = "";

    /// <summary>Who runs it.</summary>
    [Params(GateCases.Native, GateCases.Plain)]
    public string Backend { get; set; } = "";

    /// <summary>The cases that this machine can run on the CPU.</summary>
    public static IEnumerable<string> Cases => BenchSuite.HostIds.Where(static id => LossCases.WhyUnavailable is null || !BenchSuite.NeedsTorch(id));

    /// <summary>Makes the case and checks its answer.</summary>
    /// <exception cref="AlignmentDataException">The answer is wrong.</exception>
    [GlobalSetup]
    public void Prepare()
    {
        _data = GateCases.Data(Backend, Seconds);
        _pass = GateCases.Single(_data, Case);
    }

    /// <summary>One pass.</summary>
    [Benchmark]
    public void Pass() => _pass!.Pass();

    /// <summary>Removes what the case was made of.</summary>
    [GlobalCleanup]
    public void Remove() => _data?.Dispose();
}
