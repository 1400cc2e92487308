using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PtaKernels.Training.Tests.Cli;

/// <summary>The built command line, beside the tests, under the runtime that runs them.</summary>
internal static class PtaProcess
{
    public static Process Start(string[] arguments, string? folder = null, params (string Name, string Value)[] environment)
    {
        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        var start = new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, "pta.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Runs to the end; at most two minutes.</summary>
    public static (int Exit, string Errors) Run(string[] arguments, params (string Name, string Value)[] environment) => RunIn(null, arguments, environment);

    /// <summary>The same in a folder.</summary>
    public static (int Exit, string Errors) RunIn(string? folder, string[] arguments, params (string Name, string Value)[] environment)
    {
        using Process process = Start(arguments, folder, environment);
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        string errors = process.StandardError.ReadToEnd();
        Assert.That(process.WaitForExit(TimeSpan.FromMinutes(2)), "the program must end");
        return (process.ExitCode, errors);
    }
}
