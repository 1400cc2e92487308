namespace PtaKernels;

/// <summary>Where the native libraries of our packages are: for an assembly that loads one by its path.</summary>
/// <remarks>They are built for 64-bit x86 Linux only; elsewhere none is found.</remarks>
public static class NativeFile
{
    /// <summary>The runtime's list of folders with native libraries: those of packages that lie in NuGet's cache, and what a single file was unpacked to.</summary>
    private const string SearchFolders = "NATIVE_DLL_SEARCH_DIRECTORIES";

    /// <summary>
    /// The first of: <c>runtimes/linux-x64/native</c> beside the program, as a build leaves it; beside the program, as a publication for one system does; the
    /// folders where the runtime itself looks, as for a package in NuGet's cache. Null where there is no such file.
    /// </summary>
    /// <param name="name">The file's name, as <c>libptakernels.so</c>.</param>
    public static string? Find(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        string[] others = (AppContext.GetData(SearchFolders) as string)?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [];
        return others.Select(folder => Path.Combine(folder, name)).Prepend(Path.Combine(AppContext.BaseDirectory, name)).Prepend(Usual(name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Where a build leaves it, whether or not it is there.</summary>
    /// <param name="name">The file's name.</param>
    public static string Usual(string name) => Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", name);
}
