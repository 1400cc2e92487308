using PtaKernels.Cli.Verify.Random;
using PtaKernels.Gpu;
using PtaKernels.Reference;
using PtaKernels.Tests.Conformance;

namespace PtaKernels.Tests.Gpu;

/// <summary>A device without room: a batch goes over in halves with the same results, and what fits in no way is one sentence.</summary>
public sealed class FullDeviceTests
{
    private static readonly AlignmentOptions Options = AlignmentPreset.Fusion with { MeasureSignal = false };

    [Test]
    public void HalvesGiveTheSameResults()
    {
        var documents = new RandomDocuments(9900, 12);
        DocumentPair[] pairs = [.. documents.Documents.Select(static d => d.Pair)];
        AlignedDocument[] expected = new AlignedDocument[pairs.Length], found = new AlignedDocument[pairs.Length];
        new ReferenceBackend().AlignBatch(pairs, documents.Vocabularies, Options, expected, new AlignmentReport());
        using GpuBackend gpu = GpuBackend.OpenEmulator();
        // A lane's first block is one mebibyte; all twelve together need a second one.
        gpu.Device.MemoryLimit = 1 << 20;
        DocumentPair[] many = [.. Enumerable.Repeat(pairs, 40).SelectMany(static p => p)];
        Array.Resize(ref found, many.Length);
        var report = new AlignmentReport();
        gpu.AlignBatch(many, documents.Vocabularies, Options, found, report);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(gpu.Notices, Has.Some.Contains("aligned in halves"));
            Assert.That(report.Documents, Is.EqualTo(many.Length));
            for (int d = 0; d < many.Length; d++)
                Assert.That(DocumentComparison.FirstDifference(found[d], expected[d % pairs.Length], Options, pairs[d % pairs.Length].Target.Candidates.K), Is.Null, $"document {d}");
        }
    }

    [Test]
    public void OneDocumentThatDoesNotFitIsASentence()
    {
        var documents = new RandomDocuments(9901, 1);
        using GpuBackend gpu = GpuBackend.OpenEmulator();
        gpu.Device.MemoryLimit = 1 << 10;
        GpuException? problem = Assert.Throws<GpuException>(() =>
            gpu.AlignBatch([documents.Documents[0].Pair], documents.Vocabularies, Options, new AlignedDocument[1], new AlignmentReport()));
        Assert.That(problem!.Message, Does.Match(@"has no room for .* more bytes beside [\d,]+; use a smaller batch or stop other programs on it"));
    }
}
