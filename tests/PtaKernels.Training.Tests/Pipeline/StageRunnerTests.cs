using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Pipeline;

/// <summary>Which stages run, and which have been done.</summary>
public sealed class StageRunnerTests
{
    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-stages-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public void AFinishedStageIsNotRunAgainUntilItsKeyOrItsOutputChanges()
    {
        var progress = new RecordedProgress();
        int runs = 0;
        StageRecord Run(string key) => new StageRunner(In("stages"), progress).Run("make it", "things", key, [In("out/made.txt")], report =>
        {
            Assert.That(File.Exists(In("out/made.txt")), Is.False, "what another key left is gone");
            runs++;
            report(1, 1);
            File.WriteAllText(In("out/made.txt"), key);
            return key + "!";
        }, static text => text);

        Assert.That(Run("a").ResultAs<string>(), Is.EqualTo("a!"));
        Assert.That(Run("a").ResultAs<string>(), Is.EqualTo("a!"));
        Assert.That((runs, progress.Reused), Is.EqualTo((1, 1)));
        Assert.That(Run("b").ResultAs<string>(), Is.EqualTo("b!"));
        Assert.That(progress.Notices.Single(), Does.Contain("made again"));
        File.Delete(In("out/made.txt"));
        Run("b");
        Assert.That(runs, Is.EqualTo(3), "its output was lost");
    }

    [Test]
    public void WhatAnInterruptedStageLeftStaysForTheSameKeyOnly()
    {
        var progress = new RecordedProgress();
        void Interrupted(string key) => new StageRunner(In("stages"), progress).Run<int>("long", "things", key, [In("part")], _ =>
        {
            Directory.CreateDirectory(In("part"));
            File.AppendAllText(In("part/log"), key);
            throw new OperationCanceledException();
        }, static _ => "");

        foreach (string key in new[] { "a", "a", "b" })
            Assert.Throws<OperationCanceledException>(() => Interrupted(key));
        Assert.That(File.ReadAllText(In("part/log")), Is.EqualTo("b"));
        Assert.Throws<OperationCanceledException>(() => Interrupted("b"));
        Assert.That(File.ReadAllText(In("part/log")), Is.EqualTo("bb"), "it goes on");
    }

    [Test]
    public void FingerprintsFollowContentAndNames()
    {
        Directory.CreateDirectory(In("model"));
        File.WriteAllText(In("model/a"), "1");
        string first = StageRecords.Fingerprint(In("model"));
        File.SetLastWriteTimeUtc(In("model/a"), DateTime.UnixEpoch);
        Assert.That(StageRecords.Fingerprint(In("model")), Is.EqualTo(first), "a checkout changes times");
        File.Move(In("model/a"), In("model/b"));
        Assert.That(StageRecords.Fingerprint(In("model")), Is.Not.EqualTo(first));
        Assert.That(() => StageRecords.Fingerprint(In("none")), Throws.TypeOf<AlignmentDataException>());
    }

    private string In(string name) => Path.Combine(_folder.FullName, name);
}

/// <summary>Remembers what a run tells.</summary>
internal sealed class RecordedProgress : IFuseProgress
{
    public List<string> Notices { get; } = [];

    public List<string> Ran { get; } = [];

    public int Reused { get; private set; }

    public void Run(string title, string unit, Action<Action<long, double>> work)
    {
        Ran.Add(title);
        work(static (_, share) => Assert.That(share, Is.InRange(0, 1)));
    }

    public void Done(string title, string outcome, double seconds, bool reused) => Reused += reused ? 1 : 0;

    public void Notice(string sentence) => Notices.Add(sentence);
}
