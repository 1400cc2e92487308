namespace PtaKernels.Rules;

/// <summary>The byte span of each token of a document, and the text those spans lie in (SPEC A3.1).</summary>
public sealed class DocumentSpans
{
    private readonly (int Start, int End)[] _spans;

    private DocumentSpans((int Start, int End)[] spans, byte[]? text, int firstText, bool startsWithBos)
    {
        _spans = spans;
        Text = text;
        FirstText = firstText;
        StartsWithBos = startsWithBos;
        foreach ((int _, int end) in spans)
            TextLength = Math.Max(TextLength, end);
    }

    /// <summary>Number of tokens.</summary>
    public int Length => _spans.Length;

    /// <summary>Decoded text without the dummy prefix, or null when the spans came from the encoder.</summary>
    public byte[]? Text { get; }

    /// <summary>Position of the first token that is text: not special, or unknown with a span of its own. Rows before it predict text at offset 0.</summary>
    public int FirstText { get; }

    /// <summary>Whether the document begins with a begin-of-sequence token.</summary>
    public bool StartsWithBos { get; }

    /// <summary>End of the last span.</summary>
    public int TextLength { get; }

    /// <summary>The span of one token: empty for special tokens and for an inserted prefix.</summary>
    public (int Start, int End) this[int position] => _spans[position];

    /// <summary>Spans of a document: the encoder's where given, else cumulative decoded lengths without the dummy prefix.</summary>
    /// <exception cref="AlignmentDataException">Given spans are not ascending or not one per token.</exception>
    public static DocumentSpans Of(TokenizedDocument document, TokenVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(vocabulary);
        if (document.Spans is { } encoded)
            RequireAscending(document, encoded, vocabulary);
        int firstText = 0;
        while (firstText < document.Length && vocabulary.IsSpecial(document.Ids[firstText]) && !HasWidth(firstText))
            firstText++;
        bool bos = document.Length > 0 && (vocabulary.RolesOf(document.Ids[0]) & TokenRoles.Bos) != 0;
        if (document.Spans is { } given)
            return new DocumentSpans(given, null, firstText, bos);

        var spans = new (int Start, int End)[document.Length];
        int length = 0;
        foreach (int id in document.Ids)
            length += vocabulary.Bytes[id].Length;
        bool drops = firstText < document.Length && vocabulary.AddsDummyPrefix && vocabulary.Bytes[document.Ids[firstText]].StartsWith((byte)' ');
        byte[] text = new byte[drops ? length - 1 : length];
        int end = 0;
        for (int t = 0; t < spans.Length; t++)
        {
            ReadOnlySpan<byte> bytes = vocabulary.Bytes[document.Ids[t]];
            if (drops && t == firstText)
                bytes = bytes[1..];
            bytes.CopyTo(text.AsSpan(end));
            spans[t] = (end, end + bytes.Length);
            end += bytes.Length;
        }

        return new DocumentSpans(spans, text, firstText, bos);

        // An unknown token takes the span that its encoder gives.
        bool HasWidth(int t) => document.Spans is { } s && s[t].End > s[t].Start;
    }

    private static void RequireAscending(TokenizedDocument document, (int Start, int End)[] spans, TokenVocabulary vocabulary)
    {
        if (spans.Length != document.Length)
            throw new AlignmentDataException(document.Id, $"{spans.Length} byte offsets for {document.Length} {vocabulary.Name} tokens; give one [start, end] per token.");
        int last = 0;
        for (int t = 0; t < spans.Length; t++)
        {
            if (spans[t].Start < last || spans[t].End < spans[t].Start)
                throw new AlignmentDataException(document.Id, $"row {t}: {vocabulary.Name} byte offset [{spans[t].Start}, {spans[t].End}] does not follow {last}; offsets must ascend.");
            last = spans[t].End;
        }
    }
}
