using PtaKernels.Cli.Bench;

namespace PtaKernels.Benchmarks;

/// <summary>The cases of the gate: short passes over each part of the managed code, their answers checked as they are made.</summary>
internal sealed class GateCases : IDisposable
{
    /// <summary>Backends.</summary>
    public const string Native = "native", Plain = "reference";

    /// <summary>Work that a slow backend gets evenly spaced parts of; no case here takes so long.</summary>
    private const double Seconds = 10;

    /// <summary>Those of `pta bench` and their backends: documents through the managed layer, the plain loops, an encoder, and a step's loss.</summary>
    private static readonly (string Id, string Backend)[] Benched =
    [
        ("doc.reference", Native), ("doc.paper", Native), ("doc.fusion", Native), ("ot.official", Plain),
        ("encode.sentencepiece-bpe", Native), ("loss.sparse", Native),
    ];

    private readonly Dictionary<string, BenchData> _data = [];
    private readonly Dictionary<string, PassLoop> _prepared = [];
    private readonly FileCases _files = new();

    /// <summary>The cases that this machine can run.</summary>
    public static IEnumerable<string> Ids => Benched.Select(static c => c.Id).Where(static id => id != "loss.sparse" || LossCases.WhyUnavailable is null).Concat(FileCases.Ids);

    /// <summary>A case, made and checked when it is first asked for.</summary>
    /// <exception cref="ArgumentException">It is unknown.</exception>
    /// <exception cref="AlignmentDataException">Its answer is wrong, or what it is made of is missing.</exception>
    public PassLoop Find(string id)
    {
        if (!_prepared.TryGetValue(id, out PassLoop? pass))
            _prepared[id] = pass = FileCases.Ids.Contains(id) ? _files.Prepare(id) : Prepare(id);
        return pass;
    }

    private PassLoop Prepare(string id)
    {
        (string Id, string Backend) found = Array.Find(Benched, c => c.Id == id);
        if (found.Id is null)
            throw new ArgumentException($"case '{id}' is unknown; use {string.Join(", ", Ids)}.");
        if (!_data.TryGetValue(found.Backend, out BenchData? data))
            _data[found.Backend] = data = Data(found.Backend, Seconds);
        return Single(data, id);
    }

    /// <summary>What cases of this repository's own data are made of.</summary>
    public static BenchData Data(string backend, double seconds)
    {
        string root = RepositoryFolder.Find() ?? throw new AlignmentDataException("the cases are made of this repository's samples; run the program from a checkout.");
        return new BenchData(Backends.Backends.Open(backend), Path.Combine(root, "tests", "golden"), Path.Combine(root, "samples", "vocab"), seconds);
    }

    /// <summary>Our own side of a case on one thread.</summary>
    /// <exception cref="AlignmentDataException">The case cannot run here.</exception>
    public static PassLoop Single(BenchData data, string id) =>
        BenchSuite.Prepare(data, [id]).Where(static c => c.Threads == 1).Select(static c => c.Ours).OfType<PassLoop>().FirstOrDefault()
        ?? throw new AlignmentDataException($"{id}: it has no pass on one thread on this machine.");

    public void Dispose()
    {
        foreach (BenchData data in _data.Values)
            data.Dispose();
        _files.Dispose();
    }
}
