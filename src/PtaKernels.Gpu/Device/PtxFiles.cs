using System.Globalization;

namespace PtaKernels.Gpu;

/// <summary>The PTX that was compiled when the program was built: <c>ptx/sm_80/NAME.ptx</c>, <c>ptx/sm_90/NAME.ptx</c> and <c>ptx/kernels.tsv</c> beside it.</summary>
internal static class PtxFiles
{
    private const string List = "kernels.tsv";

    /// <summary>The folder beside the program.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "ptx");

    /// <summary>Identifies the build of this assembly: PTX of another build has other arguments.</summary>
    public static string Stamp => typeof(PtxFiles).Module.ModuleVersionId.ToString("N");

    /// <summary>Compiles every kernel for every architecture that it runs on into a folder, whose former content is replaced.</summary>
    /// <returns>The number of files.</returns>
    public static int Write(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        using var compiler = new PtxCompiler();
        int files = 0;
        foreach (int architecture in PtxCompiler.Architectures)
        {
            string ofArchitecture = Directory.CreateDirectory(Path.Combine(folder, $"sm_{architecture}")).FullName;
            foreach (KernelEntry kernel in KernelCatalog.All.Where(kernel => kernel.Shape.Architecture <= architecture))
            {
                File.WriteAllText(Path.Combine(ofArchitecture, kernel.Name + ".ptx"), compiler.Compile(kernel, architecture));
                files++;
            }
        }

        IEnumerable<string> rows = KernelCatalog.All.Select(static k => string.Create(
            CultureInfo.InvariantCulture, $"{k.Name}\t{k.Shape.Threads}\t{k.Shape.Registers}\t0\t{(k.Shape.ExactFloat64 ? 1 : 0)}\t{k.Shape.Architecture}"));
        // Written last: a folder without it, or with another stamp, is not used.
        File.WriteAllLines(Path.Combine(folder, List), ["kernel\tthreads\tregisters\tdynamic_shared\texact_float64\tarchitecture", .. rows, "# " + Stamp]);
        return files;
    }

    /// <summary>The shipped PTX of a kernel for a device, or null where this build has none and it must be compiled now.</summary>
    public static string? Read(KernelEntry kernel, int architecture)
    {
        string list = Path.Combine(Folder, List);
        if (!File.Exists(list) || File.ReadLines(list).LastOrDefault() != "# " + Stamp)
            return null;
        string file = Path.Combine(Folder, $"sm_{architecture}", kernel.Name + ".ptx");
        return File.Exists(file) ? File.ReadAllText(file) : null;
    }
}
