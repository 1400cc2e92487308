namespace PtaKernels;

/// <summary>This machine, for reports and results.</summary>
public static class Machine
{
    /// <summary>The processor as it names itself.</summary>
    public static string CpuName()
    {
        const string Linux = "/proc/cpuinfo";
        if (File.Exists(Linux))
        {
            string? line = File.ReadLines(Linux).FirstOrDefault(static l => l.StartsWith("model name", StringComparison.Ordinal));
            if (line is not null)
                return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        }

        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unnamed processor";
    }
}
