using PtaKernels.Corpus;
using PtaKernels.Corpus.Parts;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Training.Tests.Capture;

/// <summary>Captures of parts of a corpus, and the dataset that they become.</summary>
public sealed class CaptureShardTests
{
    [Test]
    public void PartsBecomeOneDatasetOfAllDocuments()
    {
        using var folder = new CaptureFolder(documents: 50);
        for (int shard = 0; shard < 3; shard++)
            Part(folder, shard).Run(CancellationToken.None);
        folder.Run("whole").Run(CancellationToken.None);
        PartSet parts = PartSet.Look(folder["rows"], 3, null, CancellationToken.None);
        Assert.That(parts.Lacking, Is.Empty);
        var gather = new DatasetGather { Parts = parts };
        gather.Run(CancellationToken.None);
        TokenizedDocument[] gathered = [.. DocumentFiles.Read(folder["rows"])], whole = [.. DocumentFiles.Read(folder["whole"])];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(gathered.Select(static d => d.Id), Is.EqualTo(whole.Select(static d => d.Id)));
            for (int d = 0; d < whole.Length; d++)
            {
                Assert.That(gathered[d].Ids, Is.EqualTo(whole[d].Ids));
                Assert.That(gathered[d].LogSumExp, Is.EqualTo(whole[d].LogSumExp).Within(2e-6), "batches at the parts' borders may round otherwise");
            }

            Assert.That(gather.Sums["Documents"], Is.EqualTo(50));
            string[] files = [.. Enumerable.Range(0, 3).SelectMany(s => folder.Contents($"rows-0000{s}-of-00003").Where(static f => f.Key.EndsWith(".arrow", StringComparison.Ordinal)).Select(static f => f.Value))];
            Assert.That(folder.Contents("rows").Where(static f => f.Key.EndsWith(".arrow", StringComparison.Ordinal)).Select(static f => f.Value), Is.EqualTo(files), "the parts' files");
            Assert.That(new DatasetGather { Parts = parts }.IsFinished);
            Assert.That(folder.Names.Where(static n => n.Contains("partial")), Is.Empty);
        }
    }

    [Test]
    public void AStoppedPartGoesOnAndAFinishedOneIsLeftAlone()
    {
        using var folder = new CaptureFolder(documents: 120);
        using var cancellation = new CancellationTokenSource();
        long tokens = 0;
        Assert.That(Part(folder, 1).IsFinished, Is.False);
        CaptureRun run = Part(folder, 1, (now, _) => { if ((tokens = now) > 450) cancellation.Cancel(); });
        Assert.That(() => run.Run(cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Part(folder, 1).Run(CancellationToken.None).Resumed, Is.GreaterThan(200));
        Assert.That(Part(folder, 1).IsFinished);
        File.AppendAllText(folder["corpus.jsonl"], "{\"id\": \"more\", \"domain\": \"odd\", \"text\": \"the cat\"}\n");
        Assert.That(Part(folder, 1).IsFinished, Is.False, "of another corpus");
        using var small = new CaptureFolder(documents: 2);
        Assert.That(() => Part(small, 1).Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("has 2 documents, and --shards asks for 3 parts"));
    }

    private static CaptureRun Part(CaptureFolder folder, int shard, Action<long, double>? progress = null) => folder.Run(
        CorpusPart.NameOf("rows", shard, 3), progress, part: new CorpusPart(shard, 3, StoreProducer.Of("tests") with { Command = ["capture", .. PartSet.WordsOf(shard, 3)] }));
}
