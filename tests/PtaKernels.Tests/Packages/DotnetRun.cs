using System.Diagnostics;

namespace PtaKernels.Tests.Packages;

/// <summary>Runs programs of this machine's .NET as a user would, without the settings of this test run.</summary>
internal static class DotnetRun
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(6);

    // .../shared/Microsoft.NETCore.App/10.0.0/System.Private.CoreLib.dll
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));

    /// <summary>The host that this test runs on.</summary>
    public static string Host { get; } = Path.Combine(Root, "dotnet");

    /// <summary>Runs a program to its end, which must be a success.</summary>
    /// <param name="folder">Where it runs.</param>
    /// <param name="environment">Variables that it gets; those that would change what it does are not handed down.</param>
    /// <param name="program">A file.</param>
    /// <param name="arguments">What it is called with.</param>
    /// <returns>What it wrote to its output.</returns>
    public static string Succeed(string folder, IReadOnlyDictionary<string, string> environment, string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string name in start.Environment.Keys.Where(static n => n.StartsWith("PTAKERNELS_", StringComparison.Ordinal) || n is "NUGET_PACKAGES" or "MSBUILD_EXE_PATH" or "MSBuildSDKsPath").ToArray())
            start.Environment.Remove(name);
        start.Environment["DOTNET_ROOT"] = Root;
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        bool ended = process.WaitForExit(Longest);
        if (!ended)
            process.Kill(entireProcessTree: true);
        Assert.That(ended && process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {(ended ? $"exit status {process.ExitCode}" : "did not end")}{Environment.NewLine}{output.Result}{errors.Result}");
        return output.Result;
    }
}
