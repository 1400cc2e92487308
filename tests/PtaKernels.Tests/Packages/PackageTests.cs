using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace PtaKernels.Tests.Packages;

/// <summary>The packages as a user takes them: restored from a folder into programs outside of the repository, and the tool installed.</summary>
[Category("Long")]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class PackageTests
{
    private static readonly string[] ForAlignment =
        ["PtaKernels", "PtaKernels.Native", "PtaKernels.Gpu", "PtaKernels.Backends", "PtaKernels.Text", "PtaKernels.Alignment", "PtaKernels.Corpus"];

    private static readonly Dictionary<string, string> AsItIs = [];

    /// <summary>Nothing but the native library will do.</summary>
    private static readonly Dictionary<string, string> Natively = new() { ["PTAKERNELS_BACKEND"] = "native" };

    private PackageFolder _packages = null!;
    private string _tool = "";

    [OneTimeSetUp]
    public void Pack()
    {
        TestContext.Out.WriteLine(DotnetRun.Succeed(Repository.Root, AsItIs, Repository.PathOf("scripts", "pack")));
        _packages = new PackageFolder();
        _tool = Path.Combine(_packages.Folder, "tool", "pta");
    }

    [OneTimeTearDown]
    public void Remove() => _packages?.Dispose();

    /// <summary>The README's example, as a project of a user's.</summary>
    [Test]
    public void TheExampleRunsOnPackages()
    {
        string project = _packages.WriteProject("align", "PtaKernels.Backends", "PtaKernels.Corpus");
        File.Copy(Samples.SourceOf("Align"), Path.Combine(project, "Program.cs"));
        DotnetRun.Succeed(project, AsItIs, DotnetRun.Host, "build", "-c", "Release", "-o", "built", "-v", "quiet", "-nodeReuse:false");
        string built = Path.Combine(project, "built"), program = Path.Combine(built, "align.dll");
        Assert.That(DotnetRun.Succeed(Repository.Root, Natively, DotnetRun.Host, program), Is.EqualTo(Samples.OutputOf("Align")));

        // The kernels' PTX is beside the program, and of this build of the backend: with another's it would not be used.
        Assert.That(File.ReadLines(Path.Combine(built, "ptx", "kernels.tsv")).Last(), Is.EqualTo("# " + VersionIdOf(Path.Combine(built, "PtaKernels.Gpu.dll"))));
        Assert.That(Directory.GetFiles(Path.Combine(built, "ptx", "sm_90")), Is.Not.Empty);

        // Without the build's copy the library is found in the package.
        Directory.Delete(Path.Combine(built, "runtimes"), recursive: true);
        Assert.That(
            DotnetRun.Succeed(Repository.Root, Natively, DotnetRun.Host, "exec", "--additionalprobingpath", _packages.Unpacked, "--additionalprobingpath", _packages.Others, program),
            Is.EqualTo(Samples.OutputOf("Align")));
    }

    [Test]
    public void NoPackageForAlignmentBringsTorch()
    {
        string project = _packages.WriteProject("all", [.. ForAlignment, "PtaKernels.Training"]);
        DotnetRun.Succeed(project, AsItIs, DotnetRun.Host, "restore", "-v", "quiet", "-nodeReuse:false");
        var restored = new RestoredPackages(project);
        using (Assert.EnterMultipleScope())
        {
            foreach (string package in ForAlignment)
            {
                TestContext.Out.WriteLine($"{package}: {string.Join(", ", restored.BroughtBy(package))}");
                Assert.That(restored.BroughtBy(package).Where(static id => id.Contains("torch", StringComparison.OrdinalIgnoreCase) || id == "PtaKernels.Training"), Is.Empty, package);
            }

            string[] ofTraining = restored.BroughtBy("PtaKernels.Training");
            TestContext.Out.WriteLine($"PtaKernels.Training: {string.Join(", ", ofTraining)}");
            Assert.That(ofTraining.Where(static id => id.Contains("torch", StringComparison.OrdinalIgnoreCase)), Is.EqualTo(new[] { "TorchSharp" }));
        }
    }

    [Test]
    public void TheToolWorksWithoutTheRepository()
    {
        DotnetRun.Succeed(_packages.Folder, AsItIs, DotnetRun.Host, "tool", "install", "pta", "--version", PackageFolder.Version, "--tool-path", Path.GetDirectoryName(_tool)!, "--source", PackageFolder.Source);
        Assert.That(Pta("devices"), Does.Contain("native"));
        string fused = Path.Combine(_packages.Folder, "fused.jsonl");
        Pta(
            "align", "--preset", "reference", "--target", Sample("spA.jsonl.gz"), "--source", Sample("gpt2.jsonl.gz"), "--target-vocab", Sample("vocab/spA.json.gz"),
            "--source-vocab", Sample("vocab/gpt2.json.gz"), "--out", fused);
        Assert.That(File.ReadLines(fused).Count(), Is.EqualTo(35));
        string golden = Directory.CreateDirectory(Path.Combine(_packages.Folder, "golden")).FullName;
        foreach (string file in (string[])["dtw.jsonl.gz", "sinkhorn.jsonl.gz", "editdistance.jsonl.gz"])
            File.Copy(Repository.PathOf("tests", "golden", file), Path.Combine(golden, file));
        Assert.That(Pta("verify", "--golden", golden, "--vocab", Sample("vocab")).TrimEnd().Split('\n')[^1], Does.Match(@"^\d+ passed, 0 failed$"));
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(_tool)!, "kernels.tsv", SearchOption.AllDirectories), Has.Length.EqualTo(1));

        string Pta(params IEnumerable<string> arguments) => DotnetRun.Succeed(_packages.Folder, Natively, _tool, arguments);
        static string Sample(string name) => Repository.PathOf("samples", name);
    }

    /// <summary>A symbol package beside every package; in each what a reader of a registry looks for, and of our other packages this release only.</summary>
    [Test]
    public void EveryPackageIsComplete()
    {
        string[] packages = [.. Directory.GetFiles(PackageFolder.Source, "*.nupkg")];
        Assert.That(packages.Select(static p => Path.GetFileName(p)), Is.EquivalentTo(ForAlignment.Append("PtaKernels.Training").Append("pta").Select(static id => $"{id}.{PackageFolder.Version}.nupkg")));
        using (Assert.EnterMultipleScope())
        {
            foreach (string package in packages)
            {
                using var zip = System.IO.Compression.ZipFile.OpenRead(package);
                string id = Path.GetFileName(package)[..^$".{PackageFolder.Version}.nupkg".Length];
                Assert.That(zip.GetEntry("README.md"), Is.Not.Null, package);
                Assert.That(File.Exists(Path.ChangeExtension(package, "snupkg")), package);
                using var nuspec = new StreamReader(zip.GetEntry(id + ".nuspec")!.Open());
                MatchCollection ours = Regex.Matches(nuspec.ReadToEnd(), """id="PtaKernels[^"]*" version="([^"]*)" """);
                Assert.That(ours.Select(static m => m.Groups[1].Value), Is.All.EqualTo($"[{PackageFolder.Version}]"), package);
                Assert.That(ours, id is "PtaKernels" or "pta" ? Is.Empty : Is.Not.Empty, package);
                Assert.That(zip.GetEntry($"lib/net{Environment.Version.Major}.0/{id}.xml"), id == "pta" ? Is.Null : Is.Not.Null, package);
            }
        }
    }

    private static string VersionIdOf(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        MetadataReader reader = file.GetMetadataReader();
        return reader.GetGuid(reader.GetModuleDefinition().Mvid).ToString("N");
    }
}
