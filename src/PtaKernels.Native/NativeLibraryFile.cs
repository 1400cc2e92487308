using System.Reflection;
using System.Runtime.InteropServices;

namespace PtaKernels.Native;

/// <summary>The native library cannot be used here: missing, unloadable, or of another version.</summary>
public sealed class NativeLibraryException : Exception
{
    /// <summary>One sentence that says what and what to do.</summary>
    public NativeLibraryException(string message)
        : base(message)
    {
    }

    /// <summary>The same with its cause.</summary>
    public NativeLibraryException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>An error; use the other constructors.</summary>
    public NativeLibraryException()
    {
    }
}

/// <summary>Finds, loads and checks libptakernels: the file that <see cref="EnvironmentVariable"/> names, or else the one of the build or of the package (<see cref="NativeFile"/>).</summary>
public static unsafe class NativeLibraryFile
{
    /// <summary>The environment variable that names another library file.</summary>
    public const string EnvironmentVariable = "PTAKERNELS_NATIVE";

    /// <summary>The library's name in import declarations.</summary>
    internal const string Name = "ptakernels";

    private const string FileName = "libptakernels.so";

    private const uint AbiVersion = 2;

    private static readonly Lazy<string?> Problem = new(FindProblem);

    private static string? _loadError;

    static NativeLibraryFile() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraryFile).Assembly, Resolve);

    /// <summary>Why the library cannot be used here, or null when it can.</summary>
    public static string? WhyUnavailable => Problem.Value;

    /// <summary>The file that is loaded, or would be if it were there.</summary>
    public static string Path => Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } named
        ? System.IO.Path.GetFullPath(named)
        : NativeFile.Find(FileName) ?? NativeFile.Usual(FileName);

    /// <summary>The release of the loaded library.</summary>
    public static string Release
    {
        get
        {
            Require();
            return Marshal.PtrToStringUTF8((nint)NativeMethods.Version())!;
        }
    }

    /// <exception cref="NativeLibraryException">The library cannot be used here.</exception>
    internal static void Require()
    {
        if (WhyUnavailable is { } problem)
            throw new NativeLibraryException(problem);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search)
    {
        if (name != Name)
            return 0;
        try
        {
            return NativeLibrary.Load(Path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            _loadError = File.Exists(Path) ? e.Message : "there is no such file";
            throw;
        }
    }

    private static string? FindProblem()
    {
        uint version;
        try
        {
            version = NativeMethods.AbiVersion();
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            return $"the native library {Path} cannot be loaded: {(_loadError ?? e.Message).TrimEnd('.')}; it comes with the package PtaKernels.Native for 64-bit x86 Linux, or from a build of the sources there (scripts/setup).";
        }

        if (version != AbiVersion)
            return $"the native library {Path} has interface version {version}, this program needs {AbiVersion}; build both from the same sources.";
        // Steps and byte spans go over as pairs of int32.
        (int, int) pair = (1, 2);
        int* ints = (int*)&pair;
        bool pairsAreFlat = sizeof((int, int)) == 2 * sizeof(int) && ints[0] == 1 && ints[1] == 2;
        bool sizesAgree = sizeof(NativeTokenizedDocument) == 48 && sizeof(NativeRow) == 48 && sizeof(NativeDocument) == 216 && sizeof(NativeOutcome) == 16;
        return pairsAreFlat && sizesAgree ? null : $"the structs of {Path} have another layout on this platform; use --backend reference.";
    }
}
