using System.Globalization;
using PtaKernels.Gpu;

namespace PtaKernels.Cli.Bench;

/// <summary>The cases by their stable names, and a run of some of them.</summary>
internal static class BenchSuite
{
    private static readonly (string Id, Func<BenchData, BenchCase?> Prepare)[] Cases =
    [
        ("edit.all-pairs", TokenCases.EditAllPairs),
        ("edit.all-pairs", TokenCases.EditTeam),
        ("map.gpt2-spA", TokenCases.Map),
        ("path.2048", PathCases.Path2048),
        ("ot.official", TransportCases.Official),
        ("ot.certified", TransportCases.Certified),
        ("doc.reference", DocumentCases.Reference),
        ("doc.reference", DocumentCases.ReferenceTeam),
        ("doc.paper", DocumentCases.Paper),
        ("doc.fusion", DocumentCases.Fusion),
        ("doc.transport", DocumentCases.Transport),
        ("encode.sentencepiece-bpe", EncodeCases.BytePairs),
        ("encode.unigram", EncodeCases.Unigram),
        ("encode.byte-level", EncodeCases.ByteLevel),
        ("loss.sparse", LossCases.AgainstPyTorch),
        ("loss.libtorch", LossCases.AgainstLibtorch),
        ("train.step", TrainCases.AgainstPyTorch),
    ];

    /// <summary>What a GPU backend runs instead: the same names, and paths from parts of tables, timed on the device, against the native backend; no compiler and no Python needed.</summary>
    private static readonly (string Id, Func<BenchData, BenchCase?> Prepare)[] OnDevice =
    [
        ("edit.all-pairs", DeviceCases.EditAllPairs),
        ("map.gpt2-spA", DeviceCases.Map),
        ("path.2048", DeviceCases.Path2048),
        ("path.2048.band", DeviceCases.Path2048Band),
        ("ot.official", DeviceCases.OfficialTransport),
        ("doc.reference", DeviceCases.Reference),
        ("doc.paper", DeviceCases.Paper),
        ("doc.fusion", DeviceCases.Fusion),
        ("doc.transport", DeviceCases.Transport),
        ("host.reference", HostCases.Reference),
        ("host.paper", HostCases.Paper),
        ("host.fusion", HostCases.Fusion),
        ("host.transport", HostCases.Transport),
    ];

    /// <summary>The cases of a backend without a device.</summary>
    public static IEnumerable<string> HostIds => Cases.Select(static c => c.Id).Distinct();

    public static IEnumerable<string> Ids => Cases.Concat(OnDevice).Select(static c => c.Id).Distinct();

    /// <summary>Checks every answer, then times; nothing is timed when one of them is wrong.</summary>
    /// <param name="data">What the cases are made of.</param>
    /// <param name="ids">Cases to run; empty means all.</param>
    /// <param name="report">Called after each case.</param>
    /// <exception cref="ArgumentException">A case is unknown.</exception>
    /// <exception cref="AlignmentDataException">An answer is wrong, or golden files are missing.</exception>
    public static List<BenchResult> Run(BenchData data, IReadOnlyCollection<string> ids, Action<BenchResult> report)
    {
        if (!(data.Seconds > 0))
            throw new ArgumentException($"--seconds is {data.Seconds.ToString(CultureInfo.InvariantCulture)}; it must be a number over 0.");
        BenchCase[] cases = Prepare(data, ids);
        IReadOnlyList<IContestant>[] peers = [.. cases.Select(static c => c.Peers())];
        var results = new List<BenchResult>();
        foreach ((BenchCase one, IReadOnlyList<IContestant> others) in cases.Zip(peers))
        {
            // What the checks have left behind is collected here and not in somebody's round.
            GC.Collect();
            BenchResult[] measured = BenchResult.Measure(one, others, data.Seconds);
            Array.ForEach(measured, report);
            results.AddRange(measured);
        }

        return results;
    }

    /// <summary>The cases with our own answers checked, before any peer is started.</summary>
    /// <param name="data">What the cases are made of.</param>
    /// <param name="ids">Cases; empty means all.</param>
    /// <exception cref="ArgumentException">A case is unknown.</exception>
    /// <exception cref="AlignmentDataException">An answer is wrong, or golden files are missing.</exception>
    public static BenchCase[] Prepare(BenchData data, IReadOnlyCollection<string> ids)
    {
        (string Id, Func<BenchData, BenchCase?> Prepare)[] offered = data.Backend is GpuBackend ? OnDevice : Cases;
        if (ids.FirstOrDefault(id => !Array.Exists(offered, c => c.Id == id)) is { } unknown)
            throw new ArgumentException($"case '{unknown}' is unknown{(Ids.Contains(unknown) ? $" to backend {data.Backend.Name}" : "")}; use {string.Join(", ", offered.Select(static c => c.Id).Distinct())}.");
        (string Id, Func<BenchData, BenchCase?> Prepare)[] asked = [.. offered.Where(c => ids.Count == 0 || ids.Contains(c.Id))];
        if (Array.Exists(asked, static c => NeedsTorch(c.Id)) && LossCases.WhyUnavailable is { } why)
        {
            if (ids.Count > 0)
                throw new ArgumentException($"the cases loss.* and train.* cannot run: {why}.");
            data.LeftOut = $"loss.* and train.*: {why}";
            asked = [.. asked.Where(static c => !NeedsTorch(c.Id))];
        }

        return [.. asked.Select(c => c.Prepare(data)).OfType<BenchCase>()];
    }

    /// <summary>Whether a case needs libtorch.</summary>
    public static bool NeedsTorch(string id) => id.StartsWith("loss.", StringComparison.Ordinal) || id.StartsWith("train.", StringComparison.Ordinal);
}
