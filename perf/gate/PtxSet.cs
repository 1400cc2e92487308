using System.Text.Json;

namespace PtaKernels.Gate;

/// <summary>GPU kernels whose PTX changed: registers and instructions that ptxas makes of it, on each architecture.</summary>
internal sealed class PtxSet(GateRun run)
{
    private const string Name = "ptx", List = "kernels.tsv";

    /// <summary>More registers than this times BASE's fail; scripts/ptx-check refuses spills at all.</summary>
    private const double AllowedRegisters = 1.10;

    /// <summary>More instructions than this times BASE's fail.</summary>
    private const double AllowedInstructions = 1.05;

    /// <summary>Measures, as far as it can be.</summary>
    public void Measure()
    {
        if (!run.Options.Force && run.Checkout.SameAs(run.Base, Checkout.Kernels))
        {
            Console.WriteLine($"ptx: the sources of the kernels are the same as in {run.ShortBase}, so there is nothing to compare.");
            return;
        }

        if (run.BasePrograms(Name) is not { Pta: { } pta })
            return;
        string before = Path.Combine(pta, "ptx"), after = Path.Combine(run.Programs.Pta!, "ptx");
        if (!Directory.Exists(before))
        {
            Console.WriteLine($"ptx: {run.ShortBase} compiles no PTX, so there is nothing to compare.");
            return;
        }

        string[] changed = [.. Kernels(after).Intersect(Kernels(before)).Where(k => Differs(before, after, k))];
        Console.WriteLine($"ptx: {changed.Length} of {Kernels(after).Count} kernels have other PTX than in {run.ShortBase}.");
        if (changed.Length == 0)
            return;
        string tools = Environment.GetEnvironmentVariable("PTAKERNELS_CUDA_TOOLS") is { Length: > 0 } named ? named : Path.Combine(run.Checkout.Root, "artifacts/cuda-tools");
        if (!File.Exists(Path.Combine(tools, "ptxas")))
        {
            run.Add(Measurement.Cannot(Name, "changed kernels", "registers", "ptxas is missing; scripts/ptx-check fetches it."));
            return;
        }

        Console.WriteLine($"ptx: registers and instructions beside {run.ShortBase}");
        Compare(Facts(before, changed, tools, "base"), Facts(after, changed, tools, "new"));
    }

    private void Compare(Dictionary<string, (double Registers, double Instructions)> before, Dictionary<string, (double Registers, double Instructions)> after)
    {
        foreach ((string kernel, (double registers, double instructions)) in after)
        {
            if (!before.TryGetValue(kernel, out (double Registers, double Instructions) old))
                continue;
            run.Add(
                Measurement.Count(Name, kernel, "registers", old.Registers, registers, AllowedRegisters),
                Measurement.Count(Name, kernel, "SASS instructions", old.Instructions, instructions, AllowedInstructions));
        }
    }

    private static HashSet<string> Kernels(string folder) => [.. File.ReadLines(Path.Combine(folder, List)).Skip(1).Select(static l => l.Split('\t')[0])];

    private static bool Differs(string before, string after, string kernel) =>
        Directory.GetDirectories(after).Select(static d => Path.GetFileName(d)!).Any(architecture => Text(before, architecture, kernel) != Text(after, architecture, kernel));

    private static string Text(string folder, string architecture, string kernel) =>
        Path.Combine(folder, architecture, kernel + ".ptx") is var file && File.Exists(file) ? File.ReadAllText(file) : "";

    /// <summary>What pta-ptx finds of some kernels, which lie in a folder of their own.</summary>
    private Dictionary<string, (double Registers, double Instructions)> Facts(string folder, string[] kernels, string tools, string side)
    {
        string some = Path.Combine(run.Cache, "ptx-" + side), json = some + ".json";
        if (Directory.Exists(some))
            Directory.Delete(some, recursive: true);
        foreach (string architecture in Directory.GetDirectories(folder))
        {
            string target = Path.Combine(some, Path.GetFileName(architecture));
            Directory.CreateDirectory(target);
            foreach (string file in kernels.Select(k => k + ".ptx").Where(f => File.Exists(Path.Combine(architecture, f))))
                File.Copy(Path.Combine(architecture, file), Path.Combine(target, file));
        }

        string[] lines = File.ReadAllLines(Path.Combine(folder, List));
        File.WriteAllLines(Path.Combine(some, List), lines.Where((l, n) => n == 0 || kernels.Contains(l.Split('\t')[0])));
        File.Delete(json);
        // Status 1 says that the gate on kernels refuses one, which is that gate's matter.
        ChildProcess check = ChildProcess.Run(run.Checkout.Root, "dotnet", [Path.Combine(run.Checkout.Root, "src/PtaKernels.Ptx/bin/Release/net10.0/pta-ptx.dll"), "check", some, "--tools", tools, "--json", json]);
        if (!File.Exists(json))
            throw new CannotMeasureException($"pta-ptx check failed: {check.Errors.Trim()}");
        using JsonDocument facts = JsonDocument.Parse(File.ReadAllText(json));
        return facts.RootElement.GetProperty("kernels").EnumerateArray().Where(static k => k.TryGetProperty("registers", out _)).ToDictionary(
            static k => $"{k.GetProperty("kernel").GetString()} {k.GetProperty("architecture").GetString()}",
            static k => (k.GetProperty("registers").GetDouble(), k.GetProperty("mix").GetProperty("total").GetDouble()));
    }
}
