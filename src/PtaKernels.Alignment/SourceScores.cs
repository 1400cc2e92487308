using PtaKernels.Rules;

namespace PtaKernels.Alignment;

/// <summary>Bits per UTF-8 byte of a document under a model: comparable across tokenizers, unlike cross-entropy per token (SPEC A3.5).</summary>
public static class SourceScores
{
    /// <summary>Bits of a document's labels, or null when the input holds no cross-entropies.</summary>
    public static double? BitsOf(TokenizedDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (document.LabelCrossEntropy is { } perToken)
            return perToken.Sum() / Math.Log(2);
        return document.MeanCrossEntropy * (document.Length - 1) / Math.Log(2);
    }

    /// <summary>Bits per byte of a document, or null when the input holds no cross-entropies; an empty text counts as one byte.</summary>
    public static double? BitsPerByte(TokenizedDocument document, int bytes) => BitsOf(document) / Math.Max(1, bytes);

    /// <summary>
    /// Per target row: bits per byte of the source tokens that cover the bytes of target token i + 1, over the bytes they cover. NaN where no scored source
    /// token covers them (zero-width labels, the last row, text that was not matched).
    /// </summary>
    /// <exception cref="AlignmentDataException">The texts differ too much, or the document has no per-token cross-entropies.</exception>
    public static double[] PerRow(DocumentPair pair, VocabularyPair vocabularies)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(vocabularies);
        double[] labels = RequireLabels(pair.Source, "fusion-level token", "--fusion-level document");
        (DocumentSpans source, DocumentSpans target, BoundaryMap boundaries) = Meet(pair, vocabularies);
        double[] scores = new double[pair.Target.Length];
        Array.Fill(scores, double.NaN);
        int first = 0;
        for (int i = 0; i + 1 < scores.Length; i++)
        {
            int start = boundaries.SourceBoundary(target[i + 1].Start), end = boundaries.SourceBoundary(target[i + 1].End);
            if (start < 0 || end <= start)
                continue;
            while (first < source.Length && source[first].End <= start)
                first++;
            double bits = 0;
            int bytes = 0;
            for (int j = first; j < source.Length && source[j].Start < end; j++)
            {
                // Token j is predicted by row j - 1; the first token of a document is predicted by nothing.
                if (j == 0 || source[j].End <= source[j].Start)
                    continue;
                bits += labels[j - 1] / Math.Log(2);
                bytes += source[j].End - source[j].Start;
            }

            if (bytes > 0)
                scores[i] = bits / bytes;
        }

        return scores;
    }

    /// <summary>
    /// Per target row i: nats that the source needed for the text up to the end of target token i (own rule, fusion level <c>prefix</c>): the label
    /// cross-entropies of every source token up to the last one with text that ends there or before. Nothing after row i is read; 0 before any such token.
    /// </summary>
    /// <remarks>A boundary that was not matched, in texts that had to be aligned, adds nothing: the row keeps the sum of the row before it.</remarks>
    /// <exception cref="AlignmentDataException">The texts differ too much, or the document has no per-token cross-entropies.</exception>
    public static double[] PrefixNats(DocumentPair pair, VocabularyPair vocabularies)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(vocabularies);
        double[] labels = RequireLabels(pair.Source, "fusion-level prefix", "--fusion-level document");
        (DocumentSpans source, DocumentSpans target, BoundaryMap boundaries) = Meet(pair, vocabularies);
        double[] scores = new double[pair.Target.Length];
        double nats = 0;
        // The first token of a document is predicted by nothing, token j by row j - 1.
        int scanned = 0, counted = 1;
        for (int i = 0; i < scores.Length; i++)
        {
            int end = boundaries.SourceBoundary(target[i].End);
            for (; scanned < source.Length && source[scanned].End <= end; scanned++)
            {
                // A token without width waits for text after it: at the end of the text so far it may be what row i predicts.
                if (source[scanned].End == source[scanned].Start)
                    continue;
                for (; counted <= scanned; counted++)
                    nats += labels[counted - 1];
            }

            scores[i] = nats;
        }

        return scores;
    }

    /// <summary>The spans of both views, and where the target's boundaries lie in the source.</summary>
    internal static (DocumentSpans Source, DocumentSpans Target, BoundaryMap Boundaries) Meet(DocumentPair pair, VocabularyPair vocabularies)
    {
        DocumentSpans source = DocumentSpans.Of(pair.Source, vocabularies.Source), target = DocumentSpans.Of(pair.Target, vocabularies.Target);
        return (source, target, BoundaryMap.Between(pair.Target.Id, source, target));
    }

    /// <summary>A document's label cross-entropies per token.</summary>
    /// <param name="document">The document.</param>
    /// <param name="needs">What reads them, for the message.</param>
    /// <param name="instead">What does without.</param>
    /// <exception cref="AlignmentDataException">There are none.</exception>
    internal static double[] RequireLabels(TokenizedDocument document, string needs, string instead) => document.LabelCrossEntropy
        ?? throw new AlignmentDataException(document.Id, $"no per-token label cross-entropies (per_step_metric_ce), which {needs} needs; store them, or use {instead}.");
}
