using System.Diagnostics;

namespace PtaKernels.Gate;

/// <summary>Something could not be built or measured; the message is one sentence.</summary>
internal sealed class CannotMeasureException(string message) : Exception(message);

/// <summary>A program that ran to its end.</summary>
/// <param name="Status">Exit status.</param>
/// <param name="Output">What it wrote.</param>
/// <param name="Errors">What it wrote to its error stream.</param>
internal sealed record ChildProcess(int Status, string Output, string Errors)
{
    /// <summary>Runs a program to its end.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="program">A path, or a name on the PATH.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables to set.</param>
    /// <exception cref="CannotMeasureException">There is no such program.</exception>
    public static ChildProcess Run(string folder, string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        using Process process = Start(folder, program, arguments, environment);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new ChildProcess(process.ExitCode, output, errors.Result);
    }

    /// <summary>The output of a program that must succeed.</summary>
    /// <exception cref="CannotMeasureException">It did not; the message ends with its last lines.</exception>
    public static string Require(string folder, string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        string[] all = [.. arguments];
        ChildProcess run = Run(folder, program, all, environment);
        if (run.Status == 0)
            return run.Output;
        string last = string.Join("; ", (run.Errors + "\n" + run.Output).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Take(4));
        throw new CannotMeasureException($"{Path.GetFileName(program)} {all.FirstOrDefault()} ended with exit status {run.Status}: {last}");
    }

    /// <summary>Starts a program whose streams are ours.</summary>
    /// <exception cref="CannotMeasureException">There is no such program.</exception>
    public static Process Start(string folder, string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new CannotMeasureException($"{program} does not start: {e.Message}.");
        }
    }
}
