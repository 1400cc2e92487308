namespace PtaKernels.Rules;

/// <summary>Bad input of SPEC A5 that can be seen in one document, found before any work is done on it.</summary>
public static class DocumentChecks
{
    /// <summary>Checks both views of a document.</summary>
    /// <param name="pair">The document.</param>
    /// <param name="vocabularies">The vocabularies.</param>
    /// <param name="options">Mass rule, temperature; <c>reference</c> lets NaN through because the official code does.</param>
    /// <exception cref="AlignmentDataException">The first thing that is wrong: side, row, column, what to do.</exception>
    public static void Require(DocumentPair pair, VocabularyPair vocabularies, in AlignmentOptions options)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(vocabularies);
        bool official = options.Output == OutputUnit.Official;
        Require(pair.Source, vocabularies.Source, "source", official);
        Require(pair.Target, vocabularies.Target, "target", official);
        if (options.Pairing != PairingRule.ByteOffsets && (long)pair.Source.Length * pair.Target.Length > Array.MaxLength)
        {
            throw new AlignmentDataException(pair.Target.Id,
                $"{pair.Source.Length} source and {pair.Target.Length} target tokens need a path table of over {Array.MaxLength} cells; split the document, or use --pairing byte-offsets.");
        }

        RequireLogSumExp(pair.Source, "source", options);
        if (options.Transport == TransportKind.Unbalanced || options.Fallback == FallbackRule.Target || pair.Target.LogSumExp is not null)
            RequireLogSumExp(pair.Target, "target", options);
        if (official && options.Transport == TransportKind.Official && options.Window > Math.Min(pair.Source.Candidates.K, pair.Target.Candidates.K))
        {
            throw new AlignmentDataException(pair.Target.Id,
                $"window {options.Window} is larger than k ({pair.Source.Candidates.K} source, {pair.Target.Candidates.K} target), where the official code fails; use --window {Math.Min(pair.Source.Candidates.K, pair.Target.Candidates.K)}.");
        }
    }

    /// <summary>
    /// Whether a document passes the part of <see cref="Require(DocumentPair, VocabularyPair, in AlignmentOptions)"/> that takes no look at its ids and
    /// logits, for a backend that looks at those itself. False also where spans are not one per token.
    /// </summary>
    public static bool ShapesHold(DocumentPair pair, in AlignmentOptions options)
    {
        bool dtw = options.Pairing != PairingRule.ByteOffsets;
        if (!ShapesHold(pair.Source) || !ShapesHold(pair.Target) || (dtw && (long)pair.Source.Length * pair.Target.Length > Array.MaxLength))
            return false;
        if (options.Output == OutputUnit.Official && options.Window > Math.Min(pair.Source.Candidates.K, pair.Target.Candidates.K))
            return false;
        bool readsTarget = options.Fallback == FallbackRule.Target || options.Transport == TransportKind.Unbalanced;
        return options.Mass != MassRule.Tail || (pair.Source.LogSumExp is not null && (!readsTarget || pair.Target.LogSumExp is not null));

        static bool ShapesHold(TokenizedDocument document) =>
            document.Length > 0 && document.Candidates.Rows == document.Length && (document.LogSumExp is null || document.LogSumExp.Length == document.Length)
            && (document.Spans is null || document.Spans.Length == document.Length);
    }

    private static void Require(TokenizedDocument document, TokenVocabulary vocabulary, string side, bool official)
    {
        if (document.Length == 0)
            throw new AlignmentDataException(document.Id, $"the {side} has no tokens; remove empty documents.");
        if (document.Candidates.Rows != document.Length)
            throw new AlignmentDataException(document.Id, $"the {side} has {document.Length} tokens but {document.Candidates.Rows} rows of candidates; each position needs one.");
        for (int t = 0; t < document.Length; t++)
        {
            if (!vocabulary.HasToken(document.Ids[t]))
                throw new AlignmentDataException(document.Id, $"row {t}: {side} id {document.Ids[t]} has no token in {vocabulary.Name} ({vocabulary.Count} ids); use the tokenizer that made the ids.");
        }

        TopKLogits rows = document.Candidates;
        for (int i = 0; i < rows.Indices.Length; i++)
        {
            if (!vocabulary.HasToken(rows.Indices[i]))
            {
                throw new AlignmentDataException(document.Id,
                    $"row {i / rows.K}, column {i % rows.K}: {side} candidate id {rows.Indices[i]} has no token in {vocabulary.Name} ({vocabulary.Count} ids); leave padded model rows out before taking the top k.");
            }

            if (!official && (double.IsNaN(rows.Values[i]) || double.IsPositiveInfinity(rows.Values[i])))
            {
                throw new AlignmentDataException(document.Id,
                    $"row {i / rows.K}, column {i % rows.K}: {side} logit is {(double.IsNaN(rows.Values[i]) ? "NaN" : "+Infinity")}; run the model again for this document.");
            }
        }

        for (int t = 0; t < rows.Rows && !official; t++)
        {
            if (rows.ValuesOf(t).IndexOfAnyExcept(double.NegativeInfinity) < 0)
                throw new AlignmentDataException(document.Id, $"row {t}: every {side} logit is -Infinity, so the row is no distribution; run the model again for this document.");
        }
    }

    /// <summary>Checks what mass <c>tail</c> reads of one view; nothing under the other mass rules.</summary>
    /// <param name="document">The view.</param>
    /// <param name="side">What messages call it: source or target.</param>
    /// <param name="options">Mass rule.</param>
    /// <exception cref="AlignmentDataException">The log-sum-exps are missing, too few or not finite.</exception>
    public static void RequireLogSumExp(TokenizedDocument document, string side, in AlignmentOptions options)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (options.Mass != MassRule.Tail)
            return;
        if (document.LogSumExp is not { } lse)
            throw new AlignmentDataException(document.Id, $"the {side} has no log-sum-exp, which mass tail needs; store it, or use --mass renormalised.");
        if (lse.Length != document.Length)
            throw new AlignmentDataException(document.Id, $"the {side} has {document.Length} tokens but {lse.Length} log-sum-exps; each position needs one.");
        int bad = Array.FindIndex(lse, static v => !double.IsFinite(v));
        if (bad >= 0)
            throw new AlignmentDataException(document.Id, $"row {bad}: the {side}'s log-sum-exp is not finite; run the model again for this document.");
    }
}
