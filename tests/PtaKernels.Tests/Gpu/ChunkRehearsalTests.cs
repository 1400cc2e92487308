using PtaKernels.Cli.Verify.Random;
using PtaKernels.Gpu;

namespace PtaKernels.Tests.Gpu;

/// <summary>The host's part of a chunk, run again without the device, must lead to what the device led to: else the wrong work is timed.</summary>
public sealed class ChunkRehearsalTests
{
    [Test]
    [Category("Long")]
    public void AChunkOfCopiesIsTheDocumentsAgainAndAgain([Values("reference", "paper", "fusion", "byte")] string preset)
    {
        AlignmentOptions options = preset == "byte"
            ? AlignmentPreset.Fusion with { Projection = ProjectionRule.Byte, ByteTail = 1 }
            : AlignmentPreset.Named(preset) with { Window = preset == "reference" ? 1 : 0 };
        var drawn = new DrawnDocuments(seed: 9, count: 2);
        var vocabularies = new VocabularyPair(drawn.Source.Vocabulary, drawn.Target.Vocabulary) { TargetEncoder = new LongestToken(drawn.Target.Vocabulary) };
        DocumentPair[] pairs = [.. drawn.Pairs];
        // One of its own: nothing else may use a device while a rehearsal replays.
        using GpuBackend backend = GpuBackend.OpenEmulator();
        var rehearsal = new ChunkRehearsal(backend, pairs, vocabularies, options, 3);
        var report = new AlignmentReport();
        rehearsal.Replay(report);
        // Another call leaves its own answers in the lane's memory.
        backend.AlignBatch([pairs[1]], vocabularies, options, new AlignedDocument[1], new AlignmentReport());
        rehearsal.Replay(report);
        Assert.That(report.TargetTokens, Is.EqualTo(2 * rehearsal.Tokens));
        for (int d = 0; d < 3 * pairs.Length; d++)
        {
            AlignedDocument once = rehearsal.Expected[d % pairs.Length], copy = rehearsal.Aligned[d];
            Assert.That(copy.Rows, Is.EqualTo(once.Rows));
            for (int i = 0; i < copy.Rows; i++)
            {
                Assert.That(copy[i], Is.EqualTo(once[i]), $"document {d}, row {i}");
                Assert.That(copy.ValuesOf(i).ToArray(), Is.EqualTo(once.ValuesOf(i).ToArray()), $"document {d}, row {i}");
            }
        }
    }
}
