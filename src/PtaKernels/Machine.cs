namespace PtaKernels;

/// <summary>This machine, for reports and results.</summary>
public static class Machine
{
    /// <summary>The processor as it names itself; a name without a number, as virtual machines have, is told apart by family and model.</summary>
    public static string CpuName()
    {
        const string Linux = "/proc/cpuinfo";
        if (!File.Exists(Linux))
            return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "unnamed processor";
        string[] first = [.. File.ReadLines(Linux).TakeWhile(static l => l.Length > 0)];
        string name = FieldOf(first, "model name") ?? "unnamed processor";
        return !name.Any(char.IsAsciiDigit) && FieldOf(first, "cpu family") is { } family && FieldOf(first, "model") is { } model ? $"{name}, family {family} model {model}" : name;
    }

    private static string? FieldOf(string[] lines, string field) =>
        lines.Select(static l => l.Split(':', 2)).FirstOrDefault(l => l.Length == 2 && l[0].TrimEnd() == field)?[1].Trim();
}
