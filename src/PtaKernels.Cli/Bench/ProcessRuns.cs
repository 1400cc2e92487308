using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PtaKernels.Cli.Bench;

/// <summary>A program from start to exit, again and again, on the clock.</summary>
/// <param name="name">What it is called.</param>
/// <param name="program">Its file.</param>
/// <param name="arguments">What it is given.</param>
internal sealed class ProcessRuns(string name, string program, params string[] arguments) : IContestant
{
    public string Name => name;

    /// <summary>This program as a process of its own, under the runtime that runs us, with what <c>scripts/pta</c> sets.</summary>
    public static ProcessRuns OfPta(string name, params string[] arguments)
    {
        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        return new ProcessRuns(name, host, [typeof(Program).Assembly.Location, .. arguments]);
    }

    public Lap Run(double seconds)
    {
        var clock = Stopwatch.StartNew();
        int runs = 0;
        do
        {
            Once();
            runs++;
        }
        while (clock.Elapsed.TotalSeconds < seconds);
        return new Lap(runs, clock.Elapsed.TotalSeconds);
    }

    /// <summary>Runs it once.</summary>
    /// <returns>Its standard output.</returns>
    /// <exception cref="AlignmentDataException">It is not there, or failed.</exception>
    public string Once()
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.TryAdd("DOTNET_GCgen0size", "0x8000000");
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : throw new AlignmentDataException($"{name} ended with status {process.ExitCode}: {errors.Result.Trim().ReplaceLineEndings(" ")}");
        }
        catch (Win32Exception e)
        {
            throw new AlignmentDataException($"{name} cannot be started: {e.Message}.", e);
        }
    }
}
