using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace PtaKernels.Cli.Bench;

/// <summary>A peer in a child process that checks and times itself on request, line by line: <c>check CASE</c>, <c>time CASE SECONDS</c>.</summary>
internal sealed class PeerProcess : IDisposable
{
    private const string PythonScript = "perf/peers/published_alignment.py";
    private const string TorchScript = "perf/peers/dense_training.py";
    private const string FastBlas = "artifacts/peers/openblas/usr/lib/x86_64-linux-gnu/openblas-pthread";
    private const string LibraryScript = "perf/peers/batched_sinkhorn.py";
    private const string NativeBuild = "perf/peers/build";
    private const string DotnetRun = "perf/peers/run-dotnet";

    /// <summary>Debian's own first: that is the one with python3-numpy.</summary>
    private static readonly string[] Interpreters = ["/usr/bin/python3", "python3"];

    /// <summary>NumPy's own pools stay out of it: one thread.</summary>
    private static readonly string[] Pools = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];

    private readonly Process _process;
    private readonly string[] _parts;

    private PeerProcess(Process process, string name, string[] parts, string[] versions)
    {
        _process = process;
        _parts = parts;
        Name = name;
        Versions = versions;
    }

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>What it says it is made of; "-" stands for a part that is missing.</summary>
    public string[] Versions { get; }

    /// <summary>The parts that are not missing, and their versions.</summary>
    public IEnumerable<(string Part, string Version)> Parts => _parts.Zip(Versions).Where(static p => p.Second != "-");

    /// <summary>The published functions in Python: its versions are Python's, NumPy's and the compiled edit distance's. Null where the script, Python or NumPy is missing.</summary>
    /// <param name="work">Folder of <see cref="PeerWork"/>: documents and vocabulary maps.</param>
    /// <param name="vocabularies">Folder of the vocabularies.</param>
    public static PeerProcess? StartPython(string work, string vocabularies)
    {
        if (Script(PythonScript) is not { } script)
            return null;
        return Interpreters
            .Select(interpreter => Start("the Python peer", interpreter, [script, work, Path.GetFullPath(vocabularies)], ["Python", "NumPy", "python-Levenshtein"]))
            .FirstOrDefault(static peer => peer is not null);
    }

    /// <summary>Dense losses in PyTorch: its versions are Python's, PyTorch's and which BLAS it has. Null where the script, Python or PyTorch is missing.</summary>
    /// <param name="work">Folder of <see cref="PeerWork"/>.</param>
    public static PeerProcess? StartTorch(string work)
    {
        if (Script(TorchScript) is not { } script)
            return null;
        return Interpreters
            .Select(interpreter => Start("the PyTorch peer", interpreter, [script, work], ["Python", "PyTorch", "BLAS"], Path.Combine(RepositoryFolder.Find()!, FastBlas)))
            .FirstOrDefault(static peer => peer is not null);
    }

    /// <summary>Transports by PyTorch and POT: its versions are Python's, PyTorch's and POT's. Null where the script, Python or NumPy is missing.</summary>
    /// <param name="work">Folder of <see cref="PeerWork"/>.</param>
    public static PeerProcess? StartLibraries(string work)
    {
        if (Script(LibraryScript) is not { } script)
            return null;
        return Interpreters
            .Select(interpreter => Start("the peer of transport libraries", interpreter, [script, work], ["Python", "PyTorch", "POT"]))
            .FirstOrDefault(static peer => peer is not null);
    }

    /// <summary>Libraries from NuGet, built first where that is needed: its versions are .NET's and theirs. Null where they cannot be built.</summary>
    /// <param name="work">Folder of <see cref="PeerWork"/>.</param>
    public static PeerProcess? StartDotnet(string work) =>
        Script(DotnetRun) is { } script ? Start("the .NET peer", "bash", [script, work], [".NET", "Quickenshtein", "FuzzySharp", "F23.StringSimilarity"]) : null;

    /// <summary>The compiled peers, built first where that is needed: their versions are the compiler's, rapidfuzz-cpp's and edlib's.</summary>
    /// <param name="work">Folder of <see cref="PeerWork"/>.</param>
    /// <exception cref="AlignmentDataException">They cannot be built.</exception>
    public static PeerProcess StartNative(string work)
    {
        string script = Script(NativeBuild) ?? throw new AlignmentDataException($"{NativeBuild} was not found, so there is no peer; run this inside the repository.");
        using Process build = Process.Start(Redirected("bash", [script]))!;
        build.ErrorDataReceived += static (_, _) => { };
        build.BeginErrorReadLine();
        string program = build.StandardOutput.ReadToEnd().Trim();
        build.WaitForExit();
        return (build.ExitCode == 0 ? Start("the compiled peer", program, [work], ["g++", "rapidfuzz-cpp", "edlib"]) : null)
            ?? throw new AlignmentDataException($"the compiled peers could not be built; run {NativeBuild} to see why.");
    }

    /// <summary>The peer's number of units and its checksum; its own answer has been checked as far as it knows the right one.</summary>
    /// <exception cref="AlignmentDataException">The peer's answer is wrong.</exception>
    public (double Units, ulong Sum) Check(string work)
    {
        string[] answer = Ask($"check {work}").Split(' ');
        return answer is ["ok", var units, var sum]
            ? (double.Parse(units, CultureInfo.InvariantCulture), ulong.Parse(sum, CultureInfo.InvariantCulture))
            : throw BenchData.Wrong(Name, string.Join(' ', answer));
    }

    /// <summary>The version of a part; null where it is missing.</summary>
    public string? VersionOf(string part) => Parts.FirstOrDefault(p => p.Part == part).Version;

    /// <summary>The peer on work that it has checked.</summary>
    public IContestant For(string work, string name) => new Contestant(this, work, name);

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string? Script(string path) =>
        RepositoryFolder.Find() is { } root && File.Exists(Path.Combine(root, path)) ? Path.Combine(root, path) : null;

    private static ProcessStartInfo Redirected(string program, string[] arguments, string? libraries = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string pool in Pools)
            start.Environment[pool] = "1";
        if (Directory.Exists(libraries))
            start.Environment["LD_LIBRARY_PATH"] = libraries;
        return start;
    }

    private static PeerProcess? Start(string name, string program, string[] arguments, string[] parts, string? libraries = null)
    {
        Process? process;
        try
        {
            process = Process.Start(Redirected(program, arguments, libraries));
        }
        catch (Win32Exception)
        {
            return null; // no such program
        }

        if (process is null)
            return null;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        if (process.StandardOutput.ReadLine()?.Split(' ') is ["ready", .. var versions] && versions.Length == parts.Length)
            return new PeerProcess(process, name, parts, versions);
        process.WaitForExit();
        process.Dispose();
        return null;
    }

    private string Ask(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has ended; what it said last, if anything, is read below.
        }

        return _process.StandardOutput.ReadLine() ?? throw new AlignmentDataException($"{Name} ended at `{line}`; run it by hand to see why (perf/README.md).");
    }

    private sealed class Contestant(PeerProcess peer, string work, string name) : IContestant
    {
        public string Name => name;

        public Lap Run(double seconds)
        {
            string[] answer = peer.Ask(FormattableString.Invariant($"time {work} {seconds}")).Split(' ');
            return new Lap(double.Parse(answer[0], CultureInfo.InvariantCulture), double.Parse(answer[1], CultureInfo.InvariantCulture));
        }
    }
}
