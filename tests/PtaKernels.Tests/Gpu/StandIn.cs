using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace PtaKernels.Tests.Gpu;

/// <summary>The command line as a process of its own on the stand-in for the CUDA driver (tests/cuda-driver), which checks every call and runs no kernel.</summary>
internal static class StandIn
{
    /// <summary>The folder of the built stand-in. A compiler that is missing or complains is a failure, not a skip.</summary>
    private static readonly Lazy<string> Folder = new(static () =>
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "cuda-driver");
        var start = new ProcessStartInfo(Repository.PathOf("tests/cuda-driver/build"), [folder]) { RedirectStandardError = true };
        using Process build = Process.Start(start)!;
        string errors = build.StandardError.ReadToEnd();
        build.WaitForExit();
        return build.ExitCode == 0 ? folder : throw new InvalidOperationException("tests/cuda-driver/build: " + errors);
    });

    /// <summary>The command line as it is built and shipped, with its PTX beside it.</summary>
    public static string Program
    {
        get
        {
            string[] parts = AppContext.BaseDirectory.TrimEnd('/').Split('/');
            return Repository.PathOf(Path.Combine("src/PtaKernels.Cli/bin", parts[^2], parts[^1]));
        }
    }

    /// <summary>Runs the command line.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="settings">Settings of the stand-in, "NAME=value" without the CUDA_STAND_IN_ in front.</param>
    /// <param name="program">Folder of the program; default: <see cref="Program"/>.</param>
    public static StandInRun Run(string[] arguments, string[]? settings = null, string? program = null)
    {
        string log = Path.GetTempFileName();
        try
        {
            string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
            var start = new ProcessStartInfo(host, [Path.Combine(program ?? Program, "pta.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["LD_LIBRARY_PATH"] = Folder.Value + ":" + Environment.GetEnvironmentVariable("LD_LIBRARY_PATH");
            start.Environment["CUDA_STAND_IN_LOG"] = log;
            start.Environment.Remove(Backends.Backends.EnvironmentVariable);
            foreach (string setting in settings ?? [])
                start.Environment["CUDA_STAND_IN_" + setting[..setting.IndexOf('=', StringComparison.Ordinal)]] = setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..];
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return new StandInRun(process.ExitCode, output, errors.Result, File.ReadAllLines(log));
        }
        finally
        {
            File.Delete(log);
        }
    }
}

/// <summary>What a run left, and what the driver saw of it.</summary>
internal sealed record StandInRun(int Exit, string Output, string Errors, string[] Log)
{
    /// <summary>Lines on standard error.</summary>
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What no program may do to a driver.</summary>
    public IEnumerable<string> Faults => Log.Where(static line => line.StartsWith("FAULT", StringComparison.Ordinal));

    /// <summary>Lines of a call.</summary>
    public string[] Calls(string name) => [.. Log.Where(line => line.StartsWith(name + " ", StringComparison.Ordinal))];

    /// <summary>A count of the last line.</summary>
    public long Count(string name) =>
        long.Parse(Log[^1].Split(' ').Single(part => part.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..], CultureInfo.InvariantCulture);

    /// <summary>No fault, and everything given back: nothing was left to the end of a context either.</summary>
    public void IsClean()
    {
        Assert.That(Faults, Is.Empty, Errors);
        Assert.That(Log[^1], Does.StartWith("end contexts=0 allocations=0 pinned=0 streams=0 modules=0 "), Errors);
        Assert.That(Calls("left"), Is.Empty, Errors);
    }
}
