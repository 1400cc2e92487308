using PtaKernels.Rules;

namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void AlignBatch(
        ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, Span<AlignedDocument> destination, AlignmentReport report) =>
        StepwiseAlignment.AlignBatch(this, documents, vocabularies, options, destination, report);
}
