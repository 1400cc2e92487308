using System.CommandLine;
using PtaKernels.Training;

namespace PtaKernels.Cli;

/// <summary><c>pta setup-torch</c>: fetches libtorch, which training needs and nothing else does.</summary>
internal static class SetupTorchCommand
{
    public static Command Create()
    {
        var force = new Option<bool>("--force") { Description = "fetch it again although it is here" };
        var verb = new Verb(
            "setup-torch", $"Fetch libtorch {TorchFolder.Version} for the CPU (about 130 MB, 460 MB on disk) and try it; {TorchFolder.Variable} names another one instead.",
            "pta setup-torch",
            $"{TorchFolder.Variable}=/opt/torch/lib pta setup-torch")
        {
            force,
        };
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            Ensure(terminal, parse.GetValue(force), cancellation);
            TorchRuntime.Load();
            terminal.Output.WriteLine($"libtorch works: {TorchRuntime.Folder}");
            return 0;
        }, cancellation));
        return verb;
    }

    /// <summary>Fetches libtorch where it is missing, with progress; nothing is loaded.</summary>
    public static void Ensure(Terminal terminal, bool again, CancellationToken cancellation)
    {
        if (!again && TorchFolder.Find() is not null)
            return;
        ProgressReport.Run(terminal, "fetching libtorch", "bytes", progress =>
            _ = (again ? TorchDownload.FetchAsync(progress, cancellation) : TorchDownload.EnsureAsync(progress, cancellation)).GetAwaiter().GetResult());
    }
}
