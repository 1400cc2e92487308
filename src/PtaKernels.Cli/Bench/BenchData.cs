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
    private readonly Lazy<PeerProcess> _native;
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
        _native = new Lazy<PeerProcess>(() => PeerProcess.StartNative(_work.Folder));
        _documents = new Lazy<BenchDocuments>(() => BenchDocuments.Load(this, "doc.reference"));
    }

    public IKernelBackend Backend => _backend;

    public double Seconds { get; }

    /// <summary>Cases that were left out, and why; null: none.</summary>
    public string? LeftOut { get; set; }

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

    /// <summary>The compiled peers, built and started when first asked for; each reads its work when it first checks it.</summary>
    /// <exception cref="AlignmentDataException">They cannot be built.</exception>
    public PeerProcess Native => _native.Value;

    /// <summary>The Python peer if a case has asked for one.</summary>
    public PeerProcess? StartedPython => _python.IsValueCreated ? _python.Value : null;

    /// <summary>The compiled peers if a case has asked for one.</summary>
    public PeerProcess? StartedNative => _native.IsValueCreated ? _native.Value : null;

    /// <summary>rapidfuzz-cpp's release as the compiled peers have it; null where they do without.</summary>
    public string? RapidFuzz => StartedNative?.Versions[1] is { } version and not "-" ? version : null;

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
        ulong theirs = Native.Check(work).Sum;
        return theirs == sum ? Native.For(work, name(RapidFuzz)) : throw Wrong(id, $"the peer's answers have the checksum {theirs}, ours {sum}");
    }

    public void Dispose()
    {
        StartedPython?.Dispose();
        StartedNative?.Dispose();
        if (_torch.IsValueCreated)
            _torch.Value?.Dispose();
        _work.Dispose();
    }
}
