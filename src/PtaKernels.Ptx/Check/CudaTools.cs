using System.Diagnostics;
using System.Text.RegularExpressions;

namespace PtaKernels.Ptx.Check;

/// <summary>NVIDIA's assembler and disassembler, run as programs from one folder.</summary>
internal sealed partial class CudaTools
{
    private readonly string _folder;

    /// <exception cref="IOException">ptxas does not start there.</exception>
    public CudaTools(string folder)
    {
        _folder = folder;
        (int status, string help) = Run("ptxas", "--help");
        if (status != 0)
            throw new IOException($"{Path.Combine(folder, "ptxas")} does not start: {help.Trim()}");
        Architectures = [.. ArchitecturePattern().Matches(help).Select(static m => m.Groups[1].Value).Distinct(StringComparer.Ordinal)];
        Version = VersionPattern().Match(Run("ptxas", "--version").Output).Groups[1].Value;
    }

    /// <summary>Of ptxas, for example <c>12.4.131</c>.</summary>
    public string Version { get; }

    /// <summary>What ptxas assembles for without features of one architecture alone, for example <c>sm_90</c>.</summary>
    public IReadOnlyList<string> Architectures { get; }

    /// <summary>Assembles a PTX file; the cubin is there only when the report has no error.</summary>
    public PtxasReport Assemble(string ptx, string architecture, string cubin, bool contract = true)
    {
        (int status, string output) = Run("ptxas", "-v", $"-arch={architecture}", $"-fmad={(contract ? "true" : "false")}", ptx, "-o", cubin);
        PtxasReport report = PtxasReport.Parse(output);
        return status != 0 && report.Error is null ? report with { Error = $"exit status {status}" } : report;
    }

    /// <exception cref="IOException">nvdisasm does not take the cubin.</exception>
    public SassListing Disassemble(string cubin)
    {
        (int status, string output) = Run("nvdisasm", "-c", cubin);
        return status == 0 ? SassListing.Parse(output) : throw new IOException($"nvdisasm does not take {cubin}: {output.Trim()}");
    }

    private (int Status, string Output) Run(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(_folder, tool), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + errors.Result);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"{start.FileName} does not start: {e.Message}", e);
        }
    }

    [GeneratedRegex(@"'(sm_\d+)'")]
    private static partial Regex ArchitecturePattern();

    [GeneratedRegex(@"V(\d+(?:\.\d+)+)")]
    private static partial Regex VersionPattern();
}
