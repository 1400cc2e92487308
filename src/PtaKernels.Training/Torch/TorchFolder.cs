using System.Reflection;
using NuGet.Configuration;

namespace PtaKernels.Training;

/// <summary>Where libtorch is: a folder with <c>libtorch.so</c>, <c>libtorch_cpu.so</c> and <c>libc10.so</c>. It is no part of <c>pta</c>.</summary>
public static class TorchFolder
{
    /// <summary>Names a folder with another libtorch, as the <c>torch/lib</c> of a PyTorch wheel.</summary>
    public const string Variable = "PTAKERNELS_LIBTORCH";

    /// <summary>The NuGet package that holds libtorch for the CPU.</summary>
    internal const string Package = "libtorch-cpu-linux-x64";

    /// <summary>The release that TorchSharp's wrapper was built against.</summary>
    public static string Version { get; } = typeof(TorchFolder).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(static a => a.Key == "LibtorchVersion").Value!;

    /// <summary>The folder that <see cref="TorchDownload"/> fills.</summary>
    public static string Own
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (string.IsNullOrEmpty(cache))
                cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(cache, "ptakernels", $"{Package}-{Version}");
        }
    }

    /// <summary>The first of: the folder that <see cref="Variable"/> names, our own, this machine's NuGet packages. Null if there is none.</summary>
    /// <exception cref="TorchException">The variable names a folder without libtorch.</exception>
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return HasLibtorch(named) ? named
                : throw new TorchException($"{Variable} names {named}, where libtorch_cpu.so is missing; name the folder that holds it, as torch/lib of a PyTorch wheel.");
        }

        return new[] { Own, InPackages() }.FirstOrDefault(HasLibtorch);
    }

    private static bool HasLibtorch(string folder) => File.Exists(Path.Combine(folder, "libtorch_cpu.so"));

    private static string InPackages() =>
        Path.Combine(SettingsUtility.GetGlobalPackagesFolder(Settings.LoadDefaultSettings(root: null)), Package, Version, "runtimes", "linux-x64", "native");
}

/// <summary>libtorch is missing or does not load; the message is one sentence for a user.</summary>
/// <param name="message">What, where, what to do.</param>
/// <param name="inner">Why.</param>
public sealed class TorchException(string message, Exception? inner = null) : IOException(message, inner);
