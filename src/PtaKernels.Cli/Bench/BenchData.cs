using System.Text.Json;
using PtaKernels.Cli.Verify;
using PtaKernels.Corpus;

namespace PtaKernels.Cli.Bench;

/// <summary>What cases are made of: the backend, golden rows, vocabularies and, when one can be had, the Python peer.</summary>
internal sealed class BenchData(IKernelBackend backend, string golden, string vocabularies) : IDisposable
{
    private readonly Lazy<PythonPeer?> _python = new(() => PythonPeer.Start(golden, vocabularies));

    public IKernelBackend Backend => backend;

    public GoldenContext Golden { get; } = new(backend, new VocabularyFolder(vocabularies), golden);

    /// <summary>The published functions in Python; null where Python, NumPy or the script is missing. Started when first asked for.</summary>
    public PythonPeer? Python => _python.Value;

    /// <summary>The Python peer if a case has asked for one.</summary>
    public PythonPeer? StartedPython => _python.IsValueCreated ? _python.Value : null;

    /// <summary>The rows of all golden files of one kind, in the order of file names.</summary>
    /// <exception cref="AlignmentDataException">The folder has no such file.</exception>
    public IEnumerable<JsonElement> Rows(string kind)
    {
        string[] paths = Directory.Exists(golden) ? [.. Directory.GetFiles(golden, kind + ".*jsonl*").Order(StringComparer.Ordinal)] : [];
        if (paths.Length == 0)
            throw new AlignmentDataException($"{golden} holds no {kind}.jsonl.gz; name a folder of golden files with --golden.");
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

    /// <summary>The Python peer for a case it knows, its own answer checked; null where there is no Python.</summary>
    /// <exception cref="AlignmentDataException">The peer's own answer is wrong.</exception>
    public IContestant? PythonFor(string work) => Python?.For(work);

    public void Dispose()
    {
        if (StartedPython is { } python)
            python.Dispose();
    }
}
