using System.Diagnostics;
using System.Globalization;

namespace PtaKernels.Gate;

/// <summary>A tree's <c>pta-benchmarks serve</c>: a line asks, a line answers.</summary>
internal sealed class CaseServer : IDisposable
{
    private readonly Process _process;

    /// <summary>Starts it.</summary>
    /// <exception cref="CannotMeasureException">It does not start.</exception>
    public CaseServer(string root, string program)
    {
        _process = ChildProcess.Start(root, "dotnet", [program, "serve"]);
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginErrorReadLine();
        if (_process.StandardOutput.ReadLine() is not "ready 1")
            throw new CannotMeasureException($"{program} serve does not answer.");
    }

    /// <summary>Its cases.</summary>
    public string[] Cases() => Ask("list").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Units of a pass.</summary>
    public double Units(string id) => double.Parse(Ask($"units {id}"), CultureInfo.InvariantCulture);

    /// <summary>Managed bytes of a pass.</summary>
    public double AllocatedBytes(string id) => double.Parse(Ask($"allocations {id}"), CultureInfo.InvariantCulture);

    /// <summary>Passes until everything is compiled.</summary>
    public void Warm(string id) => Ask($"warm {id}");

    /// <summary>Whole passes for at least so many seconds; seconds of processor time for each unit.</summary>
    public double SecondsPerUnit(string id, double seconds)
    {
        double[] lap = [.. Ask(string.Create(CultureInfo.InvariantCulture, $"time {id} {seconds}")).Split(' ').Select(static n => double.Parse(n, CultureInfo.InvariantCulture))];
        return lap[1] / lap[0];
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            _process.Kill();
        _process.Dispose();
    }

    private string Ask(string request)
    {
        _process.StandardInput.WriteLine(request);
        _process.StandardInput.Flush();
        string answer = _process.StandardOutput.ReadLine() ?? throw new CannotMeasureException($"the program of the .NET cases ended at '{request}'.");
        return answer.StartsWith("error ", StringComparison.Ordinal) ? throw new CannotMeasureException(answer["error ".Length..]) : answer;
    }
}
