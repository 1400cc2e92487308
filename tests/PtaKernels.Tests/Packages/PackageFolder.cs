using System.Text.RegularExpressions;
using PtaKernels.Tests.Corpus;

namespace PtaKernels.Tests.Packages;

/// <summary>
/// A folder outside of the repository, as a user has one, whose NuGet takes our packages from artifacts/packages into a package folder of its own, and those of
/// others from this user's package folder and sources.
/// </summary>
internal sealed class PackageFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PackageFolder()
    {
        Directory.CreateDirectory(Others);
        Directory.CreateDirectory(Folder);
        LinkPackagesOfOthers();
        _folder.Write(
            "nuget.config",
            "<configuration>",
            $"""  <packageSources><add key="packed" value="{Source}" /></packageSources>""",
            """  <config><add key="globalPackagesFolder" value="packages" /></config>""",
            """  <fallbackPackageFolders><clear /><add key="others" value="others" /></fallbackPackageFolders>""",
            "</configuration>");
    }

    /// <summary>What scripts/pack made.</summary>
    public static string Source => Repository.PathOf("artifacts", "packages");

    /// <summary>The release, from Directory.Build.props.</summary>
    public static string Version { get; } = Regex.Match(File.ReadAllText(Repository.PathOf("Directory.Build.props")), "<Version>(.*)</Version>").Groups[1].Value;

    /// <summary>Where programs are written.</summary>
    public string Folder => _folder["work"];

    /// <summary>Where our packages are unpacked.</summary>
    public string Unpacked => _folder["packages"];

    /// <summary>Other people's packages.</summary>
    public string Others => _folder["others"];

    /// <summary>Writes a project that references packages of ours; its target framework is this test's.</summary>
    /// <returns>Its folder.</returns>
    public string WriteProject(string name, params IEnumerable<string> packages)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        File.WriteAllLines(Path.Combine(folder, name + ".csproj"),
        [
            """<Project Sdk="Microsoft.NET.Sdk">""",
            "  <PropertyGroup>",
            "    <OutputType>Exe</OutputType>",
            $"    <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>",
            "    <ImplicitUsings>enable</ImplicitUsings>",
            "    <Nullable>enable</Nullable>",
            "  </PropertyGroup>",
            "  <ItemGroup>",
            .. packages.Select(static p => $"""    <PackageReference Include="{p}" Version="{Version}" />"""),
            "  </ItemGroup>",
            "</Project>",
        ]);
        return folder;
    }

    public void Dispose() => _folder.Dispose();

    // Not ours: one of the same version that was installed before would be taken instead of what is tested.
    private void LinkPackagesOfOthers()
    {
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (string package in Directory.Exists(packages) ? Directory.GetDirectories(packages) : [])
        {
            string id = Path.GetFileName(package);
            if (id != "pta" && id != "ptakernels" && !id.StartsWith("ptakernels.", StringComparison.Ordinal))
                Directory.CreateSymbolicLink(Path.Combine(Others, id), package);
        }
    }
}
