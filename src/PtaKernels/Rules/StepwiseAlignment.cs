using System.Runtime.ExceptionServices;

namespace PtaKernels.Rules;

/// <summary><see cref="IKernelBackend.AlignBatch"/> over a backend's single kernels: every combination of switches, one step after the other.</summary>
public static class StepwiseAlignment
{
    /// <inheritdoc cref="IKernelBackend.AlignBatch"/>
    /// <param name="backend">The backend whose kernels run.</param>
    /// <param name="documents">[count].</param>
    /// <param name="vocabularies">The two vocabularies.</param>
    /// <param name="options">All switches.</param>
    /// <param name="destination">[count] receives the aligned documents.</param>
    /// <param name="report">Receives counts and seconds per stage.</param>
    public static void AlignBatch(
        IKernelBackend backend, ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, Span<AlignedDocument> destination,
        AlignmentReport report)
    {
        Require(documents, vocabularies, options, destination, report);
        ExceptionDispatchInfo? refused = null;
        for (int d = 0; d < documents.Length; d++)
        {
            try
            {
                destination[d] = new DocumentAlignment(backend, documents[d], vocabularies, options, report).Align();
            }
            catch (AlignmentDataException e)
            {
                refused ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        refused?.Throw();
    }

    /// <summary>The end of a fused call: the documents that it could not align go step by step, where the bad ones among them say what is wrong.</summary>
    /// <param name="backend">The backend whose kernels run.</param>
    /// <param name="documents">[count].</param>
    /// <param name="vocabularies">The two vocabularies.</param>
    /// <param name="options">All switches.</param>
    /// <param name="aligned">[count] what the call aligned; null elsewhere.</param>
    /// <param name="destination">[count] receives all.</param>
    /// <param name="report">Receives counts and seconds per stage.</param>
    /// <exception cref="AlignmentDataException">The first bad document's.</exception>
    public static void Complete(
        IKernelBackend backend, ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, ReadOnlySpan<AlignedDocument?> aligned,
        Span<AlignedDocument> destination, AlignmentReport report)
    {
        if (aligned.Length != documents.Length || destination.Length != documents.Length)
            throw new ArgumentException($"{documents.Length} documents need as many results, not {aligned.Length} and {destination.Length}.");
        ExceptionDispatchInfo? refused = null;
        for (int d = 0; d < aligned.Length; d++)
        {
            if (aligned[d] is { } done)
            {
                destination[d] = done;
                continue;
            }

            try
            {
                AlignBatch(backend, documents.Slice(d, 1), vocabularies, options, destination.Slice(d, 1), report);
            }
            catch (AlignmentDataException e)
            {
                refused ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        refused?.Throw();
    }

    /// <summary>What every form of the call refuses before it looks at a document.</summary>
    /// <exception cref="ArgumentException">A refused combination of switches, or another number of results than of documents.</exception>
    public static void Require(
        ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, Span<AlignedDocument> destination, AlignmentReport report)
    {
        ArgumentNullException.ThrowIfNull(vocabularies);
        ArgumentNullException.ThrowIfNull(report);
        AlignmentSwitches.Validate(options);
        if (options.Projection == ProjectionRule.Byte && vocabularies.TargetEncoder is null)
            throw new ArgumentException($"projection byte needs the encoder of target vocabulary {vocabularies.Target.Name}, which this call does not have: use --projection top1.");
        if (SemanticCosts.Reads(options.Cost) && vocabularies.Embeddings is null)
        {
            throw new ArgumentException(
                $"cost {AlignmentSwitches.Kebab(options.Cost.ToString())} needs embeddings of vocabularies {vocabularies.Source.Name} and {vocabularies.Target.Name}, which this call does not have: make them with `pta embed`, or use --cost texts.");
        }

        if (destination.Length != documents.Length)
            throw new ArgumentException($"{documents.Length} documents need as many results, not {destination.Length}.", nameof(destination));
    }
}
