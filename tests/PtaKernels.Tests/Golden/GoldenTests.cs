using PtaKernels.Cli.Verify;
using PtaKernels.Tests.Cli;
using PtaKernels.Tests.Conformance;

namespace PtaKernels.Tests.Golden;

/// <summary>The compact golden files of the official code, on every backend; every 120th row of each on the emulator.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.Fixtures))]
public sealed class GoldenTests(string backend)
{
    private static readonly string[] Checked =
    [
        "align.cl100k-spA.jsonl.gz", "align.gpt2-spA.jsonl.gz", "align.spA-cl100k.jsonl.gz", "align.spB-spA.jsonl.gz",
        "align_mapping.cl100k-spA.json.gz", "align_mapping.gpt2-spA.json.gz", "align_mapping.spA-cl100k.json.gz", "align_mapping.spB-spA.json.gz",
        "collator_loss.jsonl.gz", "dtw.jsonl.gz", "editdistance.jsonl.gz", "exact_ot.jsonl.gz", "packing.jsonl.gz", "sinkhorn.jsonl.gz", "vocab_map.jsonl.gz",
    ];

    [Test]
    public void EveryRowPasses()
    {
        using StringWriter output = new(), errors = new();
        int sample = BackendCases.IsEmulator(backend) ? 120 : 1;
        var run = new GoldenRun(new GoldenContext(BackendCases.Open(backend), new VocabularyFolder(Pta.Vocabularies), Pta.Golden), output, errors, sample);
        run.Run(Pta.Golden);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Failed, Is.Zero, errors.ToString());
            Assert.That(run.Skipped, Is.Zero);
            Assert.That(run.Results.Where(static r => r.Passed > 0).Select(static r => r.File), Is.EqualTo(Checked));
        }
    }
}
