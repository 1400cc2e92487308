using System.Text.Json;
using PtaKernels.Cli.Verify;
using PtaKernels.Corpus;

namespace PtaKernels.Cli.Bench;

/// <summary>What cases are made of: the backend, golden rows, vocabularies, long documents and the peers.</summary>
internal sealed class BenchData : IDisposable
{
    private readonly IKernelBackend _backend;
    private readonly string _golden;
    private readonly PeerWork _work = new();
    private readonly Dictionary<string, object?> _shared = new(StringComparer.Ordinal);
    private readonly Lazy<PeerProcess?> _python;
    private readonly Lazy<PeerProcess?> _torch;
    private readonly Lazy<PeerProcess?> _libraries;
    private readonly Lazy<PeerProcess?> _dotnet;
    private readonly Lazy<PeerProcess> _native;
    private readonly List<string> _missingPeers = [];
    private readonly Lazy<BenchDocuments> _documents;

    /// <summary>Nothing is read before a case asks for it.</summary>
    /// <param name="backend">What is measured.</param>
    /// <param name="golden">Folder of golden files.</param>
    /// <param name="vocabularies">Folder of vocabularies.</param>
    /// <param name="seconds">Seconds of timing per case: work that a slow backend would not get through in them is cut down.</param>
    public BenchData(IKernelBackend backend, string golden, string vocabularies, double seconds)
    {
        _backend = backend;
        _golden = golden;
        Seconds = seconds;
        Golden = new GoldenContext(backend, new VocabularyFolder(vocabularies), golden);
        _python = new Lazy<PeerProcess?>(() => PeerProcess.StartPython(_work.Folder, vocabularies));
        _torch = new Lazy<PeerProcess?>(() => PeerProcess.StartTorch(_work.Folder));
        _libraries = new Lazy<PeerProcess?>(() => PeerProcess.StartLibraries(_work.Folder));
        _dotnet = new Lazy<PeerProcess?>(() => PeerProcess.StartDotnet(_work.Folder));
        _native = new Lazy<PeerProcess>(() => PeerProcess.StartNative(_work.Folder));
        _documents = new Lazy<BenchDocuments>(() => BenchDocuments.Load(this, "doc.reference"));
    }

    public IKernelBackend Backend => _backend;

    public double Seconds { get; }

    /// <summary>Cases that were left out, and why; null: none.</summary>
    public string? LeftOut { get; set; }

    /// <summary>Peers that this machine does not have and that a case has asked for, each once.</summary>
    public IReadOnlyList<string> MissingPeers => _missingPeers;

    public GoldenContext Golden { get; }

    /// <summary>Long documents on which the backend gives the official answers.</summary>
    public BenchDocuments Documents => _documents.Value;

    /// <summary>Something that several cases need, made when the first of them asks.</summary>
    /// <param name="name">What it is.</param>
    /// <param name="make">Makes it.</param>
    public T Share<T>(string name, Func<T> make)
    {
        if (!_shared.TryGetValue(name, out object? value))
            _shared[name] = value = make();
        return (T)value!;
    }

    /// <summary>Where work for the peers is put.</summary>
    public PeerWork Work => _work;

    /// <summary>The published functions in Python, on the documents written so far; null where Python, NumPy or the script is missing. Started when first asked for.</summary>
    public PeerProcess? Python => _python.Value;

    /// <summary>Dense losses in PyTorch, which read their work when they are checked; null where they cannot run. Started when first asked for.</summary>
    public PeerProcess? Torch => _torch.Value;

    /// <summary>Transport libraries in Python; null where they cannot run. Started when first asked for.</summary>
    public PeerProcess? Libraries => _libraries.Value;

    /// <summary>Libraries from NuGet; null where they cannot be built. Started when first asked for.</summary>
    public PeerProcess? Dotnet => _dotnet.Value;

    /// <summary>The compiled peers, built and started when first asked for; each reads its work when it first checks it.</summary>
    /// <exception cref="AlignmentDataException">They cannot be built.</exception>
    public PeerProcess Native => _native.Value;

