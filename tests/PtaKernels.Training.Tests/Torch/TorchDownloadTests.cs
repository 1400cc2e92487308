using PtaKernels.Training.Tests.Cli;

namespace PtaKernels.Training.Tests.Torch;

/// <summary>Fetching libtorch, from a package source that is a folder.</summary>
public sealed class TorchDownloadTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-torch-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test, Category("Long")]
    public void FirstUseFetchesWhatIsMissing()
    {
        string package = Path.GetFullPath(Path.Combine(TorchFolder.Find()!, "..", "..", "..", $"{TorchFolder.Package}.{TorchFolder.Version}.nupkg"));
        if (!File.Exists(package))
            Assert.Ignore($"the package of libtorch {TorchFolder.Version} is not among this machine's NuGet packages");
        Directory.CreateDirectory(In("feed"));
        File.CreateSymbolicLink(Path.Combine(In("feed"), Path.GetFileName(package)), package);
        Sources($"""<add key="feed" value="{In("feed")}" />""");
        // Fetched, and then the run's own errors.
        (int exit, string errors) = PtaProcess.RunIn(_folder.FullName, ["train", "--model", "m", "--data", "nothing", "--out", "o"], Environment());
        Assert.That((exit, errors), Is.EqualTo((1, "pta: nothing: no such folder; make it with pta pack.\n")));
        string own = Path.Combine(In("cache"), "ptakernels", $"{TorchFolder.Package}-{TorchFolder.Version}");
        Assert.That(Directory.GetFiles(own).Select(Path.GetFileName), Has.Member("libtorch_cpu.so").And.Member("libc10.so").And.No.Member("libtorch_python.so").And.No.Member("package"));
        Assert.That(Directory.GetDirectories(Path.GetDirectoryName(own)!), Has.Length.EqualTo(1), "nothing partial is left");
    }

    [Test]
    public void NoSourceIsOneSentence()
    {
        Sources("");
        (int exit, string errors) = PtaProcess.RunIn(_folder.FullName, ["setup-torch"], Environment());
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(errors, Does.StartWith("pta: ").And.Contain("names no package source").And.Contain(TorchFolder.Variable));
        Assert.That(Directory.EnumerateFileSystemEntries(Path.Combine(In("cache"), "ptakernels")), Is.Empty);
    }

    [Test]
    public void DamagedPackageLeavesNothing()
    {
        Directory.CreateDirectory(In("feed"));
        File.WriteAllText(Path.Combine(In("feed"), $"{TorchFolder.Package}.{TorchFolder.Version}.nupkg"), "no package");
        Sources($"""<add key="feed" value="{In("feed")}" />""");
        (int exit, string errors) = PtaProcess.RunIn(_folder.FullName, ["setup-torch"], Environment());
        Assert.That(exit, Is.EqualTo(1), errors);
        Assert.That(errors.Split('\n')[^2], Does.StartWith("pta: "));
        Assert.That(Directory.EnumerateFileSystemEntries(Path.Combine(In("cache"), "ptakernels")), Is.Empty);
    }

    private void Sources(string entries) =>
        File.WriteAllText(In("nuget.config"), $"<configuration><packageSources><clear/>{entries}</packageSources></configuration>");

    private (string, string)[] Environment() => [("XDG_CACHE_HOME", In("cache")), ("NUGET_PACKAGES", In("packages")), (TorchFolder.Variable, "")];

    private string In(string name) => Path.Combine(_folder.FullName, name);
}
