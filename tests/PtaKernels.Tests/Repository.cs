namespace PtaKernels.Tests;

/// <summary>Where the sources lie: the folder of PtaKernels.sln above the test binaries.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "PtaKernels.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No PtaKernels.sln above {AppContext.BaseDirectory}");
    }
}
