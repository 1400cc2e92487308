using PtaKernels.Rules;

namespace PtaKernels.Native;

public sealed unsafe partial class NativeBackend
{
    /// <inheritdoc/>
    public void AlignBatch(
        ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, Span<AlignedDocument> destination, AlignmentReport report)
    {
        StepwiseAlignment.Require(documents, vocabularies, options, destination, report);
        int preset = FusedPreset.Match(options, everyPlan: true);
        if (preset < 0)
        {
            report.AddNotice(FusedPreset.WhyStepwise(Name, options, everyPlan: true));
            StepwiseAlignment.AlignBatch(this, documents, vocabularies, options, destination, report);
            return;
        }

        // One call per document needs memory for one; several threads need the whole batch to share out.
        int step = Threads == 1 ? 1 : Math.Max(1, documents.Length);
        var aligned = new AlignedDocument?[documents.Length];
        for (int d = 0; d < documents.Length; d += step)
            AlignTogether(documents.Slice(d, step), vocabularies, options, preset, aligned.AsSpan(d, step), report);
        StepwiseAlignment.Complete(this, documents, vocabularies, options, aligned, destination, report);
    }

    /// <summary>One call; a document that is bad input stays null.</summary>
    private void AlignTogether(
        ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, int preset, Span<AlignedDocument?> destination, AlignmentReport report)
    {
        var native = new NativeAlignOptions
        {
            StructSize = (uint)sizeof(NativeAlignOptions),
            Preset = preset == FusedPreset.Bytes ? FusedPreset.Transport : preset,
            Mass = options.Mass == MassRule.Tail ? 2 : 1,
            Window = options.Window,
            FusedK = options.FusedK,
            MeasureSignal = options.MeasureSignal ? 1 : 0,
            MaxIterations = options.MaxIterations,
            Threads = Threads,
            Epsilon = options.TransportOptions.Epsilon,
            Tolerance = options.Tolerance,
            Temperature = options.Temperature,
            Projection = options.Projection switch { ProjectionRule.Byte => 1, ProjectionRule.Topk => 2, ProjectionRule.Barycentric => 3, _ => 0 },
            Transfer = options.Transfer == TransferRule.Boundary ? 1 : 0,
            ByteTail = preset == FusedPreset.Bytes ? options.ByteTail : 0,
            Transport = options.Transport == TransportKind.Unbalanced ? (int)TransportKind.Unbalanced : 0,
            ProjectionColumns = options.Projection == ProjectionRule.Topk ? options.ProjectionColumns : 0,
            Rho = options.Transport == TransportKind.Unbalanced ? options.TransportOptions.Rho : 0,
            Solver = (int)options.Solver,
            Cost = options.Cost switch { CandidateCost.Embedding => 1, CandidateCost.Hybrid => 2, _ => 0 },
            EmbeddingShare = options.Cost == CandidateCost.Hybrid ? SemanticCosts.ShareOf(options) : 0,
        };
        using var call = new DocumentCall(documents.Length);
        // A document that is bad input takes no part; its sentence comes from the rules, in its turn.
        bool[] refused = new bool[documents.Length];
        for (int d = 0; d < documents.Length; d++)
        {
            bool priorFits = documents[d].Prior is not { } prior || (options.Transport == TransportKind.Balanced && prior.Rows == documents[d].Target.Length);
            refused[d] = !priorFits || !DocumentChecks.ShapesHold(documents[d], options);
            if (!refused[d])
                call.Add(documents[d], native);
        }

        VocabularyPairHandle pair = NativeTapes.Of(vocabularies, options.Cost == CandidateCost.OfficialStrings, this);
        if (SemanticCosts.Reads(options.Cost))
            pair.RequireEmbeddings(vocabularies.Embeddings!);
        TargetEncoder? encoder = preset == FusedPreset.Bytes ? pair.RequireEncoder(vocabularies) : null;
        using (Lease lease = Rent())
        {
            NativeStatus status = call.Run(lease.Workspace, pair, native);
            if (status == NativeStatus.Argument)
                encoder?.ThrowFailure(); // says more than the native side, which only knows that the encoder gave no token
            if (status != NativeStatus.Data)
                NativeErrors.Require(status);
        }

        for (int d = 0, n = 0; d < documents.Length; d++)
            destination[d] = refused[d] ? null : call.Result(n++, documents[d].Target, options, report);
    }
}
