using System.Reflection;

namespace PtaKernels.Pipeline;

/// <summary>Versions that a report names.</summary>
internal static class ProgramVersions
{
    /// <summary>Of the program and .NET, and of what else a report stands on.</summary>
    /// <param name="name">What else.</param>
    /// <param name="version">Its version.</param>
    public static Dictionary<string, string> With(string name, string version) => new(StringComparer.Ordinal)
    {
        ["pta"] = typeof(ProgramVersions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown",
        [".NET"] = Environment.Version.ToString(),
        [name] = version,
    };
}
