namespace PtaKernels.Cli.Bench;

/// <summary>The checkout that this program was built in.</summary>
internal static class RepositoryFolder
{
    /// <summary>The folder with <c>PtaKernels.sln</c> above the program, else above the current folder; null outside a checkout.</summary>
    public static string? Find() => Above(AppContext.BaseDirectory) ?? Above(Environment.CurrentDirectory);

    private static string? Above(string start)
    {
        DirectoryInfo? folder = new(start);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "PtaKernels.sln")))
            folder = folder.Parent;
        return folder?.FullName;
    }
}
