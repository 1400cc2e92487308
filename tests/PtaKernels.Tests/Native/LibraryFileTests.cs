using System.Diagnostics;
using System.Text.RegularExpressions;
using PtaKernels.Native;

namespace PtaKernels.Tests.Native;

/// <summary>What the library file asks of a system, and what its object files may give to each other.</summary>
public sealed class LibraryFileTests
{
    private static readonly string Objects = Repository.PathOf("artifacts", "native", "release", "CMakeFiles", "ptakernels_objects.dir");

    [Test]
    public void LoadsOnGlibc231()
    {
        (int exit, string output) = Run(Repository.PathOf("scripts", "glibc-floor"), "--check", NativeLibraryFile.Path);
        TestContext.Out.WriteLine($"glibc floor {output}");
        Assert.That(exit, Is.Zero, output);
        Assert.That(output, Does.Match(@"^2\.\d+\s*$"));
    }

    [Test]
    public void ExportsTheInterfaceOnly()
    {
        (int exit, string output) = Run("nm", "--dynamic", "--defined-only", NativeLibraryFile.Path);
        Assert.That(exit, Is.Zero, output);
        string header = File.ReadAllText(Repository.PathOf("native", "include", "ptakernels.h"));
        IEnumerable<string> declared = Regex.Matches(header, @"^PTA_API [^;]*?\b(pta_\w+)\(", RegexOptions.Multiline).Select(static m => m.Groups[1].Value);
        IEnumerable<string> exported = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => l.Split(' ')[^1]);
        Assert.That(exported, Is.EquivalentTo(declared));
    }

    /// <summary>
    /// A function that two targets both define under one name would be linked once for all: code of a wider instruction set could then run on a machine
    /// that lacks it. So a target defines only names of its own.
    /// </summary>
    [TestCase("portable")]
    [TestCase("avx2")]
    [TestCase("avx512")]
    public void ATargetDefinesOnlyNamesOfItsOwn(string isa)
    {
        (int exit, string output) = Run("nm", "--demangle", "--defined-only", "--extern-only", Path.Combine(Objects, "targets", isa + ".cpp.o"));
        Assert.That(exit, Is.Zero, output);
        string[] names = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => l[19..])];
        Assert.That(names, Does.Contain($"pta::{isa}_kernels()"));
        Assert.That(names.Where(n => n != $"pta::{isa}_kernels()" && n != "DW.ref.__gxx_personality_v0" && !n.Contains($"pta::{isa}::", StringComparison.Ordinal)), Is.Empty);
    }

    private static (int Exit, string Output) Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
