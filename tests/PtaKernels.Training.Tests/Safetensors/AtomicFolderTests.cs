using System.Diagnostics;
using PtaKernels.Corpus;
using PtaKernels.Training.Tests.Models;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Safetensors;

/// <summary>A checkpoint folder is there as a whole or not at all, whatever happens to the disk.</summary>
public sealed class AtomicFolderTests
{
    private ScratchFolder _scratch = null!;

    [SetUp]
    public void MakeFolder() => _scratch = new ScratchFolder();

    [TearDown]
    public void RemoveFolder() => _scratch.Dispose();

    [Test]
    public void AppearsWhenItIsCommitted()
    {
        using var folder = new AtomicFolder(_scratch["new"], replace: false);
        folder.Write("a", [1]);
        folder.Write("b", static s => s.Write([2, 3]));
        Assert.That(Directory.Exists(_scratch["new"]), Is.False);
        folder.Commit();
        Assert.That(File.ReadAllBytes(Path.Combine(_scratch["new"], "b")), Is.EqualTo(new byte[] { 2, 3 }));
        Assert.That(Names(), Is.EqualTo(new[] { "new" }));
    }

    [Test]
    public void ReplacesAsAWhole()
    {
        Directory.CreateDirectory(_scratch["old"]);
        File.WriteAllText(Path.Combine(_scratch["old"], "former"), "");
        using (var folder = new AtomicFolder(_scratch["old"] + "/", replace: true))
        {
            folder.Write("a", [1]);
            Assert.That(File.Exists(Path.Combine(_scratch["old"], "former")));
            folder.Commit();
        }

        Assert.That(Directory.EnumerateFiles(_scratch["old"]).Select(static f => Path.GetFileName(f)), Is.EqualTo(new[] { "a" }));
        Assert.That(Names(), Is.EqualTo(new[] { "old" }));
    }

    [Test]
    public void UncommittedLeavesNothing()
    {
        using (var folder = new AtomicFolder(_scratch["new"], replace: false))
            folder.Write("a", [1]);
        Assert.That(Names(), Is.Empty);
    }

    [Test]
    public void LeftoversOfAStoppedRunGo()
    {
        Directory.CreateDirectory(_scratch["new.partial"]);
        File.WriteAllText(Path.Combine(_scratch["new.partial"], "half"), "");
        Directory.CreateDirectory(_scratch["new.former"]);
        File.WriteAllText(Path.Combine(_scratch["new.former"], "whole"), "");
        using (var folder = new AtomicFolder(_scratch["new"], replace: true))
        {
            Assert.That(File.Exists(Path.Combine(_scratch["new"], "whole")), "stopped between two renames: the former is put back");
            folder.Write("a", [1]);
            folder.Commit();
        }

        Assert.That(Names(), Is.EqualTo(new[] { "new" }));
        Assert.That(Directory.EnumerateFiles(_scratch["new"]).Count(), Is.EqualTo(1));
    }

    [Test]
    public void FileInThePlaceIsNamed()
    {
        File.WriteAllText(_scratch["file"], "");
        Assert.That(() => new AtomicFolder(_scratch["file"], replace: true), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("this is a file"));
    }

    [Test]
    public void FullDiskIsASentenceAndTheFormerStays()
    {
        Directory.CreateDirectory(_scratch["old"]);
        File.WriteAllText(Path.Combine(_scratch["old"], "former"), "");
        // The kernel's own answer: every write to this device finds no space.
        using (var folder = new AtomicFolder(_scratch["old"], replace: true, static _ => new FileStream("/dev/full", FileMode.Open, FileAccess.Write)))
        {
            AlignmentDataException error = Assert.Throws<AlignmentDataException>(() => folder.Write("a", new byte[100]));
            Assert.That(error.Message, Is.EqualTo($"{_scratch["old"]}: there is no space left on the disk; free some and run it again (what was there is unchanged)."));
        }

        Assert.That(Names(), Is.EqualTo(new[] { "old" }));
        Assert.That(File.Exists(Path.Combine(_scratch["old"], "former")));
    }

    [Test]
    public void SavingOntoAFullDiskLeavesTheFormerCheckpoint()
    {
        TorchRuntime.Load();
        Directory.CreateDirectory(_scratch["disk"]);
        if (Run("mount", "-t", "tmpfs", "-o", "size=64k", "none", _scratch["disk"]) != 0)
            Assert.Ignore("no right to mount a small disk here; /dev/full stands for it");
        try
        {
            string folder = ModelGoldens.CopyTo("neox-parallel", Path.Combine(_scratch["disk"], "model"));
            SortedDictionary<string, string> before = ModelGoldens.Contents(folder);
            using CausalModel model = ModelFiles.Load(folder, ScalarType.Float32);
            File.WriteAllBytes(Path.Combine(_scratch["disk"], "filler"), new byte[24 << 10]);
            AlignmentDataException error = Assert.Throws<AlignmentDataException>(() => ModelFiles.Save(model, folder, folder, replace: true));
            Assert.That(error.Message, Does.Contain("there is no space left on the disk").And.Contains("is unchanged"));
            Assert.That(ModelGoldens.Contents(folder), Is.EqualTo(before));
            Assert.That(Directory.EnumerateDirectories(_scratch["disk"]).Count(), Is.EqualTo(1));
            File.Delete(Path.Combine(_scratch["disk"], "filler"));
            ModelFiles.Save(model, folder, folder, replace: true);
            Assert.That(ModelGoldens.Contents(folder), Is.EqualTo(before));
        }
        finally
        {
            Run("umount", "-l", _scratch["disk"]);
        }
    }

    private IEnumerable<string> Names() => Directory.EnumerateFileSystemEntries(_scratch.Path).Select(static f => Path.GetFileName(f)).Order();

    private static int Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
