using PtaKernels.Corpus;

namespace PtaKernels.Tests.Corpus;

/// <summary>A file under its final name is a whole file.</summary>
[TestFixture]
public sealed class AtomicFileTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void NothingUnderTheFinalNameBeforeCommit()
    {
        using (var file = new AtomicFile(_folder["out"], replace: false))
        {
            file.Stream.Write("whole"u8);
            Assert.That(_folder.Names, Is.EqualTo(new[] { "out.partial" }));
            file.Commit();
            Assert.That(_folder.Names, Is.EqualTo(new[] { "out" }));
        }

        Assert.That(File.ReadAllText(_folder["out"]), Is.EqualTo("whole"));
    }

    [Test]
    public void NothingAtAllAfterDispose()
    {
        var file = new AtomicFile(_folder["out"], replace: false);
        file.Stream.Write("half"u8);
        file.Dispose();
        file.Dispose();
        Assert.That(_folder.Names, Is.Empty);
        Assert.That(() => file.Stream, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(file.Commit, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void AnExistingFileIsRefused()
    {
        File.WriteAllText(_folder["out"], "old");
        Assert.That(() => new AtomicFile(_folder["out"], replace: false), Throws.TypeOf<AlignmentDataException>()
            .With.Message.StartsWith(_folder["out"]).And.Message.Contains("--force"));
        Assert.That(_folder.Names, Is.EqualTo(new[] { "out" }));
        Assert.That(File.ReadAllText(_folder["out"]), Is.EqualTo("old"));
    }

    [Test]
    public void AnExistingFileIsReplacedOnlyByAWholeOne()
    {
        File.WriteAllText(_folder["out"], "old");
        using (var file = new AtomicFile(_folder["out"], replace: true))
            file.Stream.Write("new"u8);
        Assert.That(File.ReadAllText(_folder["out"]), Is.EqualTo("old"));
        using (var file = new AtomicFile(_folder["out"], replace: true))
        {
            file.Stream.Write("new"u8);
            file.Commit();
        }

        Assert.That(File.ReadAllText(_folder["out"]), Is.EqualTo("new"));
        Assert.That(_folder.Names, Is.EqualTo(new[] { "out" }));
    }

    [Test]
    public void AFileThatAppearsMeanwhileIsKept()
    {
        using var file = new AtomicFile(_folder["out"], replace: false);
        File.WriteAllText(_folder["out"], "other");
        Assert.That(file.Commit, Throws.InstanceOf<IOException>());
        Assert.That(File.ReadAllText(_folder["out"]), Is.EqualTo("other"));
    }

    [Test]
    public void WhatAnEarlierRunLeftIsOverwritten()
    {
        File.WriteAllText(_folder["out.partial"], "much more than the next run writes");
        using var file = new AtomicFile(_folder["out"], replace: false);
        file.Stream.Write("whole"u8);
        file.Commit();
        Assert.That(_folder.Names, Is.EqualTo(new[] { "out" }));
        Assert.That(File.ReadAllText(_folder["out"]), Is.EqualTo("whole"));
    }

    [Test]
    public void AMissingFolderIsNamed() => Assert.That(() => new AtomicFile(_folder["none/out"], replace: false), Throws.TypeOf<AlignmentDataException>()
        .With.Message.StartsWith(_folder["none/out"]).And.Message.Contains("folder does not exist"));
}
