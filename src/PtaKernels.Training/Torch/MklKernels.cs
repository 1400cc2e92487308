using System.Runtime.InteropServices;

namespace PtaKernels.Training;

/// <summary>Lets the MKL inside libtorch use what the processor can do, whoever made it.</summary>
/// <remarks>
/// MKL gives processors of other makers than Intel its plainest kernels, whether or not they have AVX-512: small models train at half their speed or less. It decides by one exported function of its own,
/// in whose place the loader takes the one of <c>libpta_mkl.so</c> if that is in the global scope first. Sums are then added in another order, so that results differ in their last digits from those without it.
/// </remarks>
internal static partial class MklKernels
{
    /// <summary>The environment variable that leaves MKL as it is when it is <c>off</c>.</summary>
    public const string Variable = "PTAKERNELS_MKL";

    /// <summary>Numbers of <see cref="Taken"/>.</summary>
    public const int Avx2 = 5, Avx512 = 7;

    private const string Library = "libpta_mkl.so";
    private const int Now = 2, Global = 0x100;

    /// <summary>Puts the function in place; must come before libtorch. Does nothing where the file is missing: training is only slower then.</summary>
    public static void Prefer()
    {
        if (Environment.GetEnvironmentVariable(Variable) == "off")
            return;
        if (!OperatingSystem.IsLinux() || NativeFile.Find(Library) is not { } file)
            return;
        try
        {
            _ = Open(file, Now | Global);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // A C library without dlopen of that name; NativeLibrary loads into no global scope.
        }
    }

    /// <summary>MKL's own number for the kernels that it takes: 0 the plainest, <see cref="Avx2"/>, <see cref="Avx512"/>. Null where this libtorch has no MKL.</summary>
    /// <param name="torch">Handle of libtorch_cpu.</param>
    public static unsafe int? Taken(nint torch) =>
        NativeLibrary.TryGetExport(torch, "mkl_serv_cpu_detect", out nint function) ? ((delegate* unmanaged<int>)function)() : null;

    [LibraryImport("libdl.so.2", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Open(string file, int flags);
}