    /// <summary>The Python peer if a case has asked for one.</summary>
    public PeerProcess? StartedPython => _python.IsValueCreated ? _python.Value : null;

    /// <summary>The compiled peers if a case has asked for one.</summary>
    public PeerProcess? StartedNative => _native.IsValueCreated ? _native.Value : null;

    /// <summary>What the peers that cases have asked for are made of, and their versions.</summary>
    public Dictionary<string, string> PeerVersions
    {
        get
        {
            var versions = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach ((string part, string version) in Started.SelectMany(static p => p.Parts))
                versions.TryAdd(part, version);
            return versions;
        }
    }

    /// <summary>rapidfuzz-cpp's release as the compiled peers have it; null where they do without.</summary>
    public string? RapidFuzz => StartedNative?.VersionOf("rapidfuzz-cpp");

    private IEnumerable<PeerProcess> Started =>
        new[] { StartedNative, StartedPython }.Concat(new[] { _dotnet, _libraries, _torch }.Where(static p => p.IsValueCreated).Select(static p => p.Value)).OfType<PeerProcess>();

    /// <summary>A vocabulary pair that a case cannot do without.</summary>
    /// <exception cref="AlignmentDataException">A vocabulary is missing.</exception>
    public VocabularyPair Pair(string source, string target) => Golden.Vocabularies.FindPair(source, target)
        ?? throw new AlignmentDataException($"{Golden.Vocabularies.Folder} does not have {source} and {target}; name a folder that does with --vocab.");

    /// <summary>The rows of all golden files of one kind, in the order of file names.</summary>
    /// <exception cref="AlignmentDataException">The folder has no such file.</exception>
    public IEnumerable<JsonElement> Rows(string kind)
    {
        string[] paths = Directory.Exists(_golden) ? [.. Directory.GetFiles(_golden, kind + ".*jsonl*").Order(StringComparer.Ordinal)] : [];
        if (paths.Length == 0)
            throw new AlignmentDataException($"{_golden} holds no {kind}.jsonl.gz; name a folder of golden files with --golden.");
        return paths.SelectMany(GoldenJson.Lines).Select(static line =>
        {
            using JsonDocument row = JsonDocument.Parse(PythonJson.Quote(line));
            return row.RootElement.Clone();
        });
    }

    /// <summary>The golden check's verdict on one row, as bench must take it: wrong ends the run.</summary>
    /// <returns>False when the row was skipped.</returns>
    /// <exception cref="AlignmentDataException">The answer is wrong.</exception>
    public static bool Require(string id, GoldenResult result) => result.Verdict switch
    {
        GoldenVerdict.Failed => throw Wrong(id, result.Message),
        _ => result.Verdict == GoldenVerdict.Passed,
    };

    /// <summary>The error of a case whose answer is wrong.</summary>
    public static AlignmentDataException Wrong(string id, string what) => new($"{id}: wrong answer, so nothing was timed: {what.TrimEnd('.')}.");

    /// <summary>The compiled peer on work that has been written, its answers compared with ours by their checksum.</summary>
    /// <param name="id">The case, for messages.</param>
    /// <param name="work">What the peer calls it.</param>
    /// <param name="sum">The checksum of our answers.</param>
    /// <param name="name">What the peer is called in results, given rapidfuzz-cpp's release or null.</param>
    /// <exception cref="AlignmentDataException">The answers differ, or the peer cannot be built.</exception>
    public IContestant NativeFor(string id, string work, ulong sum, Func<string?, string> name)
    {
        PeerProcess native = Native;
        return PeersOf.Checked(id, native, work, sum, name(RapidFuzz));
    }

    /// <summary>Notes that this machine does not have a peer.</summary>
    public void LeavePeerOut(string name)
    {
        if (!_missingPeers.Contains(name))
            _missingPeers.Add(name);
    }

    public void Dispose()
    {
        foreach (PeerProcess peer in Started)
            peer.Dispose();
        _work.Dispose();
    }
}
