using System.Text.Json;
using PtaKernels.Cli.Verify;
using PtaKernels.Cli.Verify.Random;
using PtaKernels.Gpu;
using PtaKernels.Native;
using PtaKernels.Reference;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Conformance;

/// <summary>Whole documents in one call, against the plain backend (SPEC A4), on every instruction set and the GPU kernels.</summary>
[TestFixtureSource(typeof(BackendCases), nameof(BackendCases.FixturesBesidePlain))]
public sealed class FusedDocumentTests(string backend)
{
    private static readonly AlignmentOptions Byte = AlignmentPreset.Fusion with { Projection = ProjectionRule.Byte };

    private static readonly AlignmentOptions[] Variants =
    [
        .. DocumentProblems.Variants,
        Byte with { ByteTail = 0 },
        Byte with { ByteTail = 1, FusedK = 64, Fallback = FallbackRule.Target },
        Byte with { ByteTail = 2.5, FusedK = 2, MeasureSignal = false },
        Byte with { ByteTail = 1, Mass = MassRule.Renormalised, Temperature = 0.7 },
        Byte with { ByteTail = 0, Window = 3, FusedK = 64 },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Transfer = TransferRule.Boundary },
        AlignmentPreset.Paper with { Cost = CandidateCost.Embedding },
        AlignmentPreset.Paper with { Cost = CandidateCost.Hybrid, EmbeddingShare = 0.3, Window = 2, Fallback = FallbackRule.Target, Epsilon = 0.1 },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Cost = CandidateCost.Embedding },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Cost = CandidateCost.Embedding, Mass = MassRule.Renormalised, MeasureSignal = false, Epsilon = 0.002, FusedK = 64 },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Cost = CandidateCost.Hybrid, EmbeddingShare = 0.75, Window = 3, FusedK = 2, Epsilon = 0.5, Transfer = TransferRule.Boundary },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Cost = CandidateCost.Hybrid, EmbeddingShare = 0 },
    ];

    private readonly IKernelBackend _fused = BackendCases.Open(backend);
    private readonly ReferenceBackend _plain = new();

    // The emulator takes some milliseconds for each kernel of each document.
    private readonly int _seeds = BackendCases.IsEmulator(backend) ? 4 : 40;

    public static IEnumerable<int> VariantNumbers => Enumerable.Range(0, Variants.Length);

    public static IEnumerable<int> OtherPlanNumbers => Enumerable.Range(0, DocumentProblems.OtherPlanVariants.Length);

    [Test]
    public void RandomDocumentsAgree([ValueSource(nameof(VariantNumbers))] int variant)
    {
        for (int seed = 0; seed < _seeds; seed++)
        {
            var documents = new RandomDocuments(9000 + seed, 5, repaired: seed % 4 == 3);
            DocumentPair[] pairs = [.. documents.Documents.Select(static d => d.Pair)];
            AssertAgree(pairs, documents.Vocabularies, Variants[variant], $"seed {seed}");
        }
    }

    /// <summary>Fused on the native backend; elsewhere step by step, which the report says.</summary>
    [Test]
    public void OtherPlansAgree([ValueSource(nameof(OtherPlanNumbers))] int plan)
    {
        AlignmentOptions options = DocumentProblems.OtherPlanVariants[plan];
        int seeds = BackendCases.IsEmulator(backend) ? 1 : _seeds;
        for (int seed = 0; seed < seeds; seed++)
        {
            var documents = new RandomDocuments(9100 + seed, 5, repaired: seed % 4 == 3);
            DocumentPair[] pairs = [.. documents.Documents.Select(static d => d.Pair)];
            AssertAgree(pairs, documents.Vocabularies, options, $"seed {seed}");
            var report = new AlignmentReport();
            _fused.AlignBatch(pairs.AsSpan(0, 1), documents.Vocabularies, options, new AlignedDocument[1], report);
            Assert.That(report.Notices.Count(static n => n.Contains("step by step")), Is.EqualTo(_fused is NativeBackend ? 0 : 1));
        }
    }

    [Test]
    public void APriorsRowsAreTheColumns([Values(ProjectionRule.Top1, ProjectionRule.Barycentric)] ProjectionRule rule)
    {
        AlignmentOptions options = AlignmentPreset.Paper with { Projection = rule };
        for (int seed = 0; seed < _seeds; seed++)
        {
            var documents = new RandomDocuments(9500 + seed, 3);
            DocumentPair[] pairs = [.. documents.Documents.Select(static d => d.Pair)];
            var before = new AlignedDocument[pairs.Length];
            _plain.AlignBatch(pairs, documents.Vocabularies, options with { Fallback = seed % 2 == 0 ? FallbackRule.Target : FallbackRule.Mask }, before, new AlignmentReport());
            AssertAgree([.. pairs.Zip(before, static (p, b) => p with { Prior = b })], documents.Vocabularies, options, $"seed {seed}");
        }
    }

    [Test]
    [NonParallelizable]
    public void ThreadsAndBatchesDoNotMatter([Values("reference", "paper", "fusion", "byte")] string preset)
    {
        AlignmentOptions options = (preset == "byte" ? Byte : AlignmentPreset.Named(preset)) with { Window = 1 };
        var documents = new RandomDocuments(9700, 30);
        // Enough tokens that several threads get a share.
        int copies = BackendCases.IsEmulator(backend) ? 1 : 60;
        DocumentPair[] pairs = [.. Enumerable.Repeat(documents.Documents.Select(static d => d.Pair), copies).SelectMany(static p => p)];
        AlignedDocument[] one = new AlignedDocument[pairs.Length], many = new AlignedDocument[pairs.Length];
        _fused.AlignBatch(pairs, documents.Vocabularies, options, one, new AlignmentReport());
        using (var cut = _fused as GpuBackend is { } gpu ? new ShortChunks(gpu) : null)
            (cut is null ? new NativeBackend(_fused.Isa) { Threads = 0 } : _fused).AlignBatch(pairs, new RandomDocuments(9700, 30).Vocabularies, options, many, new AlignmentReport());
        Assert.That(one.Sum(static d => d.Rows), Is.GreaterThan(150 * copies));
        for (int d = 0; d < pairs.Length; d++)
        {
            Assert.That(many[d].Rows, Is.EqualTo(one[d].Rows));
            for (int i = 0; i < one[d].Rows; i++)
            {
                Assert.That(many[d][i], Is.EqualTo(one[d][i]));
                Assert.That(many[d].IndicesOf(i).SequenceEqual(one[d].IndicesOf(i)) && many[d].ValuesOf(i).SequenceEqual(one[d].ValuesOf(i)), $"document {d}, row {i}");
            }
        }
    }

    [Test]
    public void GoldenDocumentsAgree([Values("paper", "fusion", "byte")] string preset)
    {
        AlignmentOptions options = (preset == "byte" ? Byte with { ByteTail = 1 } : AlignmentPreset.Named(preset)) with { Mass = MassRule.Renormalised };
        Dictionary<VocabularyPair, VocabularyPair> withEncoder = [];
        var check = new AlignCheck(new GoldenContext(_fused, new VocabularyFolder(Pta.Vocabularies), Pta.Golden));
        int compared = 0, every = BackendCases.IsEmulator(backend) ? 36 : 12;
        foreach (string path in Directory.EnumerateFiles(Pta.Golden, "align.*.jsonl.gz").Order(StringComparer.Ordinal))
        {
            foreach (string line in GoldenJson.Lines(path).Where((_, i) => i % every == 0))
            {
                using JsonDocument row = JsonDocument.Parse(PtaKernels.Corpus.PythonJson.Quote(line));
                VocabularyPair pair = check.FindPair(row.RootElement.GetProperty("source").GetString()!, row.RootElement.GetProperty("target").GetString()!)!;
                if (!withEncoder.TryGetValue(pair, out VocabularyPair? encoding))
                    withEncoder[pair] = encoding = new VocabularyPair(pair.Source, pair.Target) { TargetEncoder = new LongestToken(pair.Target) };
                AssertAgree([AlignCheck.DocumentsOf(row.RootElement)], encoding, options, path);
                compared++;
            }
        }

        Assert.That(compared, Is.GreaterThanOrEqualTo(every == 12 ? 9 : 4));
    }

    [Test]
    public void OtherSwitchesAreSaidOnceAndRunStepByStep()
    {
        var documents = new RandomDocuments(9800, 2);
        DocumentPair[] pairs = [.. documents.Documents.Select(static d => d.Pair)];
        var report = new AlignmentReport();
        AlignmentOptions options = AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Transfer = TransferRule.Boundary, Transport = TransportKind.None };
        for (int round = 0; round < 3; round++)
            _fused.AlignBatch(pairs, documents.Vocabularies, options, new AlignedDocument[2], report);
        var joined = new AlignmentReport();
        joined.Add(report);
        joined.Add(report);
        Assert.That(joined.Notices, Is.EqualTo(new[]
        {
            $"backend {_fused.Name}: transport none is not preset fusion's, so documents are aligned step by step: the same results, more slowly.",
        }));
        var presets = new AlignmentReport();
        foreach (AlignmentOptions variant in Variants)
            _fused.AlignBatch(pairs, documents.Vocabularies, variant, new AlignedDocument[2], presets);
        Assert.That(presets.Notices, Is.Empty);
        AssertAgree(pairs, documents.Vocabularies, options, "step by step");
    }

    private void AssertAgree(DocumentPair[] pairs, VocabularyPair vocabularies, AlignmentOptions options, string name)
    {
        for (int d = 0; d < pairs.Length; d++)
        {
            AlignmentReport plainReport = new(), nativeReport = new();
            AlignedDocument[] plain = new AlignedDocument[1], native = new AlignedDocument[1];
            try
            {
                _plain.AlignBatch([pairs[d]], vocabularies, options, plain, plainReport);
            }
            catch (AlignmentDataException e)
            {
                Assert.That(() => _fused.AlignBatch([pairs[d]], vocabularies, options, native, nativeReport), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo(e.Message));
                continue;
            }

            _fused.AlignBatch([pairs[d]], vocabularies, options, native, nativeReport);
            AssertEqual(native[0], plain[0], options, pairs[d].Target.Candidates.K, $"{name}, document {d}");
            using (Assert.EnterMultipleScope())
            {
                Assert.That((nativeReport.Documents, nativeReport.TargetTokens, nativeReport.SourceTokens, nativeReport.RepairedDocuments),
                    Is.EqualTo((plainReport.Documents, plainReport.TargetTokens, plainReport.SourceTokens, plainReport.RepairedDocuments)));
                Assert.That((nativeReport.Transports, nativeReport.SignalRows, nativeReport.ProjectionTies),
                    Is.EqualTo((plainReport.Transports, plainReport.SignalRows, plainReport.ProjectionTies)), $"{name}, document {d}");
                Assert.That(nativeReport.SignalKept, Is.EqualTo(plainReport.SignalKept).Within(1e-6));
            }
        }
    }

    private static void AssertEqual(AlignedDocument native, AlignedDocument plain, AlignmentOptions options, int targetK, string name)
    {
        if (DocumentComparison.FirstDifference(native, plain, options, targetK) is { } difference)
            Assert.Fail($"{name}, {difference}");
    }

    /// <summary>Makes a device take a batch in many chunks.</summary>
    private sealed class ShortChunks : IDisposable
    {
        private readonly GpuBackend _backend;

        public ShortChunks(GpuBackend backend)
        {
            _backend = backend;
            backend.ChunkPositions = 40;
        }

        public void Dispose() => _backend.ChunkPositions = 0;
    }
}
