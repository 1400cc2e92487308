using System.Globalization;

namespace PtaKernels.Gate;

/// <summary>What users install and load: the native library, pta's own assemblies and its folder, and the assemblies that a start loads.</summary>
internal sealed class SizesSet(GateRun run)
{
    private const string Name = "sizes", Version = "pta --version";

    private const double Allowed = 1.05;

    /// <summary>Measures, as far as it can be.</summary>
    public void Measure()
    {
        string? library = run.BaseLibrary(Name);
        BuiltTree? before = run.BasePrograms(Name);
        if (library is null && before?.Pta is null)
            return;
        Console.WriteLine($"sizes: beside {run.ShortBase}");
        if (library is not null)
            run.Add(Measurement.Guarded(Name, "libptakernels.so", "stripped bytes", () => Measurement.Count(Name, "libptakernels.so", "stripped bytes", Stripped(library), Stripped(run.Library), Allowed)));
        if (before?.Pta is not { } old)
            return;
        string now = run.Programs.Pta!;
        run.Add(
            Measurement.Count(Name, "pta's own assemblies", "bytes", Own(old), Own(now), Allowed),
            Measurement.Count(Name, "pta's folder", "bytes", Whole(old), Whole(now), Allowed));
        ((double OldCount, double OldBytes), (double Count, double Bytes)) = (Loaded(old), Loaded(now));
        run.Add(Measurement.Count(Name, Version, "assemblies loaded", OldCount, Count, Allowed), Measurement.Count(Name, Version, "bytes loaded", OldBytes, Bytes, Allowed));
    }

    private double Stripped(string library)
    {
        string copy = Path.Combine(run.Cache, "stripped.so");
        ChildProcess.Require(run.Checkout.Root, "strip", ["-o", copy, library]);
        return new FileInfo(copy).Length;
    }

    private static double Own(string pta) => Directory.EnumerateFiles(pta, "*.dll").Where(static f => Path.GetFileName(f) is var n && (n == "pta.dll" || n.StartsWith("PtaKernels", StringComparison.Ordinal))).Sum(static f => (double)new FileInfo(f).Length);

    /// <summary>What a copy of the folder takes; packing leaves another one in it, in <c>publish</c>.</summary>
    private static double Whole(string pta)
    {
        string packed = Path.Combine(pta, "publish") + Path.DirectorySeparatorChar;
        return Directory.EnumerateFiles(pta, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetExtension(f) is not (".pdb" or ".xml") && !f.StartsWith(packed, StringComparison.Ordinal))
            .Sum(static f => (double)new FileInfo(f).Length);
    }

    /// <summary>Assemblies that a start loads and their bytes, as the start-up hook in this program lists them.</summary>
    private (double Count, double Bytes) Loaded(string pta)
    {
        string list = Path.Combine(run.Cache, "loaded.txt");
        File.Delete(list);
        ChildProcess.Require(run.Checkout.Root, "dotnet", [Path.Combine(pta, "pta.dll"), "--version"], ("DOTNET_STARTUP_HOOKS", typeof(SizesSet).Assembly.Location), (StartupHook.Variable, list));
        double[] bytes = [.. File.ReadLines(list).Select(static l => double.Parse(l, CultureInfo.InvariantCulture))];
        return (bytes.Length, bytes.Sum());
    }
}
