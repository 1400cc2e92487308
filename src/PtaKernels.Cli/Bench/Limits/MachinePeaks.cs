using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace PtaKernels.Cli.Bench;

/// <summary>What one thread of this machine can do at most, as <c>perf/native/peaks.cpp</c> measures it: instructions of whole vectors a second by kind, and bytes a second by level of memory.</summary>
/// <param name="vectorBytes">Bytes of a vector of the instruction set.</param>
/// <param name="rates">By the program's names.</param>
internal sealed class MachinePeaks(int vectorBytes, IReadOnlyDictionary<string, double> rates)
{
    private const string Builder = "perf/native/build-peaks";

    private static readonly ConcurrentDictionary<string, Lazy<MachinePeaks?>> Known = new(StringComparer.Ordinal);

    /// <summary>Bytes of a vector.</summary>
    public int VectorBytes => vectorBytes;

    /// <summary>A rate by its name.</summary>
    public double this[string name] => rates[name];

    /// <summary>The peaks with an instruction set, measured once in a process.</summary>
    /// <param name="isa">A backend's instruction set.</param>
    /// <returns>Null where the program cannot be built or does not know the set.</returns>
    public static MachinePeaks? Of(string isa) => Known.GetOrAdd(isa, static name => new Lazy<MachinePeaks?>(() => Measure(name))).Value;

    /// <summary>The peaks in the program's output: a name and a rate on each line.</summary>
    /// <param name="vectorBytes">Bytes of a vector.</param>
    /// <param name="output">What it printed.</param>
    public static MachinePeaks Parse(int vectorBytes, string output) => new(vectorBytes, output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(static line => line.Split(' ')).ToDictionary(static parts => parts[0], static parts => double.Parse(parts[1], CultureInfo.InvariantCulture), StringComparer.Ordinal));

    private static MachinePeaks? Measure(string isa)
    {
        int bytes = isa switch { "avx512" => 64, "avx2" => 32, _ => 0 };
        if (bytes == 0 || RepositoryFolder.Find() is not { } root || !File.Exists(Path.Combine(root, Builder)))
            return null;
        return OutputOf("bash", Path.Combine(root, Builder)) is { } program && OutputOf(program.Trim(), isa) is { } output ? Parse(bytes, output) : null;
    }

    /// <summary>What a program prints; null where it cannot run or fails.</summary>
    private static string? OutputOf(string program, string argument)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, [argument]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
