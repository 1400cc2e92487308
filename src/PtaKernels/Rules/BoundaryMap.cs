namespace PtaKernels.Rules;

/// <summary>Where a byte boundary of the target's text lies in the source's text, and which source tokens meet there (SPEC A3.1, A3.2).</summary>
public sealed class BoundaryMap
{
    /// <summary>Share of the longer text by which two views of a document may differ (SPEC A5).</summary>
    public const double LargestDifference = 0.05;

    /// <summary>Unmatched bytes at one side's end, white space aside, from which that end counts as cut off (SPEC A5): more than one UTF-8 character.</summary>
    public const int LargestTail = 4;

    private readonly int[]? _sourceOf;
    private readonly int[] _endsAt;
    private readonly int[] _inside;

    private BoundaryMap(int[]? sourceOf, DocumentSpans source)
    {
        _sourceOf = sourceOf;
        _endsAt = new int[source.TextLength + 1];
        _inside = new int[source.TextLength + 1];
        Array.Fill(_endsAt, -1);
        Array.Fill(_inside, -1);
        for (int j = 0; j < source.Length; j++)
        {
            (int start, int end) = source[j];
            if (start == end)
                continue;
            _endsAt[end] = j;
            for (int o = start + 1; o < end; o++)
                _inside[o] = j;
        }
    }

    /// <summary>Whether both views have the same text, so that no repair was needed.</summary>
    public bool Exact => _sourceOf is null;

    /// <summary>Builds the map; texts that differ are byte-aligned first.</summary>
    /// <exception cref="AlignmentDataException">The texts differ by more than 5 % of the longer, or one of them stops early.</exception>
    public static BoundaryMap Between(string documentId, DocumentSpans source, DocumentSpans target)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (AreOfOneText(source, target))
            return new BoundaryMap(null, source);
        byte[] sourceText = source.Text!, targetText = target.Text!;
        int limit = (int)(LargestDifference * Math.Max(sourceText.Length, targetText.Length));
        int[]? match = ByteAlignment.Match(sourceText, targetText, limit, out int distance);
        int tail = match is null ? TailAfterPrefix(sourceText, targetText) : UnmatchedTail(match, sourceText, targetText);
        if (tail > LargestTail)
        {
            (string shorter, int have, int want) = sourceText.Length < targetText.Length
                ? ("source", sourceText.Length, targetText.Length)
                : ("target", targetText.Length, sourceText.Length);
            throw new AlignmentDataException(documentId,
                $"the {shorter}'s text stops after {have} of {want} bytes: one side was truncated; cut the document so that every tokenizer keeps all of it.");
        }

        if (match is null)
        {
            throw new AlignmentDataException(documentId,
                $"the two decoded texts ({sourceText.Length} and {targetText.Length} bytes) differ by at least {distance} bytes, and at most {limit} bytes, 5 % of the longer, can be aligned; check that both files hold the same documents in the same order.");
        }

        // A boundary counts only between two matched neighbours; the ends of the texts are matched to each other.
        int[] sourceOf = new int[targetText.Length + 1];
        for (int o = 0; o <= targetText.Length; o++)
        {
            int before = o == 0 ? -1 : match[o - 1], after = o == targetText.Length ? sourceText.Length : match[o];
            bool beforeMatched = o == 0 || before >= 0, afterMatched = o == targetText.Length || after >= 0;
            sourceOf[o] = beforeMatched && afterMatched && after == before + 1 ? after : -1;
        }

        return new BoundaryMap(sourceOf, source);
    }

    /// <summary>Whether both views have the same text, so that boundaries are the same bytes. An encoder's offsets refer to one original document.</summary>
    public static bool AreOfOneText(DocumentSpans source, DocumentSpans target) =>
        source.Text is not { } sourceText || target.Text is not { } targetText || sourceText.AsSpan().SequenceEqual(targetText);

    /// <summary>The source boundary of a target boundary, or -1.</summary>
    public int SourceBoundary(int targetBoundary) => _sourceOf is null ? targetBoundary : _sourceOf[targetBoundary];

    /// <summary>The source token of positive width that ends at a target boundary, or -1.</summary>
    public int EndingAt(int targetBoundary) => Lookup(_endsAt, targetBoundary);

    /// <summary>The source token that a target boundary lies strictly inside, or -1.</summary>
    public int Containing(int targetBoundary) => Lookup(_inside, targetBoundary);

    private int Lookup(int[] table, int targetBoundary)
    {
        int boundary = SourceBoundary(targetBoundary);
        return (uint)boundary < (uint)table.Length ? table[boundary] : -1;
    }

    /// <summary>Bytes of one side after the last matched pair, not counting white space, when the other side ends with that pair.</summary>
    private static int UnmatchedTail(int[] match, byte[] source, byte[] target)
    {
        int t = target.Length - 1;
        while (t >= 0 && match[t] < 0)
            t--;
        int s = t < 0 ? -1 : match[t];
        int sourceTail = CountInk(source.AsSpan(s + 1)), targetTail = CountInk(target.AsSpan(t + 1));
        return Math.Min(sourceTail, targetTail) > 0 ? 0 : Math.Max(sourceTail, targetTail);
    }

    /// <summary>The same where one text is the beginning of the other and too much is missing for an alignment; 0 where it is not.</summary>
    private static int TailAfterPrefix(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target)
    {
        ReadOnlySpan<byte> shorter = source.Length < target.Length ? source : target, longer = source.Length < target.Length ? target : source;
        return longer.StartsWith(shorter) ? CountInk(longer[shorter.Length..]) : 0;
    }

    private static int CountInk(ReadOnlySpan<byte> text)
    {
        int count = 0;
        foreach (byte b in text)
            count += b is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t' ? 0 : 1;
        return count;
    }
}
