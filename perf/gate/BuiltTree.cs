namespace PtaKernels.Gate;

/// <summary>What is measured of one tree. Null: it is not built, or the tree has none.</summary>
/// <param name="Library">The native library.</param>
/// <param name="Benchmarks">The program that the .NET cases run in.</param>
/// <param name="Pta">The folder of the command line and its assemblies.</param>
internal sealed record BuiltTree(string? Library, string? Benchmarks, string? Pta)
{
    private const string Output = "bin/Release/net10.0";

    /// <summary>Where a tree's programs lie once they are built.</summary>
    public static BuiltTree Programs(string root) => new(
        null, Existing(Path.Combine(root, "perf/benchmarks", Output, "pta-benchmarks.dll")), Existing(Path.Combine(root, "src/PtaKernels.Cli", Output, "pta.dll")) is { } pta ? Path.GetDirectoryName(pta) : null);

    /// <summary>Builds the native library of a folder of sources.</summary>
    /// <exception cref="CannotMeasureException">It does not build.</exception>
    public static string BuildLibrary(string source, string build)
    {
        ChildProcess.Require(source, "cmake", ["-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release"]);
        ChildProcess.Require(source, "cmake", ["--build", build, "-j", $"{Environment.ProcessorCount}"]);
        return Path.GetFullPath(Path.Combine(build, "libptakernels.so"));
    }

    /// <summary>Builds the program of the .NET cases, or, in trees that have none yet, the command line alone.</summary>
    /// <exception cref="CannotMeasureException">It does not build.</exception>
    public static BuiltTree BuildPrograms(string root)
    {
        string project = Directory.Exists(Path.Combine(root, "perf/benchmarks")) ? "perf/benchmarks" : "src/PtaKernels.Cli";
        ChildProcess.Require(root, "dotnet", ["build", project, "-c", "Release", "-v", "quiet", "--nologo", "-nodeReuse:false"]);
        return Programs(root);
    }

    private static string? Existing(string path) => File.Exists(path) ? Path.GetFullPath(path) : null;
}
