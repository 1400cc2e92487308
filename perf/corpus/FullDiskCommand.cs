using System.ComponentModel;
using System.Diagnostics;
using PtaKernels.Cli;

namespace PtaKernels.CorpusBench;

/// <summary><c>pta-corpus full-disk</c>: a run that fills its disk says so, and goes on to the bytes of an undisturbed one when there is space.</summary>
internal static class FullDiskCommand
{
    /// <summary>Space of the disk as a share of what the output needs.</summary>
    private static readonly double[] Shares = [0.02, 0.3, 0.6, 0.95];

    /// <summary>The verb.</summary>
    public static Verb Create()
    {
        BreakingOptions options = Breaking.Options(1_000);
        var verb = new Verb("full-disk", "Align onto a small tmpfs that becomes full, make it larger, run the same command again, and compare every byte with an undisturbed run's. Needs root.", "pta-corpus full-disk") { };
        options.AddTo(verb);
        verb.TimeToStop = TimeSpan.FromMinutes(1);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            using var breaking = Breaking.Of(parse, options);
            string disk = breaking.Named("disk.d");
            Directory.CreateDirectory(disk);
            for (int i = 0; i < Shares.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                long bytes = (long)(FolderBytes.SizeOf(breaking.Expected) * Shares[i]);
                if (System("mount", "-t", "tmpfs", "-o", $"size={bytes}", "tmpfs", disk) is { } reason)
                {
                    breaking.Skip($"no tmpfs can be mounted ({reason})", Shares.Length - i);
                    break;
                }

                try
                {
                    breaking.Count($"a disk of {bytes:N0} bytes", Problem(breaking, disk));
                }
                finally
                {
                    _ = System("umount", disk);
                }
            }

            breaking.Conclude();
            return breaking.ExitCode;
        }, cancellation));
        return verb;
    }

    private static string? Problem(Breaking breaking, string disk)
    {
        string output = Path.Combine(disk, Path.GetFileName(breaking.Named("full")));
        using (PtaProcess run = PtaProcess.RunAnyhow(breaking.Work.Arguments(output)))
        {
            string said = run.Text.Trim();
            if (run.ExitCode == 0)
                return "the run ended well on a disk that is too small";
            if (!said.Contains("space", StringComparison.OrdinalIgnoreCase) || said.Contains("   at ", StringComparison.Ordinal))
                return $"it does not say in a sentence that there is no space: {said}";
            breaking.Say($"full: {said.Split('\n')[^1]}");
        }

        if (Path.Exists(output))
            return "there is an output under its final name";
        if (System("mount", "-o", $"remount,size={4 * FolderBytes.SizeOf(breaking.Expected)}", disk) is { } reason)
            return $"the disk cannot be made larger ({reason})";
        using PtaProcess again = PtaProcess.RunAnyhow(breaking.Work.Arguments(output));
        return again.ExitCode != 0 ? $"the same command ends with status {again.ExitCode}: {again.Text.Trim()}" : FolderBytes.Difference(breaking.Expected, output);
    }

    /// <summary>Runs a command of the system; what it says where it fails, else null.</summary>
    private static string? System(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            string said = process.StandardError.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : said.Length > 0 ? said.Split('\n')[0] : $"status {process.ExitCode}";
        }
        catch (Win32Exception e)
        {
            return e.Message;
        }
    }
}
