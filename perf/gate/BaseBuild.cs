namespace PtaKernels.Gate;

/// <summary>Builds of BASE, kept by what they were built from: the same sources are built once, whatever commits have them.</summary>
/// <param name="checkout">The work tree.</param>
/// <param name="cache">Where builds are kept.</param>
/// <param name="commit">BASE.</param>
/// <param name="compiler">The compiler's version, for the native library's key.</param>
internal sealed class BaseBuild(Checkout checkout, string cache, string commit, string compiler)
{
    private const string Done = "built";

    /// <summary>Builds of each kind that are kept.</summary>
    private const int Kept = 4;

    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = 0 };

    /// <summary>Whether this tree's native sources are BASE's.</summary>
    public bool SameNative { get; } = checkout.SameAs(commit, Checkout.Native);

    /// <summary>Whether this tree's managed sources are BASE's.</summary>
    public bool SameManaged { get; } = checkout.SameAs(commit, Checkout.Managed);

    /// <summary>Whether BASE has a native library of a form that can be loaded.</summary>
    public bool HasNative => checkout.Has(commit, "native/CMakeLists.txt") && checkout.Has(commit, "native/c_api.cpp");

    /// <summary>BASE's native library; a copy of this tree's where their sources are the same.</summary>
    /// <exception cref="CannotMeasureException">It does not build.</exception>
    public string Library(string own) => Keep("native-" + checkout.KeyOf(commit, Checkout.Native) + "-" + compiler, folder =>
    {
        string library = Path.Combine(folder, "libptakernels.so");
        if (SameNative)
        {
            File.Copy(own, library);
            File.Copy(Path.Combine(Path.GetDirectoryName(own)!, "libpta_mkl.so"), Path.Combine(folder, "libpta_mkl.so"));
            return;
        }

        checkout.Unpack(commit, Checkout.Native, folder);
        string build = Path.Combine(folder, "build");
        File.Copy(BuiltTree.BuildLibrary(Path.Combine(folder, "native"), build), library);
        File.Copy(Path.Combine(build, "libpta_mkl.so"), Path.Combine(folder, "libpta_mkl.so"));
        Directory.Delete(build, recursive: true);
    }) + "/libptakernels.so";

    /// <summary>BASE's programs with its native library; copies of this tree's where their sources are the same.</summary>
    /// <exception cref="CannotMeasureException">They do not build.</exception>
    public BuiltTree Programs(BuiltTree own, string library)
    {
        string key = checkout.KeyOf(commit, [.. Checkout.Managed, .. Checkout.Native]);
        string folder = Keep("dotnet-" + key, tree =>
        {
            if (SameManaged)
                CopyPrograms(own, library, tree);
            else
                BuildPrograms(library, tree);
        });
        return BuiltTree.Programs(folder);
    }

    private void CopyPrograms(BuiltTree own, string library, string tree)
    {
        foreach (string folder in new[] { Path.GetDirectoryName(own.Benchmarks!)!, own.Pta! })
        {
            string target = Path.Combine(tree, Path.GetRelativePath(checkout.Root, folder));
            foreach (string file in Directory.EnumerateFiles(folder, "*", Everything))
            {
                string copy = Path.Combine(target, Path.GetRelativePath(folder, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(Path.GetFileName(file) == "libptakernels.so" ? library : file, copy);
            }
        }
    }

    private void BuildPrograms(string library, string tree)
    {
        checkout.Unpack(commit, [.. Checkout.Managed, .. Checkout.Native], tree);
        // The project builds native/ unless this stamp is newer than its sources; the library is there already.
        string native = Path.Combine(tree, "artifacts/native/release");
        Directory.CreateDirectory(native);
        foreach (string name in new[] { "libptakernels.so", "libpta_mkl.so" })
            File.Copy(Path.Combine(Path.GetDirectoryName(library)!, name), Path.Combine(native, name));
        File.WriteAllText(Path.Combine(native, "build.stamp"), "");
        BuiltTree.BuildPrograms(tree);
    }

    /// <summary>The folder of a build, made unless it is there already; one that was not finished is made anew.</summary>
    private string Keep(string name, Action<string> make)
    {
        string folder = Path.Combine(cache, "base-" + name);
        if (File.Exists(Path.Combine(folder, Done)))
            return folder;
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Console.Error.WriteLine($"Building BASE ({name.Split('-')[0]}) ...");
        Directory.CreateDirectory(folder);
        make(folder);
        File.WriteAllText(Path.Combine(folder, Done), commit + "\n");
        foreach (string old in Directory.GetDirectories(cache, $"base-{name.Split('-')[0]}-*").OrderByDescending(static d => Directory.GetLastWriteTimeUtc(d)).Skip(Kept))
            Directory.Delete(old, recursive: true);
        return folder;
    }
}
