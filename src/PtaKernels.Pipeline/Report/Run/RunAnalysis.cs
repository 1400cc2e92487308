using System.Reflection;

namespace PtaKernels.Pipeline;

/// <summary>Makes the report of a run.</summary>
internal static class RunAnalysis
{
    /// <summary>Makes the report of a finished run.</summary>
    public static RunReport Of(FinishedRun run)
    {
        return new RunReport
        {
            Title = $"Fusion of {string.Join(" and ", run.Sources.Select(static s => s.Name))}, taken apart",
            Date = DateTimeOffset.Now,
            Machine = $"{Machine.CpuName()}, {Environment.ProcessorCount} cores",
            Versions = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["pta"] = typeof(RunAnalysis).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown",
                [".NET"] = Environment.Version.ToString(),
            },
        };
    }
}
