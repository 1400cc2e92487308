namespace PtaKernels.Reference;

public sealed partial class ReferenceBackend
{
    /// <inheritdoc/>
    public void AlignBatch(
        ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, Span<AlignedDocument> destination, AlignmentReport report)
    {
        ArgumentNullException.ThrowIfNull(vocabularies);
        ArgumentNullException.ThrowIfNull(report);
        AlignmentSwitches.Validate(options);
        if (destination.Length != documents.Length)
            throw new ArgumentException($"{documents.Length} documents need as many results, not {destination.Length}.", nameof(destination));
        for (int d = 0; d < documents.Length; d++)
            destination[d] = new DocumentAlignment(this, documents[d], vocabularies, options, report).Align();
    }
}
