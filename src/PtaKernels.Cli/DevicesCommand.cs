using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using PtaKernels.Gpu;
using PtaKernels.Native;

namespace PtaKernels.Cli;

/// <summary><c>pta devices</c>: what this machine offers and what <c>auto</c> takes of it.</summary>
internal static class DevicesCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var verb = new Verb(
            "devices", "What this machine offers: backends, processor, vector instructions, memory, and what `--backend auto` takes.",
            "pta devices",
            "pta devices --json") { common.Json };
        verb.SetAction(parse => Run(Terminal.Of(parse), Invocation.Of(parse), parse.GetValue(common.Json)));
        return verb;
    }

    private static int Run(Terminal terminal, Invocation invocation, bool json)
    {
        var notices = new List<string>();
        IKernelBackend auto = invocation.Open("auto", notices.Add);
        IReadOnlyList<GpuDescription> gpus = GpuBackend.Devices;
        string? gpuProblem = GpuBackend.WhyUnavailable;
        if (gpuProblem is null)
            notices.ForEach(terminal.Notice);
        string? forced = Environment.GetEnvironmentVariable(Backends.Backends.EnvironmentVariable);
        string? unavailable = NativeLibraryFile.WhyUnavailable, forcedIsa = Environment.GetEnvironmentVariable(NativeBackend.IsaVariable) is { Length: > 0 } isa ? isa : null;
        IReadOnlyList<string> sets = unavailable is null ? NativeBackend.InstructionSets : [];
        string cpu = Machine.CpuName();
        string[] vectors = [.. VectorSets()];
        double memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30);
        if (json)
        {
            terminal.WriteJson(new
            {
                Backends = Backends.Backends.Available,
                Auto = auto.Name,
                ForcedBackend = forced,
                auto.Isa,
                ForcedIsa = forcedIsa,
                InstructionSets = sets,
                NativeLibrary = unavailable is null ? $"{NativeLibraryFile.Path} {NativeLibraryFile.Release}" : null,
                NativeProblem = unavailable,
                Gpus = gpus.Select(static g => new { g.Name, ComputeCapability = CapabilityOf(g), MemoryGib = Math.Round(g.MemoryBytes / (double)(1L << 30), 1), g.Cuda }),
                GpuProblem = gpuProblem,
                Cpu = cpu,
                Cores = Environment.ProcessorCount,
                VectorSets = vectors,
                MemoryGib = Math.Round(memory, 1),
                Runtime = RuntimeInformation.FrameworkDescription,
                System = RuntimeInformation.OSDescription,
                Architecture = RuntimeInformation.ProcessArchitecture.ToString(),
            });
            return 0;
        }

        Write("backends", string.Join(", ", Backends.Backends.Available));
        Write("native", unavailable ?? $"{NativeLibraryFile.Release}, instruction sets {string.Join(", ", sets)}");
        foreach ((int number, GpuDescription gpu) in gpus.Index())
            Write($"gpu {number}", string.Create(CultureInfo.InvariantCulture, $"{gpu.Name}, compute capability {CapabilityOf(gpu)}, {gpu.MemoryBytes / (double)(1L << 30):F1} GiB, driver for CUDA {gpu.Cuda}"));
        if (gpuProblem is not null)
            Write("gpu", gpuProblem);
        Write("auto takes", $"{auto.Name}, {auto.Isa}" + (forcedIsa is null ? "" : $" (forced by {NativeBackend.IsaVariable}={forcedIsa})") + (forced is null ? "" : $" (forced by {Backends.Backends.EnvironmentVariable}={forced})"));
        Write("processor", $"{cpu}, {Environment.ProcessorCount} cores for this process, {RuntimeInformation.ProcessArchitecture}");
        Write("vectors", vectors.Length == 0 ? "none known" : string.Join(", ", vectors));
        Write("memory", memory.ToString("F1", CultureInfo.InvariantCulture) + " GiB for this process");
        Write("runtime", RuntimeInformation.FrameworkDescription);
        Write("system", RuntimeInformation.OSDescription);
        return 0;

        void Write(string name, string value) => terminal.Line($"[bold]{name,-12}[/]{Terminal.Escape(value)}");
    }

    private static string CapabilityOf(GpuDescription gpu) => string.Create(CultureInfo.InvariantCulture, $"{gpu.Major}.{gpu.Minor}");

    private static IEnumerable<string> VectorSets()
    {
        if (Sse42.IsSupported)
            yield return "SSE4.2";
        if (Avx2.IsSupported)
            yield return "AVX2";
        if (Fma.IsSupported)
            yield return "FMA";
        if (Avx512F.IsSupported)
            yield return "AVX-512F";
        if (Avx512BW.IsSupported)
            yield return "AVX-512BW";
        if (Avx512Vbmi.IsSupported)
            yield return "AVX-512VBMI";
        if (AdvSimd.IsSupported)
            yield return "AdvSIMD";
    }
}
