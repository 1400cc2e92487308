using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PtaKernels.Tests.Cli;

/// <summary>A run that is killed leaves nothing under the final name and does not hinder the next one.</summary>
[TestFixture]
public sealed class KilledRunTests
{
    private const int Documents = 2000;

    [Test]
    public void TheNextRunWritesWhatAnUndisturbedOneDoes()
    {
        using var files = new AlignFiles(seed: 1, Documents);
        string[] arguments = files.Arguments("--preset", "fusion");
        string partial = files.Output + ".partial";

        using (Process killed = Start(arguments))
        {
            // Waits in steps that end with the process; the file is there as soon as the first batch is written.
            bool written = false;
            for (int step = 0; step < 20_000 && !written && !killed.WaitForExit(1); step++)
                written = new FileInfo(partial) is { Exists: true, Length: > 0 };
            bool running = !killed.HasExited;
            killed.Kill();
            killed.WaitForExit();
            Assert.That((written, running), Is.EqualTo((true, true)), "the run must be killed while it writes");
        }

        Assert.That(files.Left, Is.EqualTo(new[] { "out.jsonl.partial" }), "nothing under the final name");
        Assert.That(new FileInfo(partial).Length, Is.Positive);

        using (Process next = Start(arguments))
        {
            Assert.That(next.WaitForExit(TimeSpan.FromMinutes(2)), "the next run must end");
            Assert.That(next.ExitCode, Is.Zero);
        }

        Assert.That(files.Left, Is.EqualTo(new[] { "out.jsonl" }));
        string[] undisturbed = [.. arguments];
        undisturbed[Array.IndexOf(arguments, files.Output)] = files.Folder["undisturbed.jsonl"];
        Assert.That(Pta.Run(undisturbed).Exit, Is.Zero);
        Assert.That(File.ReadAllBytes(files.Output).AsSpan().SequenceEqual(File.ReadAllBytes(files.Folder["undisturbed.jsonl"])), "the same bytes");
    }

    /// <summary>The built command line, beside the tests, under the runtime that runs them.</summary>
    private static Process Start(string[] arguments)
    {
        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        var start = new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, "pta.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        Process process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
