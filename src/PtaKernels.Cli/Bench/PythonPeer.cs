using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace PtaKernels.Cli.Bench;

/// <summary><c>perf/peers/published_alignment.py</c> as a child process that times itself on request.</summary>
internal sealed class PythonPeer : IDisposable
{
    private const string Script = "perf/peers/published_alignment.py";

    private readonly Process _process;

    private PythonPeer(Process process, string python, string numPy)
    {
        _process = process;
        PythonVersion = python;
        NumPyVersion = numPy;
    }

    public string PythonVersion { get; }

    public string NumPyVersion { get; }

    /// <summary>Starts the peer; null where the script, Python or NumPy is missing.</summary>
    public static PythonPeer? Start(string golden, string vocabularies)
    {
        if (RepositoryFolder.Find() is not { } root || !File.Exists(Path.Combine(root, Script)))
            return null;
        // Debian's own interpreter first: that is the one with python3-numpy.
        foreach (string interpreter in new[] { "/usr/bin/python3", "python3" })
        {
            var start = new ProcessStartInfo(interpreter, [Path.Combine(root, Script), Path.GetFullPath(golden), Path.GetFullPath(vocabularies)])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            // One thread each: NumPy's own pools stay out of it.
            foreach (string pool in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS" })
                start.Environment[pool] = "1";
            Process? process;
            try
            {
                process = Process.Start(start);
            }
            catch (Win32Exception)
            {
                continue; // no such interpreter
            }

            if (process is null)
                continue;
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            if (process.StandardOutput.ReadLine()?.Split(' ') is ["ready", var python, var numPy])
                return new PythonPeer(process, python, numPy);
            process.WaitForExit();
            process.Dispose();
        }

        return null;
    }

    /// <summary>A contestant for <c>document</c>, <c>transport</c> or <c>path</c>; its own answer is checked first.</summary>
    /// <exception cref="AlignmentDataException">The peer's answer is not the golden one.</exception>
    public IContestant For(string work)
    {
        string answer = Ask($"check {work}");
        return answer.StartsWith("ok ", StringComparison.Ordinal) ? new Contestant(this, work) : throw BenchData.Wrong("the Python peer", answer);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
        return _process.StandardOutput.ReadLine() ?? throw new AlignmentDataException($"the Python peer ended at `{line}`; run {Script} by hand to see why.");
    }

    private sealed class Contestant(PythonPeer peer, string work) : IContestant
    {
        public string Name => "Python + NumPy";

        public Lap Run(double seconds)
        {
            string[] answer = peer.Ask(FormattableString.Invariant($"time {work} {seconds}")).Split(' ');
            return new Lap(double.Parse(answer[0], CultureInfo.InvariantCulture), double.Parse(answer[1], CultureInfo.InvariantCulture));
        }
    }
}

/// <summary>The checkout that this program was built in.</summary>
internal static class RepositoryFolder
{
    /// <summary>The folder with <c>PtaKernels.sln</c> above the program, else above the current folder; null outside a checkout.</summary>
    public static string? Find() => Above(AppContext.BaseDirectory) ?? Above(Environment.CurrentDirectory);

    private static string? Above(string start)
    {
        DirectoryInfo? folder = new(start);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "PtaKernels.sln")))
            folder = folder.Parent;
        return folder?.FullName;
    }
}
