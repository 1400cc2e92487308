using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using PtaKernels.Cli.Bench;
using PtaKernels.Native;

namespace PtaKernels.Scaling;

/// <summary>The whole study: makes the work, checks its answers, times it, chart by chart.</summary>
internal sealed class Study
{
    /// <summary>Names of all charts, in their order.</summary>
    public static IReadOnlyList<string> ChartIds { get; } =
        ["path", "pairing", "documents", "batch.documents", "batch.problems", "threads", "k.problems", "k.documents", "vocabulary.nearest", "vocabulary.pairs", "corpus"];

    /// <summary>Whether sizes are tiny.</summary>
    public required bool Quick { get; init; }

    /// <summary>Charts that are wanted; empty for all.</summary>
    public required IReadOnlyCollection<string> Charts { get; init; }

    /// <summary>Results whose other charts are kept; null for none.</summary>
    public ScalingResults? Former { get; init; }

    /// <summary>Given the results after each chart.</summary>
    public required Action<ScalingResults> Finished { get; init; }

    /// <summary>Told what is done.</summary>
    public Action<string> Notice { get; init; } = static _ => { };

    /// <summary>Checks, then measures.</summary>
    /// <exception cref="ArgumentException">A chart is unknown.</exception>
    /// <exception cref="AlignmentDataException">An answer is wrong, or texts are missing.</exception>
    public void Run(CancellationToken cancellation)
    {
        if (Charts.FirstOrDefault(static id => !ChartIds.Contains(id)) is { } unknown)
            throw new ArgumentException($"chart '{unknown}' is unknown; use {string.Join(", ", ChartIds)}.");
        var backend = new NativeBackend();
        if (Former is not null && (Former.Machine, Former.Backend, Former.Quick) != (Machine.CpuName(), NameOf(backend), Quick))
            throw new ArgumentException($"the results file is of {Former.Machine}, backend {Former.Backend}{(Former.Quick ? ", quick" : "")}: its charts do not go with what is measured here; name another file.");
        var clock = Stopwatch.StartNew();
        Sizes sizes = Quick ? Sizes.Quick : Sizes.Full;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("pta-scaling-");
        try
        {
            KernelLimits? limits = KernelLimits.Of(backend);
            if (limits is null)
                Notice("this machine's peaks cannot be measured, so there are no limits");
            var texts = new RealTexts(folder.FullName, Math.Max(sizes.Corpora[^1], 2L * sizes.Lengths[^1]));
            Notice($"text: {texts.TargetTokens:N0} target tokens, {clock.Elapsed.TotalSeconds:F0} s");
            var measured = (Former?.Charts ?? []).ToDictionary(static c => c.Id);
            foreach ((string id, Func<SweepChart> make) in Prepared(backend, limits, texts, sizes, folder.FullName, cancellation).Where(c => Charts.Count == 0 || Charts.Contains(c.Id)))
            {
                SweepChart prepared = make();
                ScalingChart chart = prepared.Measure(sizes.Rounds, sizes.Slice, cancellation);
                measured[id] = chart;
                Notice($"{id}: {string.Join(", ", chart.Sweeps.Select(Describe))}; {clock.Elapsed.TotalSeconds:F0} s");
                Finished(Results(backend, (Former?.Seconds ?? 0) + clock.Elapsed.TotalSeconds, [.. ChartIds.Where(measured.ContainsKey).Select(c => measured[c])]));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private ScalingResults Results(NativeBackend backend, double seconds, ScalingChart[] charts) => new()
    {
        Date = DateTimeOffset.UtcNow,
        Machine = Machine.CpuName(),
        Cores = Environment.ProcessorCount,
        Backend = NameOf(backend),
        Versions = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["pta"] = typeof(Study).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "",
            [".NET"] = Environment.Version.ToString(),
            ["system"] = RuntimeInformation.OSDescription,
            ["texts"] = Demo.ReferenceTexts.VersionsIn(Demo.ReferenceTexts.FindPacks()),
        },
        Seconds = Math.Round(seconds, 1),
        Quick = Quick,
        Charts = charts,
    };

    private static string NameOf(NativeBackend backend) => $"{backend.Name}, {backend.Isa}";

    private static IEnumerable<(string Id, Func<SweepChart> Make)> Prepared(NativeBackend backend, KernelLimits? limits, RealTexts texts, Sizes sizes, string folder, CancellationToken cancellation)
    {
        var length = new LengthSweeps(backend, limits, texts, sizes);
        var batch = new BatchSweeps(backend, limits, texts, sizes);
        var candidates = new CandidateSweeps(backend, limits, texts, sizes);
        var vocabulary = new Lazy<VocabularySweeps>(() => new VocabularySweeps(backend, limits, texts, sizes));
        Func<SweepChart>[] makers =
        [
            length.Paths, length.Pairing, length.WholeDocuments, batch.Documents, batch.Problems, new ThreadSweeps(backend, texts, sizes).Documents,
            candidates.Problems, candidates.Documents, () => vocabulary.Value.Nearest(), () => vocabulary.Value.AllPairs(), () => new CorpusSweeps(backend, limits, texts, sizes, folder).Corpora(cancellation),
        ];
        return ChartIds.Zip(makers);
    }

    private static string Describe(ScalingSweep sweep) => string.Create(CultureInfo.InvariantCulture, $"{sweep.Name} {sweep.Points[^1].Rate:G3}/s{(sweep.Exponent is { } e ? $", ~x^{e.Value:F2}" : "")}");
}
