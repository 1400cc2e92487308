namespace PtaKernels.Cli.Verify.Random;

/// <summary>Rows of random documents through the presets, with the switches that their fused forms leave free (SPEC A4). Refused documents are left out: what a refusal says is tested elsewhere.</summary>
internal static class DocumentProblems
{
    /// <summary>Texts that share two vocabularies of some hundreds of tokens; more documents are more views of them.</summary>
    private const int Texts = 40;

    /// <summary>Rows of a document, about.</summary>
    private const int RowsOfOne = 10;

    /// <summary>Every preset, with each of the switches that the fused form leaves free.</summary>
    public static AlignmentOptions[] Variants { get; } = [.. ReferenceVariants(), .. PaperVariants(), .. FusionVariants()];

    /// <summary>The presets paper and fusion with the plans and projections that only the native backend's fused forms have.</summary>
    public static AlignmentOptions[] OtherPlanVariants { get; } =
    [
        AlignmentPreset.Paper with { Projection = ProjectionRule.Topk, ProjectionColumns = 2 },
        AlignmentPreset.Paper with { Projection = ProjectionRule.Barycentric, FusedK = 3, Epsilon = 0.25 },
        AlignmentPreset.Paper with { Solver = TransportSolver.Greenkhorn, Projection = ProjectionRule.Topk, ProjectionColumns = 64, FusedK = 64, MeasureSignal = false },
        Soft with { Projection = ProjectionRule.Top1 },
        Soft with { Projection = ProjectionRule.Topk, ProjectionColumns = 3, Mass = MassRule.Renormalised, Temperature = 0.7, FusedK = 64, Rho = 0.5 },
        Soft with { Projection = ProjectionRule.Barycentric, Fallback = FallbackRule.Target, Window = 3, Transfer = TransferRule.Boundary, Epsilon = 0.5, Rho = 2 },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Topk, ProjectionColumns = 2, FusedK = 64 },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Barycentric, Mass = MassRule.Renormalised, Epsilon = 0.5, FusedK = 2, MeasureSignal = false },
    ];

    private static AlignmentOptions Soft => AlignmentPreset.Fusion with { Transport = TransportKind.Unbalanced };

    /// <summary>Preset <c>reference</c>; a problem is a target row.</summary>
    public static RandomChunk Reference(System.Random random, IKernelBackend answers, int wanted) => Draw(random, answers, wanted, ReferenceVariants());

    /// <summary>Preset <c>paper</c>.</summary>
    public static RandomChunk Paper(System.Random random, IKernelBackend answers, int wanted) => Draw(random, answers, wanted, PaperVariants());

    /// <summary>Preset <c>fusion</c>.</summary>
    public static RandomChunk Fusion(System.Random random, IKernelBackend answers, int wanted) => Draw(random, answers, wanted, FusionVariants());

    /// <summary>Presets <c>paper</c> and <c>fusion</c> with the costs that read embeddings, every token with a vector or none.</summary>
    public static RandomChunk Embedding(System.Random random, IKernelBackend answers, int wanted) => Draw(random, answers, wanted, EmbeddingVariants());

    /// <summary><see cref="OtherPlanVariants"/>.</summary>
    public static RandomChunk OtherPlans(System.Random random, IKernelBackend answers, int wanted) => Draw(random, answers, wanted, OtherPlanVariants);

    private static AlignmentOptions[] ReferenceVariants() =>
    [
        AlignmentPreset.Reference with { Window = 1 },
        AlignmentPreset.Reference with { Window = 1, MeasureSignal = false, Fallback = FallbackRule.Label, Temperature = 2, Epsilon = 0.25 },
    ];

    private static AlignmentOptions[] PaperVariants() =>
    [
        AlignmentPreset.Paper,
        AlignmentPreset.Paper with { Window = 2, FusedK = 1, Fallback = FallbackRule.Target, MeasureSignal = false, Epsilon = 0.1 },
        AlignmentPreset.Paper with { Fallback = FallbackRule.Label, Temperature = 3 },
    ];

    private static AlignmentOptions[] FusionVariants() =>
    [
        AlignmentPreset.Fusion,
        AlignmentPreset.Fusion with { Fallback = FallbackRule.Target, FusedK = 2, Window = 3, ByteTail = 0 },
        AlignmentPreset.Fusion with { Mass = MassRule.Renormalised, Fallback = FallbackRule.OneHotCurrent, MeasureSignal = false, Temperature = 0.7, ByteTail = 0.5, FusedK = 64, Transfer = TransferRule.Boundary },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1 },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Fallback = FallbackRule.Target, FusedK = 2, Window = 3, Transfer = TransferRule.Boundary },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Mass = MassRule.Renormalised, Fallback = FallbackRule.OneHotCurrent, MeasureSignal = false, Epsilon = 0.5, FusedK = 64 },
    ];

    private static AlignmentOptions[] EmbeddingVariants() =>
    [
        AlignmentPreset.Paper with { Cost = CandidateCost.Embedding },
        AlignmentPreset.Paper with { Cost = CandidateCost.Hybrid, EmbeddingShare = 0.3, Window = 2, Fallback = FallbackRule.Target, Epsilon = 0.1 },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Cost = CandidateCost.Embedding, MeasureSignal = false },
        AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1, Cost = CandidateCost.Hybrid, Mass = MassRule.Renormalised, Window = 3, FusedK = 2, Epsilon = 0.5, Transfer = TransferRule.Boundary },
    ];

    private static RandomChunk Draw(System.Random random, IKernelBackend answers, int wanted, AlignmentOptions[] variants)
    {
        int seed = random.Next(), texts = Math.Clamp(wanted / RowsOfOne, 1, Texts), views = Math.Max(1, wanted / (RowsOfOne * texts));
        AlignmentOptions options = variants[random.Next(variants.Length)];
        var documents = new DrawnDocuments(seed, texts, repaired: random.Next(4) == 0, views);
        VocabularyPair vocabularies = Rules.SemanticCosts.Reads(options.Cost) ? DrawnEmbeddings.Give(documents.Vocabularies, seed) : documents.Vocabularies;
        var accepted = new List<(DocumentPair Pair, AlignedDocument Expected)>();
        foreach (DocumentPair pair in documents.Pairs)
        {
            var expected = new AlignedDocument[1];
            try
            {
                answers.AlignBatch([pair], vocabularies, options, expected, new AlignmentReport());
                accepted.Add((pair, expected[0]));
            }
            catch (AlignmentDataException)
            {
            }
        }

        return new RandomChunk(accepted.Sum(static a => a.Expected.Rows), (backend, findings) =>
        {
            var found = new AlignedDocument[accepted.Count];
            backend.AlignBatch([.. accepted.Select(static a => a.Pair)], vocabularies, options, found, new AlignmentReport());
            for (int d = 0; d < found.Length; d++)
            {
                if (DocumentComparison.FirstDifference(found[d], accepted[d].Expected, options, accepted[d].Pair.Target.Candidates.K) is { } difference)
                    findings.Differs($"{accepted[d].Pair.Target.Id} of {found.Length}: {difference}");
            }
        });
    }
}
