using PtaKernels.Rules;

namespace PtaKernels.Pipeline;

/// <summary>Which source tokens each target token of a document is paired with, by each of the rules.</summary>
internal static class DocumentPairing
{
    /// <summary>The pairing of a document by a rule; null under byte offsets where the two texts differ.</summary>
    /// <exception cref="AlignmentDataException">Two tokens are too far apart.</exception>
    public static TokenPairing? Of(IKernelBackend backend, DocumentPair pair, VocabularyPair vocabularies, PairingRule rule)
    {
        if (rule != PairingRule.ByteOffsets)
            return TokenPairing.ByWarping(backend, pair, vocabularies, strings: rule == PairingRule.DtwStrings);
        DocumentSpans source = DocumentSpans.Of(pair.Source, vocabularies.Source), target = DocumentSpans.Of(pair.Target, vocabularies.Target);
        return BoundaryMap.AreOfOneText(source, target) ? TokenPairing.FromSpans(source, target) : null;
    }
}
