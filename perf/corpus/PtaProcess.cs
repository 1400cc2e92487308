using System.Diagnostics;
using System.Globalization;
using System.Text;
using PtaKernels.Cli.Bench;

namespace PtaKernels.CorpusBench;

/// <summary>One run of <c>pta</c> as a process of its own, as a user starts it.</summary>
internal sealed class PtaProcess : IDisposable
{
    /// <summary>How often its memory is looked at; the kernel keeps the peak between two looks.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    private readonly Process _process;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly StringBuilder _output = new(), _errors = new();

    /// <summary>Starts it.</summary>
    /// <param name="arguments">What <c>pta</c> is given.</param>
    /// <param name="threads">Processors it believes it has; null for all.</param>
    /// <exception cref="AlignmentDataException"><c>pta</c> was not built.</exception>
    public PtaProcess(IEnumerable<string> arguments, int? threads = null)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [Program(), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.TryAdd("DOTNET_GCgen0size", "0x8000000"); // as scripts/pta does
        if (threads is { } count)
            start.Environment["DOTNET_PROCESSOR_COUNT"] = count.ToString("X", CultureInfo.InvariantCulture);
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Wall clock from start to end.</summary>
    public double Seconds { get; private set; }

    /// <summary>Processor seconds of all threads, to the last look at it; 0 where the system does not tell.</summary>
    public double ProcessorSeconds { get; private set; }

    /// <summary>Most memory that was resident, bytes; 0 where the system does not tell.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Its exit status; 128 + 9 after a kill.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>What it wrote to standard output.</summary>
    public string Output => _output.ToString();

    /// <summary>What it wrote, standard output first.</summary>
    public string Text => _output.ToString() + _errors;

    /// <summary>Runs to the end.</summary>
    /// <exception cref="AlignmentDataException">It failed; the message is its own.</exception>
    public static PtaProcess Run(IEnumerable<string> arguments, int? threads = null)
    {
        PtaProcess run = RunAnyhow(arguments, threads);
        if (run.ExitCode == 0)
            return run;
        using (run)
            throw new AlignmentDataException($"pta ended with status {run.ExitCode}: {run.Text.Trim()}");
    }

    /// <summary>Runs to the end, whatever that is.</summary>
    public static PtaProcess RunAnyhow(IEnumerable<string> arguments, int? threads = null)
    {
        var run = new PtaProcess(arguments, threads);
        run.Wait(null);
        return run;
    }

    /// <summary>Runs until it ends, or until a moment at which it is killed without a word.</summary>
    /// <returns>Whether it was killed.</returns>
    public bool Wait(TimeSpan? kill)
    {
        bool killed = false;
        while (!_process.WaitForExit(Glance))
        {
            if (!killed && kill is { } moment && _clock.Elapsed >= moment)
            {
                killed = true;
                _process.Kill();
            }

            Look();
        }

        Seconds = _clock.Elapsed.TotalSeconds;
        _process.WaitForExit(); // for the rest of what it wrote
        return killed && _process.ExitCode != 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();

    private static string Program()
    {
        string program = Path.Combine(RepositoryFolder.Find() ?? ".", "src", "PtaKernels.Cli", "bin", "Release", "net10.0", "pta.dll");
        return File.Exists(program) ? program : throw new AlignmentDataException($"{program}: no such file; build it with scripts/setup.");
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        lock (text)
            text.Append(line).Append('\n');
    }

    private void Look()
    {
        try
        {
            ProcessorSeconds = Math.Max(ProcessorSeconds, _process.TotalProcessorTime.TotalSeconds);
            foreach (string line in File.ReadLines($"/proc/{_process.Id}/status"))
            {
                if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                    PeakBytes = Math.Max(PeakBytes, 1024 * long.Parse(line[6..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended, or the system has no such file.
        }
    }
}
