namespace PtaKernels.Rules;

/// <summary>What one target row receives.</summary>
/// <param name="Rule">The rule that fits; a rule that is not <see cref="RowProvenance.Transferred"/> means the fallback.</param>
/// <param name="SourceRow">The source row to take, or -1.</param>
/// <param name="Prefix">Rule (b): bytes that candidates must begin with and lose; empty otherwise.</param>
public readonly record struct StepDecision(RowRule Rule, int SourceRow = -1, ReadOnlyMemory<byte> Prefix = default)
{
    /// <summary>No source row.</summary>
    public static StepDecision None { get; } = new(RowRule.None);

    /// <summary>Whether a source row is taken; asked of the rule, because a default value has row 0.</summary>
    public bool Transfers => RowProvenance.IsTransfer(Rule);
}

/// <summary>Step transfer (SPEC A3.2, B 3b.2): which source row each target row receives.</summary>
public static class StepTransfer
{
    /// <summary>FuseLLM's rule: exactly one paired source token, whose string is the same or, when soft, mapped to the target's.</summary>
    /// <remarks>The official code also transfers the last row, and looks at the token, not at where it ends.</remarks>
    public static StepDecision ByString(DocumentPair pair, VocabularyPair vocabularies, TokenPairing pairing, int row, bool soft)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(vocabularies);
        ArgumentNullException.ThrowIfNull(pairing);
        if (pairing.CountOf(row) != 1)
            return new StepDecision(RowRule.NotOneToOne);
        int j = pairing.FirstOf(row), sourceToken = pair.Source.Ids[j], targetToken = pair.Target.Ids[row];
        OfficialStrings official = vocabularies.Official;
        bool first = row == 0 && vocabularies.Target.StringOf(targetToken)!.StartsWith(vocabularies.Target.Marker, StringComparison.Ordinal);
        (int same, int owner) = first ? official.Prefixed(sourceToken) : (official.SameString(sourceToken), sourceToken);
        bool matches = same == targetToken || (soft && owner >= 0 && official.Map[owner] == targetToken);
        return matches ? new StepDecision(RowRule.StringTransport, j) : new StepDecision(RowRule.StringMismatch);
    }

    /// <summary>The published figure: the last source row of a maximal group of paired tokens goes to its last target row.</summary>
    public static StepDecision ByGroup(DocumentPair pair, TokenPairing pairing, int row)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(pairing);
        return row < pair.Target.Length - 1 && pairing.EndsGroup(row) ? new StepDecision(RowRule.Group, pairing.LastOf(row)) : StepDecision.None;
    }

    /// <summary>Rules (a) and, when asked, (b) of SPEC A3.2. Rule (b)'s kappa is decided where the candidates are known.</summary>
    public static StepDecision ByBoundary(DocumentPair pair, DocumentSpans source, DocumentSpans target, BoundaryMap boundaries, VocabularyPair vocabularies, int row, bool withPrefix)
    {
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(boundaries);
        ArgumentNullException.ThrowIfNull(vocabularies);
        if (row >= pair.Target.Length - 1)
            return StepDecision.None;
        if (row == 0 && source.StartsWithBos && target.StartsWithBos)
            return new StepDecision(RowRule.LeadingBos, 0);
        (int start, int end) = target[row];
        if (start == end)
            return StepDecision.None; // zero-width tokens never match by offset
        int ending = boundaries.EndingAt(end);
        if (ending >= 0)
            return new StepDecision(RowRule.Boundary, ending);
        int containing = withPrefix ? boundaries.Containing(end) : -1;
        if (containing <= 0)
            return StepDecision.None;
        ReadOnlyMemory<byte> prefix = PrefixOf(pair, source, vocabularies, containing, boundaries.SourceBoundary(end));
        return prefix.IsEmpty ? StepDecision.None : new StepDecision(RowRule.Prefix, containing - 1, prefix);
    }

    /// <summary>text[s, o) of the source token that contains o; empty when the encoder's span is not the token's own text.</summary>
    private static ReadOnlyMemory<byte> PrefixOf(DocumentPair pair, DocumentSpans source, VocabularyPair vocabularies, int containing, int boundary)
    {
        (int start, int end) = source[containing];
        if (source.Text is { } text)
            return text.AsMemory(start..boundary);
        ReadOnlySpan<byte> bytes = vocabularies.Source.Bytes[pair.Source.Ids[containing]];
        if (containing == source.FirstText && vocabularies.Source.AddsDummyPrefix && bytes.StartsWith((byte)' '))
            bytes = bytes[1..];
        return bytes.Length == end - start ? bytes[..(boundary - start)].ToArray() : default;
    }
}
